import type { BrokerId, LeaderEpoch, Offset } from "@zoolog/base";
import type { ReadLease } from "@zoolog/log";
import { type DivergingEpoch, divergence } from "./diverging-epoch.ts";
import type { PartitionLog } from "./partition-log.ts";
import { type ReplicaError, replicaError } from "./replica-error.ts";

export type LeaderRead = {
  readonly fetchOffset: Offset;
  /** Bounds the answer, but `minOneBatch` lets the first batch through whatever its size. */
  readonly maxBytes: number;
  readonly minOneBatch: boolean;
  /** Where the memory of the batches is given back; without it the collector takes it. */
  readonly lease?: ReadLease | undefined;
  readonly leaderEpoch?: LeaderEpoch | undefined;
  /** Of the batch before `fetchOffset`, as whoever asks has read it (KIP-320). */
  readonly lastFetchedEpoch?: LeaderEpoch | undefined;
};

/** A consumer's read. */
export type ConsumerRead = LeaderRead & {
  /** Where the consumer is, if it wants to be told of a closer replica. */
  readonly rack?: string | undefined;
};

export type LogRead = {
  readonly error?: never;
  /** Whole batches from the one that holds the fetch offset; none when there is nothing yet. */
  readonly batches: readonly Buffer[];
  readonly sizeInBytes: number;
  readonly highWatermark: Offset;
  readonly logStartOffset: Offset;
  /** A replica that is closer to who asks; then there are no batches. */
  readonly preferredReadReplica?: BrokerId;
  /** What who asks has read is not in the log any more; then there are no batches. */
  readonly divergingEpoch?: DivergingEpoch;
};

export type LogReadError = ReplicaError & { readonly logStartOffset?: Offset };

export type LogReadOutcome = LogRead | LogReadError;

/**
 * A fetch names many partitions, most of which have nothing new: those are answered without a
 * promise, which would cost more than the answer. Who reads one awaits it, who reads many looks.
 */
export type LogReading = LogReadOutcome | Promise<LogReadOutcome>;

/** What can be said without a look at the batches; `undefined`: they have to be read. */
export function readWithoutBatches(
  log: PartitionLog,
  request: LeaderRead,
  upTo: Offset,
): LogReadOutcome | undefined {
  const { fetchOffset, lastFetchedEpoch, maxBytes, minOneBatch } = request;
  const { highWatermark, logStartOffset } = log;
  if (lastFetchedEpoch !== undefined) {
    const judged = divergence(log, { fetchOffset, lastFetchedEpoch });
    if (judged === "unknown") {
      const message = `records of leader epoch ${lastFetchedEpoch} were read, which is not known here`;
      return replicaError("UNKNOWN_LEADER_EPOCH", message);
    }
    if (judged !== undefined) {
      const divergingEpoch = judged;
      return { batches: [], sizeInBytes: 0, highWatermark, logStartOffset, divergingEpoch };
    }
  }
  if (fetchOffset < logStartOffset || fetchOffset > log.logEndOffset) {
    return outOfRange(fetchOffset, logStartOffset, log.logEndOffset);
  }
  const hasRoom = maxBytes > 0 || minOneBatch;
  if (fetchOffset < upTo && hasRoom) return undefined;
  return { batches: [], sizeInBytes: 0, highWatermark, logStartOffset };
}

/** Reads below `upTo`: the high watermark for consumers, the log end for followers. */
export async function readBatches(
  log: PartitionLog,
  request: LeaderRead,
  upTo: Offset,
): Promise<LogReadOutcome> {
  const { fetchOffset, maxBytes, minOneBatch, lease } = request;
  const { highWatermark } = log;
  const read = await log.read({ from: fetchOffset, maxBytes, upTo, minOneBatch, lease });
  if (read.error !== undefined) {
    return outOfRange(fetchOffset, read.logStartOffset, read.logEndOffset);
  }
  const { batches, sizeInBytes } = read;
  return { batches, sizeInBytes, highWatermark, logStartOffset: log.logStartOffset };
}

function outOfRange(asked: Offset, logStartOffset: Offset, end: Offset): LogReadError {
  const message = `offset ${asked} is outside ${logStartOffset} to ${end}`;
  return { error: "OFFSET_OUT_OF_RANGE", message, logStartOffset };
}
