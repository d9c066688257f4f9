export type {
  BrokerRegistration,
  RegisteredBroker,
} from "./broker-registration.ts";
export type {
  PartitionState,
  ZnodeFault,
} from "./cluster-snapshot.ts";
export type {
  ControllerWriter,
  NewTopicZnodes,
  PartitionStateWrite,
} from "./controller-writer.ts";
export type {
  CoordinationStore,
  CurrentController,
  HintScope,
  Read,
  StoreState,
} from "./coordination-store.ts";
export { isMalformed } from "./errors.ts";
export type {
  ClassicGroupZnode,
  ClassicMemberZnode,
  CommittedOffset,
  ConsumerGroupZnode,
  ConsumerMemberZnode,
  GroupZnode,
  MemberZnode,
  PartitionsByTopic,
  StoredGroup,
  StoredOffset,
} from "./group-state.ts";
export type { GroupStore } from "./group-store.ts";
export type { GroupChange, SlotWriter } from "./slot-writer.ts";
export {
  openZooKeeperStore,
  type ZooKeeperStoreOptions,
} from "./zookeeper-store.ts";
