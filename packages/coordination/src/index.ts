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
export {
  openZooKeeperStore,
  type ZooKeeperStoreOptions,
} from "./zookeeper-store.ts";
