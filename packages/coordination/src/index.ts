export type {
  BrokerRegistration,
  RegisteredBroker,
} from "./broker-registration.ts";
export type {
  PartitionState,
  Read,
  ZnodeFault,
} from "./cluster-snapshot.ts";
export type {
  ControllerWriter,
  NewTopicZnodes,
  PartitionStateWrite,
  SlotWrite,
} from "./controller-writer.ts";
export type {
  CoordinationStore,
  CurrentController,
  HintScope,
  StoreState,
} from "./coordination-store.ts";
export { isMalformed } from "./errors.ts";
export { groupNameFault } from "./groups/group-names.ts";
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
} from "./groups/group-state.ts";
export type { GroupStore } from "./groups/group-store.ts";
export type { GroupChange, SlotWriter } from "./groups/slot-writer.ts";
export {
  openZooKeeperStore,
  type ZooKeeperStoreOptions,
} from "./zookeeper-store.ts";
