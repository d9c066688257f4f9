export type { ReplicaPeers } from "./follower/replica-peers.ts";
export type { IsrChangeAnswer, IsrChangeRequest, IsrChanges } from "./isr-change.ts";
export type { Authority } from "./leader/authority.ts";
export type {
  PartitionConfig,
  ProduceTrace,
} from "./partition/partition-options.ts";
export type { PartitionState } from "./partition/partition-state.ts";
export type { PartitionLog } from "./partition-log.ts";
export type { AppendOutcome } from "./pending-append.ts";
export { Purgatory } from "./purgatory.ts";
export type { ReplicaAssignment } from "./replica-assignment.ts";
export type { ReplicaError } from "./replica-error.ts";
export { ReplicaManager } from "./replica-manager.ts";
export type { ReplicaManagerOptions } from "./replica-manager-options.ts";
export type { ReadMemory } from "./serving/answer-room.ts";
export type { FetchedPartition, FetchPartition, FetchRequest } from "./serving/consumer-fetch.ts";
export type { HostedReplica } from "./serving/hosted-replicas.ts";
export type { ProducedRecords } from "./serving/produce-calls.ts";
export type { ReplicaCaller } from "./serving/replica-fetches.ts";
