import type { LeaderEpoch, Offset } from "@zoolog/base";
import type { LogReadError } from "../log-read.ts";
import type { PartitionLog } from "../partition-log.ts";
import { type ReplicaError, replicaError } from "../replica-error.ts";
import type { Following } from "./following.ts";

/**
 * Whether a follower serves consumers at all: it is in sync, its log is known to be a prefix of this
 * leader's, and it has heard of the leader lately. Who asks must name the epoch: without one the
 * leader was meant, and an out-of-date picture led here (apache/kafka#12734).
 */
export function refusalOfFollower(
  following: Following,
  asked: {
    readonly leaderEpoch: LeaderEpoch;
    readonly isInSync: boolean;
    readonly key: string;
    /** Monotonic. */
    readonly now: number;
  },
): ReplicaError | undefined {
  const { isInSync, key, leaderEpoch, now } = asked;
  const { leader, leaderEpoch: current } = following;
  const hint =
    leader === undefined ? {} : { currentLeader: { brokerId: leader, leaderEpoch: current } };
  if (leaderEpoch < current) {
    const message = `leader epoch ${leaderEpoch} is over, this is ${current}`;
    return { error: "FENCED_LEADER_EPOCH", message, ...hint };
  }
  if (leaderEpoch > current) {
    const message = `leader epoch ${leaderEpoch} is not known here yet, this is ${current}`;
    return replicaError("UNKNOWN_LEADER_EPOCH", message);
  }
  if (isInSync && following.isInTouch(now)) return undefined;
  const message = `the replica of ${key} here is not in sync with its leader`;
  return { error: "NOT_LEADER_OR_FOLLOWER", message, ...hint };
}

/**
 * What a follower answers for an offset (the cases of KIP-392, "out of range handling"). It knows its
 * own high watermark only, which is behind the leader's by a fetch at least.
 *
 * | case | the offset | answer |
 * | --- | --- | --- |
 * | in range | from the log start to the high watermark | records below the high watermark, or a long poll |
 * | 1, uncommitted | above the high watermark, up to the log end | a long poll, then OFFSET_NOT_AVAILABLE |
 * | 2, unavailable | above the log end; the leader may have it | a long poll, then OFFSET_NOT_AVAILABLE |
 * | 3, too small | before the log start; the leader may have it | OFFSET_OUT_OF_RANGE |
 * | 4, too large | the leader has not got it, either | cannot be told from 2 here |
 *
 * Nothing of that proves that an offset is gone: a client asks the leader, and acts on its word.
 */
export function refusalOfOffset(log: PartitionLog, fetchOffset: Offset): LogReadError | undefined {
  const { highWatermark, logStartOffset } = log;
  if (fetchOffset < logStartOffset) {
    const message = `offset ${fetchOffset} is before ${logStartOffset}, where this replica begins`;
    return { error: "OFFSET_OUT_OF_RANGE", message, logStartOffset };
  }
  if (fetchOffset <= highWatermark) return undefined;
  const message = `offset ${fetchOffset} is not known to be committed here: ${highWatermark} is`;
  return replicaError("OFFSET_NOT_AVAILABLE", message);
}
