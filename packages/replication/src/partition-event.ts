import type { BrokerId, Offset, ZoologError } from "@zoolog/base";
import type { IsrChangeRequest } from "./isr-change.ts";

/**
 * What a partition tells the world. It knows nobody who listens: the replica manager turns these
 * into counters and into releases of waiting requests, the broker into reports to the controller.
 */
export type PartitionEvent =
  /** The leader's log has a batch; it may not be committed yet. */
  | { readonly type: "batchAppended"; readonly recordCount: number; readonly sizeInBytes: number }
  /** On a leader, or on a follower that its leader told. */
  | { readonly type: "highWatermarkAdvanced"; readonly from: Offset; readonly to: Offset }
  /** On the leader: records were deleted, here or on a follower; whoever waits for that looks again. */
  | { readonly type: "recordsDeleted"; readonly by: "leader" | "follower" }
  /** Role, leader epoch or ISR are other ones: whoever waits has to look again. */
  | { readonly type: "roleChanged" }
  /** The controller is to be asked; its answer comes to `Partition.isrChangeAnswered`. */
  | { readonly type: "isrChangeWanted"; readonly request: IsrChangeRequest }
  /** Within an epoch, on the leader. */
  | {
      readonly type: "isrChanged";
      readonly from: readonly BrokerId[];
      readonly to: readonly BrokerId[];
    }
  /** The log failed; the replica is offline (what ends that: `partition-state.ts`). */
  | { readonly type: "replicaFailed"; readonly error: ZoologError };
