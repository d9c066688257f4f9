export { apply, applyAll } from "./apply.ts";
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
} from "./cluster-image.ts";
export { CLUSTER_CONFIG_NAME, COORDINATOR_SLOTS } from "./cluster-image.ts";
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
  ControllerLoad,
  LoadedTopic,
  ObservedBroker,
  ObservedSlot,
  StoredState,
} from "./controller-load.ts";
export type {
  ControllerRecord,
  DurableRecord,
  PartitionStateChanged,
  SlotChanged,
} from "./controller-record.ts";
export type {
  AlteredPartition,
  AlterPartitionResponse,
  ControllerErrorCode,
  ControllerResponse,
  Refusal,
} from "./controller-response.ts";
export type { ConfigRules, ControllerSettings, ControllerState } from "./controller-state.ts";
export { decide } from "./decide.ts";
export type { Decision, Reply } from "./decision.ts";
export {
  applyImageDelta,
  type ImageDelta,
  imageDelta,
} from "./image-delta.ts";
export { loadController } from "./load-controller.ts";
