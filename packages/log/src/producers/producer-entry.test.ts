import { type Offset, timestamp } from "@zoolog/base";
import {
  entryAfter,
  judgeSequence,
  type ProducerEntry,
  type SequencedBatch,
} from "./producer-entry.ts";

const NOW = timestamp(5_000);
const SEQUENCE_MAX = 2 ** 31 - 1;

const batch = (
  epoch: number,
  baseSequence: number | undefined,
  count = 1,
  lastOffset = 0,
): SequencedBatch => ({
  producerId: 7,
  producerEpoch: epoch,
  baseSequence,
  lastOffset: lastOffset as Offset,
  lastOffsetDelta: count - 1,
  maxTimestamp: timestamp(42),
  timestampType: "createTime",
});

/** What is known after batches of `[epoch, baseSequence, count]`, whose offsets count up from 0. */
function knownAfter(...batches: [number, number, number?][]): ProducerEntry {
  let entry: ProducerEntry | undefined;
  let next = 0;
  for (const [epoch, sequence, count = 1] of batches) {
    next += count;
    entry = entryAfter(entry, batch(epoch, sequence, count, next - 1), NOW);
  }
  return entry!;
}

/** The verdict in a word: where a duplicate was, or why a batch is refused. */
function verdictOf(entry: ProducerEntry | undefined, next: SequencedBatch): string {
  const verdict = judgeSequence(entry, next);
  if (verdict.is === "refused") return verdict.error.code;
  return verdict.is === "append" ? "append" : `duplicate of ${verdict.of.lastOffset}`;
}

test.each<[string, ProducerEntry | undefined, SequencedBatch, string]>([
  ["a producer that is not known may begin anywhere", undefined, batch(3, 17), "append"],
  ["the next sequence follows", knownAfter([0, 0, 3]), batch(0, 3, 2), "append"],
  ["a gap is refused", knownAfter([0, 0, 3]), batch(0, 4), "OUT_OF_ORDER_SEQUENCE_NUMBER"],
  ["the last batch again is a duplicate", knownAfter([0, 0, 3]), batch(0, 0, 3), "duplicate of 2"],
  [
    "so is the fifth last",
    knownAfter([0, 0], [0, 1], [0, 2], [0, 3], [0, 4]),
    batch(0, 0),
    "duplicate of 0",
  ],
  [
    "what is older than five was appended long ago",
    knownAfter([0, 0], [0, 1], [0, 2], [0, 3], [0, 4], [0, 5]),
    batch(0, 0),
    "DUPLICATE_SEQUENCE_NUMBER",
  ],
  [
    "what is behind fewer than five may never have been appended",
    knownAfter([0, 9]),
    batch(0, 8),
    "OUT_OF_ORDER_SEQUENCE_NUMBER",
  ],
  [
    "the same beginning with another length is no duplicate",
    knownAfter([0, 0, 3]),
    batch(0, 0, 2),
    "OUT_OF_ORDER_SEQUENCE_NUMBER",
  ],
  ["sequences start again after 2^31 − 1", knownAfter([0, SEQUENCE_MAX]), batch(0, 0), "append"],
  ["also in the middle of a batch", knownAfter([0, SEQUENCE_MAX - 1, 4]), batch(0, 2), "append"],
  [
    "a batch across the end is found again",
    knownAfter([0, SEQUENCE_MAX, 2], [0, 1]),
    batch(0, SEQUENCE_MAX, 2),
    "duplicate of 1",
  ],
  ["a higher epoch begins at 0", knownAfter([0, 0, 3]), batch(1, 0), "append"],
  ["and nowhere else", knownAfter([0, 0, 3]), batch(1, 3), "OUT_OF_ORDER_SEQUENCE_NUMBER"],
  ["an epoch may be skipped", knownAfter([0, 0, 3]), batch(9, 0), "append"],
  [
    "the epoch before is over",
    knownAfter([0, 0, 3], [1, 0]),
    batch(0, 3),
    "INVALID_PRODUCER_EPOCH",
  ],
  [
    "even for what it has written",
    knownAfter([0, 0, 3], [1, 0]),
    batch(0, 0, 3),
    "INVALID_PRODUCER_EPOCH",
  ],
  ["a marker needs no sequence", knownAfter([0, 0]), batch(0, undefined), "append"],
])("%s", (_, entry, next, verdict) => {
  expect(verdictOf(entry, next)).toBe(verdict);
});

test("after a new epoch nothing of the old one counts", () => {
  const entry = knownAfter([0, 0], [0, 1], [1, 0, 2]);

  expect(entry.batches).toHaveLength(1);
  expect(verdictOf(entry, batch(1, 2))).toBe("append");
});

test("a marker of a new epoch leaves no batch, and the next one is at 0", () => {
  const entry = entryAfter(knownAfter([0, 5]), batch(1, undefined), NOW);

  expect(entry).toMatchObject({ producerEpoch: 1, batches: [] });
  expect(verdictOf(entry, batch(1, 0))).toBe("append");
  expect(verdictOf(entry, batch(1, 6))).toBe("OUT_OF_ORDER_SEQUENCE_NUMBER");
});

test("when a producer was heard of is the broker's time, whatever its records say", () => {
  const stamped = { ...batch(0, 0), timestampType: "logAppendTime" as const };

  expect(entryAfter(undefined, batch(0, 0), NOW)?.lastTimestamp).toBe(NOW);
  expect(entryAfter(undefined, stamped, NOW)?.lastTimestamp).toBe(42);
});

test("a batch without a producer id changes nothing", () => {
  const plain = { ...batch(0, 0), producerId: undefined, producerEpoch: undefined };

  expect(entryAfter(undefined, plain, NOW)).toBeUndefined();
  expect(verdictOf(undefined, plain)).toBe("append");
});
