export { isMalformed } from "./errors.ts";
export { GROUP_NAMES_BYTES_MAX, groupNameBytes } from "./groups/group-names.ts";
export type {
  BrokerRegistration,
  RegisteredBroker,
} from "./port/broker-registration.ts";
export type {
  PartitionState,
  Read,
  ZnodeFault,
} from "./port/cluster-snapshot.ts";
export type {
  ControllerWriter,
  NewTopicZnodes,
  PartitionStateWrite,
  SlotWrite,
} from "./port/controller-writer.ts";
export type {
  CoordinationStore,
  CurrentController,
  HintScope,
  StoreState,
} from "./port/coordination-store.ts";
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
} from "./port/group-state.ts";
export type { GroupStore, SlotAtEpoch } from "./port/group-store.ts";
export type { GroupChange, SlotWriter } from "./port/slot-writer.ts";
export {
  openZooKeeperStore,
  type ZooKeeperStoreOptions,
} from "./zookeeper-store.ts";
