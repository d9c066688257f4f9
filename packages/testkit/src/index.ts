export type {
  DiskFault,
  DiskFaultEffect,
  DiskOperation,
  InjectedFault,
} from "./file-system/disk-faults.ts";
export {
  type PowerCutOptions,
  SimulatedDisk,
  type SimulatedDiskOptions,
} from "./file-system/simulated-disk.ts";
export { ManualTime } from "./manual-time.ts";
export { seededRandom } from "./seeded-random.ts";
export { fourLetterWord, servingMode } from "./zookeeper/four-letter-word.ts";
export { freeTcpPorts } from "./zookeeper/tcp-ports.ts";
export {
  startZooKeeperEnsemble,
  ZooKeeperEnsemble,
  type ZooKeeperEnsembleOptions,
} from "./zookeeper/zookeeper-ensemble.ts";
export { findZooKeeper, type ZooKeeperInstallation } from "./zookeeper/zookeeper-installation.ts";
