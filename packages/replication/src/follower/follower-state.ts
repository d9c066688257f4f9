import type { BrokerId, LeaderEpoch, PartitionEpoch } from "@zoolog/base";
import type { PartitionLog } from "../partition-log.ts";

/** What others may see of a replica that follows (`follower/following.ts`). */
export type FollowerState = {
  readonly role: "follower";
  readonly log: PartitionLog;
  readonly leaderEpoch: LeaderEpoch;
  readonly partitionEpoch: PartitionEpoch;
  /** `undefined` while the partition has no leader. */
  readonly leader: BrokerId | undefined;
  readonly isr: readonly BrokerId[];
  /** Committed records that are missing here; `undefined` until the leader has answered. */
  readonly lag: number | undefined;
};
