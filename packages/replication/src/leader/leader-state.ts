import type { BrokerId, LeaderEpoch, Offset, PartitionEpoch } from "@zoolog/base";
import type { PartitionLog } from "../partition-log.ts";

/** What others may see of a leadership (`leader/leadership.ts`). */
export type LeaderState = {
  readonly role: "leader";
  readonly log: PartitionLog;
  readonly leaderEpoch: LeaderEpoch;
  readonly partitionEpoch: PartitionEpoch;
  /** The log end when this epoch began; what lies below may not be committed yet (KIP-207). */
  readonly epochStartOffset: Offset;
  readonly replicas: readonly BrokerId[];
  readonly isr: readonly BrokerId[];
  /** The ISR and everybody whom a change in flight adds (KIP-497). */
  readonly maximalIsr: readonly BrokerId[];
  /** Every assigned replica but this one. */
  readonly followers: ReadonlyMap<BrokerId, { readonly endOffset: Offset | undefined }>;
  /** See `Leadership.lowWatermark`. */
  lowWatermark(target: Offset): { readonly offset: Offset; readonly behind: readonly BrokerId[] };
};
