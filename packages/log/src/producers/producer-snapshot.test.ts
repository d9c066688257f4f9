import { type Offset, offset, silentLogger, timestamp } from "@zoolog/base";
import type { ProducerEntry } from "./producer-entry.ts";
import { decodeProducerSnapshot, encodeProducerSnapshot } from "./producer-snapshot.ts";
import { ProducerStates } from "./producer-states.ts";

const batch = (firstSequence: number, lastSequence: number, lastOffset: number) => ({
  firstSequence,
  lastSequence,
  lastOffset: lastOffset as Offset,
  offsetDelta: (lastSequence - firstSequence + 2 ** 31) % 2 ** 31,
  timestamp: timestamp(1_000),
});

const ENTRIES: ProducerEntry[] = [
  {
    producerId: 4_000,
    producerEpoch: 2,
    batches: [batch(2 ** 31 - 2, 1, 10), batch(2, 2, 11)],
    lastTimestamp: timestamp(1_000),
  },
  { producerId: 0, producerEpoch: 0, batches: [], lastTimestamp: timestamp(77) },
];

test("a snapshot reads back as it was", () => {
  expect(decodeProducerSnapshot(encodeProducerSnapshot(ENTRIES))).toEqual(ENTRIES);
  expect(decodeProducerSnapshot(encodeProducerSnapshot([]))).toEqual([]);
});

test("the format is what it has ever been", () => {
  const [first] = ENTRIES;
  expect(encodeProducerSnapshot([{ ...first!, batches: [batch(5, 7, 9)] }]).toString("hex")).toBe(
    // version, checksum, count
    `0001${"5475c3de"}00000001` +
      // id, epoch, last sequence, last offset, offset delta, timestamp, coordinator, transaction
      "0000000000000fa0" +
      "0002" +
      "00000007" +
      "0000000000000009" +
      "00000002" +
      "00000000000003e8" +
      "ffffffff" +
      "ffffffffffffffff",
  );
});

test("any byte that is wrong, missing or too many makes it no snapshot", () => {
  const bytes = encodeProducerSnapshot(ENTRIES);
  for (let at = 0; at < bytes.length; at++) {
    const damaged = Buffer.from(bytes);
    damaged[at]! ^= 0x10;
    expect(decodeProducerSnapshot(damaged)).toBeUndefined();
    expect(decodeProducerSnapshot(bytes.subarray(0, at))).toBeUndefined();
  }
  expect(decodeProducerSnapshot(Buffer.concat([bytes, bytes.subarray(0, 46)]))).toBeUndefined();
});

test("a batch that would begin before the log does makes it no snapshot", () => {
  const [first] = ENTRIES;
  const entry = { ...first!, batches: [batch(5, 7, 1)] };
  expect(decodeProducerSnapshot(encodeProducerSnapshot([entry]))).toBeUndefined();
  const at = { ...entry, batches: [batch(5, 7, 2)] };
  expect(decodeProducerSnapshot(encodeProducerSnapshot([at]))).toEqual([at]);
});

test("beyond the limit those silent longest are forgotten", () => {
  const states = new ProducerStates({ producersMax: 10 }, { logger: silentLogger });
  const appendOf = (producerId: number) => ({
    producerId,
    producerEpoch: 0,
    baseSequence: 0,
    lastOffset: offset(producerId),
    lastOffsetDelta: 0,
    maxTimestamp: timestamp(0),
    timestampType: "createTime" as const,
  });

  for (let id = 0; id < 10; id++) states.replay(appendOf(id), timestamp(100 - id));
  states.replay(appendOf(10), timestamp(200));

  expect([...states.entries()].map(({ producerId }) => producerId)).toEqual([
    0, 1, 2, 3, 4, 5, 6, 7, 10,
  ]);
});
