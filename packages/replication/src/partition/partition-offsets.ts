import type { LeaderEpoch, Offset, Timestamp } from "@zoolog/base";
import type { TimestampedOffset } from "@zoolog/log";
import type { LeaderState } from "../leader/leader-state.ts";
import { type ReplicaError, replicaError } from "../replica-error.ts";

/** Kafka's ListOffsets: −2, −1, −3 and a time, in words. */
export type OffsetQuery = {
  readonly at:
    | "earliest"
    | "latest"
    | "maxTimestamp"
    /** The first record that is not older. */
    | { readonly timestamp: Timestamp };
};

/** Without an offset: no record matches, which is no error. */
export type OffsetAnswer = {
  readonly error?: never;
  readonly offset: Offset | undefined;
  readonly timestamp: Timestamp | undefined;
  readonly leaderEpoch: LeaderEpoch | undefined;
};

/** Without an epoch: none is known up to the one asked for, or that one is of the future. */
export type EpochEnd = {
  readonly error?: never;
  /** The greatest that is not above the one asked for. */
  readonly leaderEpoch: LeaderEpoch | undefined;
  readonly endOffset: Offset | undefined;
};

/**
 * Kafka's OffsetForLeaderEpoch (KIP-101, KIP-279): the epoch that goes on ends at the log's end,
 * which may be above the high watermark.
 */
export function endOfEpoch({ log }: LeaderState, epoch: LeaderEpoch): EpochEnd {
  const end = log.leaderEpochs.endOffsetFor(epoch);
  return { leaderEpoch: end?.epoch, endOffset: end?.endOffset };
}

/**
 * Answers as consumers may see the log: below the high watermark. A new leader's high watermark may
 * lag behind what an older one has shown; until it has caught up with the start of the epoch,
 * "latest" could go backwards, so it is not answered (KIP-207).
 */
export async function findOffset(
  leader: LeaderState,
  query: OffsetQuery,
): Promise<OffsetAnswer | ReplicaError> {
  const { log } = leader;
  if (query.at === "earliest") {
    const at = log.logStartOffset;
    return answer(at, undefined, log.leaderEpochs.epochForOffset(at));
  }
  if (log.highWatermark < leader.epochStartOffset) {
    return replicaError(
      "OFFSET_NOT_AVAILABLE",
      `the new leader has confirmed offsets up to ${log.highWatermark} so far`,
    );
  }
  if (query.at === "latest") return answer(log.highWatermark, undefined, leader.leaderEpoch);
  const found =
    query.at === "maxTimestamp"
      ? await log.offsetOfMaxTimestamp()
      : await log.offsetForTimestamp(query.at.timestamp);
  return visible(found, log.highWatermark);
}

function visible(found: TimestampedOffset | undefined, highWatermark: Offset): OffsetAnswer {
  if (found === undefined || found.offset >= highWatermark) {
    return answer(undefined, undefined, undefined);
  }
  return answer(found.offset, found.timestamp, found.leaderEpoch);
}

function answer(
  offset: Offset | undefined,
  timestamp: Timestamp | undefined,
  leaderEpoch: LeaderEpoch | undefined,
): OffsetAnswer {
  return { offset, timestamp, leaderEpoch };
}
