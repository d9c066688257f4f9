import type { BrokerId, LeaderEpoch, PartitionEpoch } from "@zoolog/base";

/** What the cluster image says about a replica of this broker. */
export type ReplicaAssignment = {
  /** `undefined`: the partition is offline. */
  readonly leader: BrokerId | undefined;
  readonly leaderEpoch: LeaderEpoch;
  readonly partitionEpoch: PartitionEpoch;
  readonly replicas: readonly BrokerId[];
  readonly isr: readonly BrokerId[];
};
