export type { ReadMemory } from "./answer-room.ts";
export type { FetchedPartition, FetchPartition, FetchRequest } from "./consumer-fetch.ts";
export type { FollowerState } from "./follower/follower-state.ts";
export type { FetcherOptions } from "./follower/replica-fetcher.ts";
export type { ReplicaPeers } from "./follower/replica-peers.ts";
export {
  effectiveMinInsyncReplicas,
  type HighWatermarkInput,
  nextHighWatermark,
} from "./high-watermark.ts";
export type { Authority } from "./leader/authority.ts";
export type { IsrChangeAnswer, IsrChangeRequest, IsrChanges } from "./leader/isr-change.ts";
export type { LiveBroker, LiveBrokers } from "./leader/isr-rules.ts";
export type { LeaderState } from "./leader/leader-state.ts";
export type { ReplicaCaller, ReplicateAnswer } from "./leader/replica-fetches.ts";
export type { LogRead, LogReadError } from "./log-read.ts";
export { Partition } from "./partition.ts";
export type { PartitionEvent } from "./partition-event.ts";
export type { PartitionLog, PartitionLogs } from "./partition-log.ts";
export type { OffsetAnswer, OffsetQuery } from "./partition-offsets.ts";
export type {
  PartitionConfig,
  PartitionDependencies,
  PartitionOptions,
  ProduceTrace,
} from "./partition-options.ts";
export type { PartitionState } from "./partition-state.ts";
export type {
  AppendOptions,
  AppendOutcome,
  PendingAppend,
  RequiredAcks,
} from "./pending-append.ts";
export type { ProduceBatches } from "./produce-calls.ts";
export { type ParkedOperation, type ParkOutcome, Purgatory } from "./purgatory.ts";
export type { ReplicaAssignment } from "./replica-assignment.ts";
export type { ReplicaCounters } from "./replica-counters.ts";
export type { ReplicaError } from "./replica-error.ts";
export {
  type HostedReplica,
  type OffsetRequest,
  ReplicaManager,
  type ReplicaManagerDependencies,
  type ReplicaManagerOptions,
} from "./replica-manager.ts";
