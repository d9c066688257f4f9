export {
  type BrokerProcess,
  type BrokerProcessPlan,
  startBrokerProcess,
} from "./cluster/broker-process.ts";
export { callBroker, type NativeAnswer } from "./cluster/native-calls.ts";
export { NativeLoad, type NativeLoadOptions, readAllValues } from "./cluster/native-load.ts";
export { ProcessCluster } from "./cluster/process-cluster.ts";
export { runBrokerProcess } from "./cluster/run-broker-process.ts";
export { SimulatedBroker } from "./cluster/simulated-broker.ts";
export { type TemporaryFolder, temporaryFolder } from "./cluster/temporary-folder.ts";
export {
  ContainerCluster,
  type ContainerClusterOptions,
  containersFault,
} from "./containers/container-cluster.ts";
export { dockerEngineFault } from "./containers/engine.ts";
export { controllerViolations } from "./controller/controller-invariants.ts";
export { sampleControllerSettings } from "./controller/controller-samples.ts";
export { ControllerScript } from "./controller/controller-script.ts";
export {
  sampleBroker,
  sampleSlotWrite,
  sampleState,
  sampleTopic,
  sampleTopicId,
} from "./coordination/coordination-samples.ts";
export {
  CoordinationSimulation,
  SIMULATION_SEEDS,
} from "./coordination/coordination-simulation.ts";
export { MemoryCoordination } from "./coordination/memory-coordination.ts";
export {
  MemoryEnsemble,
  type MemoryEnsembleDependencies,
  type MemoryEnsembleOptions,
  type MemoryFault,
} from "./coordination/memory-ensemble.ts";
export type { MemoryRequest, MemorySession } from "./coordination/memory-session.ts";
export {
  createMemoryStore,
  type MemoryStoreDependencies,
  type MemoryStoreOptions,
} from "./coordination/memory-store.ts";
export type {
  DiskFault,
  DiskFaultEffect,
  DiskOperation,
  InjectedFault,
} from "./file-system/disk-faults.ts";
export { readsVia } from "./file-system/reads-via.ts";
export {
  type PowerCutOptions,
  SimulatedDisk,
  type SimulatedDiskOptions,
} from "./file-system/simulated-disk.ts";
export { checkGroupHistory, type GroupVerdict } from "./history/check-group-history.ts";
export { checkHistory, type Verdict } from "./history/check-history.ts";
export type {
  GroupEntry,
  GroupFinalLog,
} from "./history/group-history.ts";
export type {
  Anomaly,
  AnomalyKind,
  FinalLog,
  HistoryEntry,
  PollEntry,
  SendEntry,
} from "./history/history.ts";
export { batchOf, LogFixture, type LogFixtureOptions, readAll } from "./log/log-fixture.ts";
export { ManualTime } from "./manual-time.ts";
export { MemoryBroker } from "./memory-broker.ts";
export { MemoryConnection, MemoryNetwork } from "./memory-network.ts";
export { MemoryPartitionLog } from "./replication/memory-partition-log.ts";
export { type NetworkFaults, ReplicatedPartition } from "./replication/replicated-partition.ts";
export { type Answers, ScriptedAnswers } from "./scripted-brokers/scripted-answers.ts";
export {
  type BrokerFault,
  ScriptedBrokers,
  type ScriptedBrokersOptions,
} from "./scripted-brokers/scripted-brokers.ts";
export { seededRandom } from "./seeded-random.ts";
export { FAULT_NAMES } from "./simulation/faults/fault.ts";
export type { Violation } from "./simulation/invariants/invariant.ts";
export { drawSimulationOptions } from "./simulation/run/draw-options.ts";
export { Simulation } from "./simulation/run/simulation.ts";
export type { SimulationOptions } from "./simulation/run/simulation-options.ts";
export type { SimulationReport } from "./simulation/run/simulation-report.ts";
export { MISSING_SCENARIOS, SCENARIOS, type Scenario } from "./simulation/scenarios/scenarios.ts";
export { type RecordedEntry, Trace, type TraceBand } from "./simulation/schedule/trace.ts";
export { WORKLOAD_NAMES } from "./simulation/workloads/workload-names.ts";
export type { AppliedWrite } from "./simulation/zookeeper/ensemble-ports.ts";
export {
  type SimulatedSessionOptions,
  SimulatedZooKeeperServers,
  type SimulatedZooKeeperServersDependencies,
  type SimulatedZooKeeperServersOptions,
} from "./simulation/zookeeper/simulated-zookeeper-servers.ts";
export type { ArrivingWrite, WriteFault } from "./simulation/zookeeper/write-faults.ts";
export { fourLetterWord, servingMode } from "./zookeeper/four-letter-word.ts";
export {
  type ClientHandshake,
  HostileConnection,
  type HostileRequest,
  HostileZooKeeper,
  handshakeReply,
  replyFrame,
  watchEventFrame,
  ZERO_STAT,
} from "./zookeeper/hostile-zookeeper.ts";
export {
  SimulatedZooKeeper,
  SimulatedZooKeeperClient,
  type SimulatedZooKeeperDependencies,
  type SimulatedZooKeeperOptions,
} from "./zookeeper/simulated-zookeeper.ts";
export { freeTcpPorts } from "./zookeeper/tcp-ports.ts";
export { TcpProxy } from "./zookeeper/tcp-proxy.ts";
export { WireReader, WireWriter } from "./zookeeper/wire-bytes.ts";
export { type WireItem, WirePeer, type WirePeerOptions } from "./zookeeper/wire-peer.ts";
export {
  type WireAcl,
  type WireCreateOptions,
  type WireRequest,
  wireRequests,
} from "./zookeeper/wire-requests.ts";
export {
  readWireStat,
  type WireEvent,
  type WireHandshake,
  type WireReply,
  WireSession,
  type WireStat,
} from "./zookeeper/wire-session.ts";
export {
  startZooKeeperContainer,
  type ZooKeeperContainer,
} from "./zookeeper/zookeeper-container.ts";
export {
  startZooKeeperEnsemble,
  ZooKeeperEnsemble,
  type ZooKeeperEnsembleOptions,
} from "./zookeeper/zookeeper-ensemble.ts";
export { findZooKeeper, type ZooKeeperInstallation } from "./zookeeper/zookeeper-installation.ts";
