import { type Offset, offset } from "@zoolog/base";

/** What decides how far the partition is committed. */
export type HighWatermarkInput = {
  readonly current: Offset;
  /** The end of what the leader itself may count: its log end, or its durable end with fsync. */
  readonly leaderEndOffset: Offset;
  /**
   * Ends of the other replicas that count: the **maximal** ISR (KIP-497), that is the ISR of the store
   * plus every replica that a change in flight adds. `undefined`: has not fetched in this epoch yet.
   */
  readonly followerEndOffsets: readonly (Offset | undefined)[];
  /** Members of the ISR of the store, the leader included. */
  readonly isrSize: number;
  /** Already bounded by the number of replicas (`effectiveMinInsyncReplicas`). */
  readonly minInsyncReplicas: number;
};

/**
 * The high watermark that follows: the least end offset of the maximal ISR, never below the current
 * one. With an ISR smaller than `min.insync.replicas` it stands still (KIP-966, KAFKA-15583), so that
 * the last replica cannot commit alone what the next leader may not have.
 */
export function nextHighWatermark(input: HighWatermarkInput): Offset {
  if (input.isrSize < input.minInsyncReplicas) return input.current;
  let least = input.leaderEndOffset;
  for (const end of input.followerEndOffsets) {
    if (end === undefined) return input.current;
    if (end < least) least = end;
  }
  return offset(Math.max(least, input.current));
}

/** A topic with fewer replicas than `min.insync.replicas` needs all of them, not more (KIP-966). */
export function effectiveMinInsyncReplicas(minInsyncReplicas: number, replicas: number): number {
  return Math.min(minInsyncReplicas, replicas);
}
