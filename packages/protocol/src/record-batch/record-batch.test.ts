import { leaderEpoch, offset, timestamp } from "@zoolog/base";
import fc from "fast-check";
import type { CompressionCodec } from "../compression/codecs.ts";
import { loadCompression } from "../compression/compression.ts";
import { encodeRecordBatch } from "./encode-record-batch.ts";
import { RecordBatch } from "./record-batch.ts";
import { anyRecords, decodedFrom, goldenRecords } from "./sample-records.fixture.ts";

const CODECS: CompressionCodec[] = ["none", "gzip", "snappy", "lz4", "zstd"];

beforeAll(() => loadCompression("zstd"));

describe.each(CODECS)("with compression %s", (compression) => {
  test("any records come back as they were put in", () => {
    fc.assert(
      fc.property(anyRecords, (records) => {
        const batch = RecordBatch.parse(encodeRecordBatch(records, { compression }));

        expect([...batch.records()]).toEqual(decodedFrom(records));
        expect(batch.hasValidChecksum()).toBe(true);
        expect(batch.recordCount).toBe(records.length);
        expect(batch.maxTimestamp).toBe(Math.max(...records.map((record) => record.timestamp)));
      }),
      { numRuns: 60 },
    );
  });
});

test("every field of the header comes back", () => {
  const producer = { producerId: 2 ** 50, producerEpoch: 12, baseSequence: 99 };
  const place = { baseOffset: 2 ** 45, partitionLeaderEpoch: 8 };

  const bytes = encodeRecordBatch(goldenRecords(5), { ...place, producer, isTransactional: true });

  const batch = RecordBatch.parse(bytes);
  expect(batch).toMatchObject({ ...place, ...producer, isTransactional: true, isControl: false });
  expect(batch.lastOffset).toBe(2 ** 45 + 4);
  expect(batch.nextOffset).toBe(2 ** 45 + 5);
  expect(batch.sizeInBytes).toBe(bytes.length);
  expect([...batch.records()]).toEqual(decodedFrom(goldenRecords(5), 2 ** 45));
});

test("what was never set is undefined, not -1", () => {
  const batch = RecordBatch.parse(encodeRecordBatch([{ timestamp: -1 }]));

  expect(batch.partitionLeaderEpoch).toBeUndefined();
  expect(batch.producerId).toBeUndefined();
  expect(batch.producerEpoch).toBeUndefined();
  expect(batch.baseSequence).toBeUndefined();
  expect(batch.deleteHorizon).toBeUndefined();
  expect(batch.maxTimestamp).toBe(-1);
});

test("a batch is found at a position, with others around it", () => {
  const one = encodeRecordBatch([{ timestamp: 1, value: "one" }]);
  const two = encodeRecordBatch([{ timestamp: 2, value: "two" }]);

  const batch = RecordBatch.parse(Buffer.concat([one, two, one]), one.length);

  expect(batch.bytes).toEqual(two);
});

test("keys and values are views over the batch", () => {
  const bytes = encodeRecordBatch([{ timestamp: 1, key: "k", value: "value" }]);
  const [record] = RecordBatch.parse(bytes).records();

  bytes.write("VALUE", bytes.indexOf("value"));

  expect(record?.value?.toString()).toBe("VALUE");
});

test("assigning a place changes 12 bytes and leaves the checksum valid", () => {
  const bytes = encodeRecordBatch(goldenRecords(3));
  const before = Buffer.from(bytes);
  const batch = RecordBatch.parse(bytes);

  batch.assign({ baseOffset: offset(2 ** 40 + 7), leaderEpoch: leaderEpoch(3) });

  expect(batch.baseOffset).toBe(2 ** 40 + 7);
  expect(batch.nextOffset).toBe(2 ** 40 + 10);
  expect(batch.partitionLeaderEpoch).toBe(3);
  expect(batch.hasValidChecksum()).toBe(true);
  const changed = [...bytes.keys()].filter((index) => bytes[index] !== before[index]);
  expect(changed.every((index) => index < 8 || (index >= 12 && index < 16))).toBe(true);
});

test("leader epoch 0 is an epoch", () => {
  const batch = RecordBatch.parse(encodeRecordBatch(goldenRecords(1)));

  batch.assign({ baseOffset: offset(0), leaderEpoch: leaderEpoch(0) });

  expect(batch.partitionLeaderEpoch).toBe(0);
});

test("the append time becomes every record's time, under a new checksum", () => {
  const batch = RecordBatch.parse(encodeRecordBatch(goldenRecords(3)));
  const crc = batch.crc;

  batch.stampLogAppendTime(timestamp(1_800_000_000_000));

  expect(batch.timestampType).toBe("logAppendTime");
  expect([...batch.records()].map((record) => record.timestamp)).toEqual(
    Array(3).fill(1_800_000_000_000),
  );
  expect(batch.crc).not.toBe(crc);
  expect(batch.hasValidChecksum()).toBe(true);
});

test("any flipped bit from the attributes on breaks the checksum", () => {
  const bytes = encodeRecordBatch([{ timestamp: 5, key: "key", value: "value" }]);
  for (let bit = 21 * 8; bit < bytes.length * 8; bit++) {
    const flipped = Buffer.from(bytes);
    flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7));
    try {
      expect(RecordBatch.parse(flipped).hasValidChecksum()).toBe(false);
    } catch (error) {
      expect(error).toMatchObject({ code: "CORRUPT_MESSAGE" });
    }
  }
});
