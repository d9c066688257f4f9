import type { BrokerEpoch, BrokerId, LeaderEpoch, Offset } from "@zoolog/base";
import { type ReplicaError, replicaError } from "../replica-error.ts";
import type { Leadership } from "./leadership.ts";

/** What a follower asks of one partition; who it is comes from its credential, never from the call. */
export type ReplicaFetch = {
  readonly follower: BrokerId;
  readonly brokerEpoch: BrokerEpoch;
  readonly currentLeaderEpoch: LeaderEpoch;
  /** The follower's log end. */
  readonly fetchOffset: Offset;
  readonly logStartOffset: Offset;
  /** Epoch of the last entry of its history (KIP-320); `undefined` when it has none. */
  readonly lastFetchedEpoch?: LeaderEpoch | undefined;
};

/** The leader's end of the greatest epoch, not above the follower's last one, that it knows. */
export type DivergingEpoch = { readonly leaderEpoch: LeaderEpoch; readonly endOffset: Offset };

export type ReplicaFetchError = ReplicaError & {
  readonly logStartOffset?: Offset;
  readonly logEndOffset?: Offset;
};

export type ReplicaFetchVerdict =
  | ReplicaFetchError
  | { readonly error?: never; readonly divergingEpoch: DivergingEpoch | undefined };

/**
 * Whether the follower's log is a prefix of the leader's (KIP-101, KIP-279): two logs that have the
 * same epoch at the same offset agree before it. Only such a fetch is an acknowledgement.
 *
 * Worked example: the leader has epochs (3, 0), (5, 40), its end is 90. A follower at 60 in epoch 3
 * hears that epoch 3 ends at 40; one at 60 in epoch 4 hears the same; one at 60 in epoch 5 agrees.
 */
export function judgeReplicaFetch(
  leadership: Leadership,
  fetch: ReplicaFetch,
): ReplicaFetchVerdict {
  const { log, followers } = leadership;
  const progress = followers.get(fetch.follower);
  if (progress === undefined) {
    const message = `broker ${fetch.follower} is not an assigned replica`;
    return replicaError("NOT_LEADER_OR_FOLLOWER", message);
  }
  if (progress.brokerEpoch !== undefined && fetch.brokerEpoch < progress.brokerEpoch) {
    const message = `broker ${fetch.follower} has fetched under a later registration`;
    return replicaError("STALE_BROKER_EPOCH", message);
  }
  const { fetchOffset, lastFetchedEpoch } = fetch;
  const { logStartOffset, logEndOffset } = log;
  if (lastFetchedEpoch !== undefined) {
    const end = log.leaderEpochs.endOffsetFor(lastFetchedEpoch);
    if (end === undefined) {
      const message = `the follower has records of leader epoch ${lastFetchedEpoch}, which is to come`;
      return replicaError("UNKNOWN_LEADER_EPOCH", message);
    }
    if (end.epoch < lastFetchedEpoch || end.endOffset < fetchOffset) {
      return { divergingEpoch: { leaderEpoch: end.epoch, endOffset: end.endOffset } };
    }
  }
  if (fetchOffset < logStartOffset || fetchOffset > logEndOffset) {
    const message = `offset ${fetchOffset} is outside ${logStartOffset} to ${logEndOffset}`;
    return { error: "OFFSET_OUT_OF_RANGE", message, logStartOffset, logEndOffset };
  }
  return { divergingEpoch: undefined };
}
