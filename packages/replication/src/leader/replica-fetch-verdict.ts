import type { LeaderEpoch, Offset } from "@zoolog/base";
import { type DivergingEpoch, divergence } from "../diverging-epoch.ts";
import { type ReplicaError, replicaError } from "../replica-error.ts";
import type { FetchingReplica } from "./follower-progress.ts";
import type { Leadership } from "./leadership.ts";

/** What a follower asks of one partition. */
export type ReplicaFetch = {
  readonly currentLeaderEpoch: LeaderEpoch;
  /** The follower's log end. */
  readonly fetchOffset: Offset;
  readonly logStartOffset: Offset;
  /** Epoch of the last entry of its history (KIP-320); `undefined` when it has none. */
  readonly lastFetchedEpoch?: LeaderEpoch | undefined;
};

export type ReplicaFetchError = ReplicaError & {
  readonly logStartOffset?: Offset;
  readonly logEndOffset?: Offset;
};

export type ReplicaFetchVerdict =
  | ReplicaFetchError
  | { readonly error?: never; readonly divergingEpoch: DivergingEpoch | undefined };

/** Whether the follower's log is a prefix of the leader's: only such a fetch is an acknowledgement. */
export function judgeReplicaFetch(
  leadership: Leadership,
  fetch: ReplicaFetch,
  follower: FetchingReplica,
): ReplicaFetchVerdict {
  const { log, followers } = leadership;
  const progress = followers.get(follower.brokerId);
  if (progress === undefined) {
    const message = `broker ${follower.brokerId} is not an assigned replica`;
    return replicaError("NOT_LEADER_OR_FOLLOWER", message);
  }
  if (progress.brokerEpoch !== undefined && follower.brokerEpoch < progress.brokerEpoch) {
    const message = `broker ${follower.brokerId} has fetched under a later registration`;
    return replicaError("STALE_BROKER_EPOCH", message);
  }
  const { fetchOffset, lastFetchedEpoch } = fetch;
  const { logStartOffset, logEndOffset } = log;
  if (lastFetchedEpoch !== undefined) {
    const divergingEpoch = divergence(log, { fetchOffset, lastFetchedEpoch });
    if (divergingEpoch === "unknown") {
      const message = `the follower has records of leader epoch ${lastFetchedEpoch}, which is to come`;
      return replicaError("UNKNOWN_LEADER_EPOCH", message);
    }
    if (divergingEpoch !== undefined) return { divergingEpoch };
  }
  if (fetchOffset < logStartOffset || fetchOffset > logEndOffset) {
    const message = `offset ${fetchOffset} is outside ${logStartOffset} to ${logEndOffset}`;
    return { error: "OFFSET_OUT_OF_RANGE", message, logStartOffset, logEndOffset };
  }
  return { divergingEpoch: undefined };
}
