/**
 * What a partition remembers of one idempotent producer, and what follows from it for the batch
 * that comes next (KIP-98, KIP-360). Pure.
 *
 *     last batch had sequences 7..9, epoch 3      answer
 *     epoch 3, 10..12                             append
 *     epoch 3, 7..9 (or one of the four before)   duplicate: the original's offsets
 *     epoch 3, 2..2, older than all that is kept  DUPLICATE_SEQUENCE_NUMBER
 *     epoch 3, 13..13                             OUT_OF_ORDER_SEQUENCE_NUMBER
 *     epoch 4, 0..2                               append; epoch 3 is over
 *     epoch 4, 5..5                               OUT_OF_ORDER_SEQUENCE_NUMBER
 *     epoch 2, anything                           INVALID_PRODUCER_EPOCH
 *
 * Of a producer that is not known any sequence is accepted, as by Kafka since 2.5: its records may
 * have been deleted, or it may have been silent for `producer.id.expiration.ms`.
 */
import type { Offset, Timestamp, ZoologError } from "@zoolog/base";
import { duplicateSequence, invalidProducerEpoch, outOfOrderSequence } from "../errors.ts";

/** One batch that was appended. Bounds are inclusive. */
export type AppendedBatch = {
  readonly firstSequence: number;
  readonly lastSequence: number;
  readonly lastOffset: Offset;
  /** Records less one. */
  readonly offsetDelta: number;
  /** When it was appended; exactly what the batch says where the topic stamps on append. */
  readonly timestamp: Timestamp;
};

export type ProducerEntry = {
  readonly producerId: number;
  readonly producerEpoch: number;
  /** The newest of this epoch, oldest first, at most `BATCHES_KEPT`. None behind a marker. */
  readonly batches: readonly AppendedBatch[];
  /** When the producer was last heard of. */
  readonly lastTimestamp: Timestamp;
};

/** The header of a batch, as far as it matters here. */
export type SequencedBatch = {
  readonly producerId: number | undefined;
  readonly producerEpoch: number | undefined;
  /** `undefined` in transaction markers. */
  readonly baseSequence: number | undefined;
  readonly lastOffset: Offset;
  readonly lastOffsetDelta: number;
  readonly maxTimestamp: Timestamp;
  readonly timestampType: "createTime" | "logAppendTime";
};

export type SequenceVerdict =
  | { readonly is: "append" }
  | { readonly is: "duplicate"; readonly of: AppendedBatch }
  | { readonly is: "refused"; readonly error: ZoologError };

/**
 * Batches that a retry can repeat and be told their offsets: Kafka's number, and so the number of
 * batches that a producer may have under way to a partition.
 */
export const BATCHES_KEPT = 5;
/** Sequences run from 0 to 2^31 − 1 and start again. */
const SEQUENCES = 2 ** 31;
/** Half the circle: what is less far behind than this is in the past, the rest in the future. */
const PAST_SEQUENCES = SEQUENCES / 2;

const APPEND: SequenceVerdict = { is: "append" };

/** What a leader does with a batch of a producer of which it knows `entry`. */
export function judgeSequence(
  entry: ProducerEntry | undefined,
  batch: SequencedBatch,
): SequenceVerdict {
  const { producerId, producerEpoch: epoch, baseSequence } = batch;
  if (entry === undefined || producerId === undefined || epoch === undefined) return APPEND;
  if (epoch < entry.producerEpoch) {
    const known = entry.producerEpoch;
    return { is: "refused", error: invalidProducerEpoch({ producerId, epoch, known }) };
  }
  if (baseSequence === undefined) return APPEND; // A marker: it has an epoch and no sequence.
  const isNewEpoch = epoch > entry.producerEpoch;
  if (!isNewEpoch) {
    const lastSequence = sequenceAfter(baseSequence, batch.lastOffsetDelta);
    const original = entry.batches.find(
      (kept) => kept.firstSequence === baseSequence && kept.lastSequence === lastSequence,
    );
    if (original !== undefined) return { is: "duplicate", of: original };
  }
  const last = isNewEpoch ? undefined : entry.batches.at(-1);
  const expected = last === undefined ? 0 : sequenceAfter(last.lastSequence, 1);
  if (baseSequence === expected) return APPEND;
  const fields = { producerId, epoch, sequence: baseSequence, expected };
  const isOld = !isNewEpoch && isOlderThanKept(entry, batch, baseSequence);
  return { is: "refused", error: isOld ? duplicateSequence(fields) : outOfOrderSequence(fields) };
}

/** The entry once the batch is in the log, whoever has judged it. `now`: when that happens. */
export function entryAfter(
  entry: ProducerEntry | undefined,
  batch: SequencedBatch,
  now: Timestamp,
): ProducerEntry | undefined {
  const { producerId, producerEpoch, baseSequence, lastOffset, lastOffsetDelta } = batch;
  if (producerId === undefined || producerEpoch === undefined) return entry;
  // Producers may write any time into their records; only the append's own says who is silent.
  const timestamp = batch.timestampType === "logAppendTime" ? batch.maxTimestamp : now;
  const isSameEpoch = entry?.producerEpoch === producerEpoch;
  const before = isSameEpoch ? entry.batches : [];
  if (baseSequence === undefined) {
    return { producerId, producerEpoch, batches: before, lastTimestamp: timestamp };
  }
  const appended: AppendedBatch = {
    firstSequence: baseSequence,
    lastSequence: sequenceAfter(baseSequence, lastOffsetDelta),
    lastOffset,
    offsetDelta: lastOffsetDelta,
    timestamp,
  };
  const kept = before.length < BATCHES_KEPT ? before : before.slice(1 - BATCHES_KEPT);
  return { producerId, producerEpoch, batches: [...kept, appended], lastTimestamp: timestamp };
}

/** The sequence `count` records behind `sequence`, around the end if need be. */
export function sequenceAfter(sequence: number, count: number): number {
  return (sequence + count) % SEQUENCES;
}

/**
 * Only with all places taken: a producer has no more batches under way than are kept, so it has
 * heard what became of older ones. With fewer, the batch may be one that was never appended.
 */
function isOlderThanKept(
  entry: ProducerEntry,
  batch: SequencedBatch,
  baseSequence: number,
): boolean {
  const [oldest] = entry.batches;
  if (oldest === undefined || entry.batches.length < BATCHES_KEPT) return false;
  const lastSequence = sequenceAfter(baseSequence, batch.lastOffsetDelta);
  const behind = (oldest.firstSequence - lastSequence + SEQUENCES) % SEQUENCES;
  return behind > 0 && behind < PAST_SEQUENCES;
}
