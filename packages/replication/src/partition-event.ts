import type { Offset, ZoologError } from "@zoolog/base";

/**
 * What a partition tells the world. It knows nobody who listens: the replica manager turns these
 * into counters and into releases of waiting requests, the broker into reports to the controller.
 */
export type PartitionEvent =
  /** The leader's log has a batch; it may not be committed yet. */
  | { readonly type: "batchAppended"; readonly recordCount: number; readonly sizeInBytes: number }
  | { readonly type: "highWatermarkAdvanced"; readonly from: Offset; readonly to: Offset }
  /** Role, leader epoch or ISR are other ones: whoever waits has to look again. */
  | { readonly type: "roleChanged" }
  /** The log failed; the replica is offline until its broker starts anew. */
  | { readonly type: "replicaFailed"; readonly error: ZoologError };
