import type { ZoologError } from "@zoolog/base";
import type { Following } from "../follower/following.ts";
import type { Leadership } from "../leader/leadership.ts";
import type { PartitionLog } from "../partition-log.ts";
import type { ReplicaAssignment } from "../replica-assignment.ts";

/**
 * What this broker is to a partition. A log can only be reached through a state that has one, so a
 * replica that failed cannot be read or written by mistake.
 *
 * | state | `becomeLeader` | `becomeFollower` | a failure of the log | `close` |
 * | --- | --- | --- | --- | --- |
 * | `unassigned` (opened, no role yet) | `leader` | `follower` | `offline` | `closed` |
 * | `leader` | newer epoch: `leader`; same epoch, newer ISR: stays | newer epoch: `follower` | `offline` | `closed` |
 * | `follower` | newer epoch: `leader` | newer epoch or leader: `follower` | `offline` | `closed` |
 * | `offline` (named error) | stays | damaged records, out of the ISR: `follower` with a new log; else stays | stays | `closed` |
 * | `closed` (for good) | – | – | – | – |
 *
 * An assignment of an older leader epoch, or of the same one with an older partition epoch, is
 * stale and changes nothing in any state.
 */
export type PartitionState =
  | { readonly role: "unassigned"; readonly log: PartitionLog }
  | Leadership
  | Following
  | { readonly role: "offline"; readonly error: ZoologError }
  | { readonly role: "closed" };

/**
 * How an assignment relates to what a replica knows: an older one is never followed (a delayed
 * image of a deposed controller), and a change of the ISR alone must not begin an epoch
 * (KAFKA-13790).
 */
export function compareAssignment(
  state: PartitionState,
  assignment: ReplicaAssignment,
): "newEpoch" | "sameEpoch" | "known" | "stale" {
  if (state.role !== "leader" && state.role !== "follower") return "newEpoch";
  if (assignment.leaderEpoch > state.leaderEpoch) return "newEpoch";
  if (assignment.leaderEpoch < state.leaderEpoch) return "stale";
  if (assignment.partitionEpoch > state.partitionEpoch) return "sameEpoch";
  return assignment.partitionEpoch === state.partitionEpoch ? "known" : "stale";
}
