export type {
  BootKind,
  BrokerEndpoint,
  BrokerRegistration,
  RegisteredBroker,
} from "./broker-registration.ts";
export type {
  ClusterSnapshot,
  ConfigOverrides,
  DeletedTopic,
  NamedConfig,
  PartitionState,
  ReadPartition,
  StoredPartition,
  StoredState,
  StoredTopic,
  UnreadableTopic,
  VersionedPartitionState,
  ZnodeFault,
} from "./cluster-snapshot.ts";
export type {
  ConfigResource,
  ControllerWriter,
  NewTopicZnodes,
  PartitionStateWrite,
  PartitionStateWritten,
  TopicRemoval,
  UnreadableTopicRemoval,
} from "./controller-writer.ts";
export type {
  CoordinationStore,
  CurrentController,
  Election,
  HintScope,
  ProducerIdBlock,
  Read,
  StoreState,
} from "./coordination-store.ts";
export { type CoordinationErrorCode, isMalformed } from "./errors.ts";
export {
  openZooKeeperStore,
  type ZooKeeperStoreDependencies,
  type ZooKeeperStoreOptions,
} from "./zookeeper-store.ts";
