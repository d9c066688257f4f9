export { apply, applyAll } from "./apply.ts";
export { type AssignableBroker, assignReplicas } from "./assign-replicas.ts";
export {
  type BootKind,
  type BrokerEndpoint,
  type BrokerImage,
  CLUSTER_CONFIG_NAME,
  type ClusterImage,
  type ConfigOverrides,
  type DeletedTopic,
  type OfflineReplica,
  type PartitionImage,
  type PartitionState,
  type TopicImage,
  type UnreadableTopic,
} from "./cluster-image.ts";
export { type Conflict, repliesAfterConflicts } from "./conflicts.ts";
export type {
  AlterConfigsEvent,
  AlterPartitionEvent,
  BrokerReachabilityEvent,
  ConfigAlteration,
  ConfigResource,
  ConfigsObservedEvent,
  ControlledShutdownEvent,
  ControllerEvent,
  ControllerTimer,
  CreateTopicsEvent,
  DeleteTopicsEvent,
  ElectLeadersEvent,
  IsrChange,
  NewTopic,
  ObservedPartition,
  ReplicasDeletedEvent,
  ReplicasOfflineEvent,
  RequestId,
  TopicIdPartition,
  TopicToDelete,
} from "./controller-event.ts";
export type {
  ControllerLoad,
  LoadedPartition,
  LoadedTopic,
  ObservedBroker,
  StoredState,
} from "./controller-load.ts";
export type {
  BrokerReachabilityChanged,
  ConfigChanged,
  ConfigObserved,
  ControllerRecord,
  DurableRecord,
  ObservedRecord,
  PartitionObserved,
  PartitionStateChanged,
  ReplicaOffline,
  ReplicasDeleted,
  TopicCreated,
  TopicDeleted,
} from "./controller-record.ts";
export type {
  AlteredConfig,
  AlteredPartition,
  AlterPartitionResponse,
  ControlledShutdownResponse,
  ControllerErrorCode,
  ControllerResponse,
  CreatedTopic,
  DeletedTopicResult,
  ElectedLeader,
  Refusal,
} from "./controller-response.ts";
export type { ControllerSettings, ControllerState, LeaderRebalance } from "./controller-state.ts";
export { decide } from "./decide.ts";
export type { Decision, Reply, TimerChange } from "./decision.ts";
export {
  applyImageDelta,
  type ImageDelta,
  type ImageUpdate,
  imageDelta,
  type TopicDelta,
} from "./image-delta.ts";
export { loadController } from "./load-controller.ts";
