export { apply, applyAll } from "./apply.ts";
export { type Conflict, repliesAfterConflicts } from "./conflicts.ts";
export type {
  AlterConfigsEvent,
  AlterPartitionEvent,
  BrokerReachabilityEvent,
  ConfigChange,
  ConfigResource,
  ControlledShutdownEvent,
  ControllerEvent,
  ControllerTimer,
  CreatePartitionsEvent,
  CreateTopicsEvent,
  DeleteTopicsEvent,
  ElectLeadersEvent,
  IsrChange,
  NewTopic,
  ObservedPartition,
  ReplicasDeletedEvent,
  ReplicasOfflineEvent,
  RequestId,
  TopicToDelete,
} from "./controller-event.ts";
export type {
  AlteredPartition,
  AlterPartitionResponse,
  ControllerErrorCode,
  ControllerResponse,
  Refusal,
} from "./controller-response.ts";
export { decide } from "./decide.ts";
export type { Decision, Reply } from "./decision.ts";
export { grantableNames } from "./decisions/taken-names.ts";
export type {
  BootKind,
  BrokerEndpoint,
  BrokerImage,
  ClusterImage,
  ConfigOverrides,
  DataLosses,
  DeletedTopic,
  PartitionImage,
  PartitionState,
  SlotImage,
  TopicImage,
  UnreadableTopic,
} from "./image/cluster-image.ts";
export { CLUSTER_CONFIG_NAME } from "./image/cluster-image.ts";
export {
  applyImageDelta,
  type ImageDelta,
  imageDelta,
} from "./image/image-delta.ts";
export { loadController } from "./load-controller.ts";
export type {
  ControllerLoad,
  LoadedTopic,
  ObservedBroker,
  ObservedSlot,
  StoredState,
} from "./observed-cluster.ts";
export type {
  ControllerRecord,
  DurableRecord,
  PartitionStateChanged,
  SlotChanged,
} from "./state/controller-record.ts";
export type { ConfigRules, ControllerSettings, ControllerState } from "./state/controller-state.ts";
