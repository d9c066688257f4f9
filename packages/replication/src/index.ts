export type { ReadMemory } from "./answer-room.ts";
export type { FetchedPartition, FetchRequest } from "./consumer-fetch.ts";
export type { ReplicaPeers } from "./follower/replica-peers.ts";
export type { Authority } from "./leader/authority.ts";
export type { IsrChangeAnswer, IsrChangeRequest, IsrChanges } from "./leader/isr-change.ts";
export type { ReplicaCaller } from "./leader/replica-fetches.ts";
export type { PartitionLog } from "./partition-log.ts";
export type {
  PartitionConfig,
  ProduceTrace,
} from "./partition-options.ts";
export type { PartitionState } from "./partition-state.ts";
export type { AppendOutcome } from "./pending-append.ts";
export { Purgatory } from "./purgatory.ts";
export type { ReplicaAssignment } from "./replica-assignment.ts";
export type { ReplicaError } from "./replica-error.ts";
export {
  type HostedReplica,
  ReplicaManager,
  type ReplicaManagerOptions,
} from "./replica-manager.ts";
