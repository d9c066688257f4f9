import { timestamp } from "@zoolog/base";
import { compress, loadCompression } from "../compression/compression.ts";
import { crc32c } from "../crc32c.ts";
import { BATCH_ATTRIBUTES, BATCH_LAYOUT } from "./batch-layout.ts";
import { encodeControlBatch } from "./control-batch.ts";
import { encodeRecordBatch } from "./encode-record-batch.ts";
import { type ProducedBatchRules, validateProducedBatch } from "./produced-batch.ts";
import type { RecordBatchOptions } from "./record-batch-builder.ts";
import { goldenBatch, goldenRecords } from "./sample-records.fixture.ts";

const RULES: ProducedBatchRules = { batchBytesMax: 1_000_000, walk: "all" };
const PRODUCER = { producerId: 7, producerEpoch: 0, baseSequence: 0 };

const sound = (options: RecordBatchOptions = {}) => encodeRecordBatch(goldenRecords(4), options);

/** The batch with other bytes at a field, under a checksum that fits. */
function withField(position: number, value: readonly number[], batch = sound()): Buffer {
  batch.set(value, position);
  batch.writeUInt32BE(crc32c(batch.subarray(BATCH_LAYOUT.attributes)), BATCH_LAYOUT.crc);
  return batch;
}

const withAttribute = (bit: number, batch = sound()) =>
  withField(
    BATCH_LAYOUT.attributes + 1,
    [(batch[BATCH_LAYOUT.attributes + 1] as number) | bit],
    batch,
  );

test.each([
  ["a plain producer's", sound()],
  ["an idempotent producer's", sound({ producer: PRODUCER })],
  ["a transactional producer's", sound({ producer: PRODUCER, isTransactional: true })],
  ["a compressed", sound({ compression: "lz4" })],
  ["Java's", goldenBatch("java-zstd-400")],
])("%s batch is accepted as it is", (_, bytes) => {
  const before = Buffer.from(bytes);

  const verdict = validateProducedBatch(bytes, RULES);

  expect(verdict.error).toBeUndefined();
  expect(verdict.error === undefined && verdict.batch.bytes).toEqual(before);
});

const int32 = (value: number) => [...Buffer.from(Uint32Array.of(value).buffer)].reverse();
const MINUS_ONE = [0xff, 0xff, 0xff, 0xff];

test.each([
  ["nothing at all", "INVALID_RECORD", Buffer.alloc(0)],
  ["too little", "CORRUPT_MESSAGE", sound().subarray(0, 60)],
  ["a batch without its end", "CORRUPT_MESSAGE", sound().subarray(0, 100)],
  ["two batches", "INVALID_RECORD", Buffer.concat([sound(), sound()])],
  ["a byte too many", "INVALID_RECORD", Buffer.concat([sound(), Buffer.alloc(1)])],
  ["format 1", "INVALID_RECORD", withField(BATCH_LAYOUT.magic, [1])],
  ["a negative length", "CORRUPT_MESSAGE", withField(BATCH_LAYOUT.batchLength, MINUS_ONE)],
  ["a flipped bit", "CORRUPT_MESSAGE", Buffer.from(sound().fill(0x41, 70, 71))],
  ["codec 5", "UNSUPPORTED_COMPRESSION_TYPE", withAttribute(5)],
  ["a control batch", "INVALID_RECORD", withAttribute(BATCH_ATTRIBUTES.control)],
  ["a delete horizon", "INVALID_RECORD", withAttribute(BATCH_ATTRIBUTES.deleteHorizon)],
  ["append time", "INVALID_TIMESTAMP", withAttribute(BATCH_ATTRIBUTES.logAppendTime)],
  ["base offset 5", "INVALID_RECORD", sound({ baseOffset: 5 })],
  [
    "more offsets than records",
    "INVALID_RECORD",
    withField(BATCH_LAYOUT.lastOffsetDelta, int32(9)),
  ],
  ["more records than offsets", "INVALID_RECORD", withField(BATCH_LAYOUT.recordCount, int32(5))],
  ["no records", "INVALID_RECORD", goldenBatch("java-emptied").fill(0, 0, 8)],
  ["a negative offset delta", "INVALID_RECORD", withField(BATCH_LAYOUT.lastOffsetDelta, MINUS_ONE)],
  [
    "a producer id without a sequence",
    "INVALID_RECORD",
    withField(BATCH_LAYOUT.baseSequence, MINUS_ONE, sound({ producer: PRODUCER })),
  ],
  [
    "a producer id without an epoch",
    "INVALID_RECORD",
    withField(BATCH_LAYOUT.producerEpoch, [0xff, 0xff], sound({ producer: PRODUCER })),
  ],
  ["a transaction without a producer id", "INVALID_RECORD", sound({ isTransactional: true })],
  [
    "records that do not fill the block",
    "INVALID_RECORD",
    withField(
      BATCH_LAYOUT.recordCount,
      int32(2),
      withField(BATCH_LAYOUT.lastOffsetDelta, int32(1)),
    ),
  ],
  [
    "a marker in a client's name",
    "INVALID_RECORD",
    encodeControlBatch({
      type: "commit",
      producerId: 1,
      producerEpoch: 1,
      coordinatorEpoch: 1,
      timestamp: timestamp(1),
    }),
  ],
])("%s is answered with %s", (_, error, bytes) => {
  const verdict = validateProducedBatch(bytes, RULES);

  expect(verdict).toEqual({ error, message: expect.any(String) });
});

test("the size limit counts the batch as it is sent, and is told before damage", () => {
  const bytes = sound();
  bytes[70] = 0x41;

  expect(
    validateProducedBatch(sound(), { ...RULES, batchBytesMax: sound().length }),
  ).toHaveProperty("batch");
  expect(validateProducedBatch(bytes, { ...RULES, batchBytesMax: bytes.length - 1 })).toMatchObject(
    {
      error: "MESSAGE_TOO_LARGE",
    },
  );
});

describe("walking", () => {
  const damagedRecords = () => {
    const bytes = sound();
    bytes[61] = 0x7f;
    return withField(61, [0x7f], bytes);
  };
  const damagedBlock = () => withField(70, [1, 2, 3, 4, 5], sound({ compression: "gzip" }));

  test("finds records that cannot be read; without it the header is believed", () => {
    const walked = validateProducedBatch(damagedRecords(), RULES);
    const unwalked = validateProducedBatch(damagedRecords(), { ...RULES, walk: "none" });

    expect(walked).toMatchObject({ error: "INVALID_RECORD" });
    expect(unwalked).toHaveProperty("batch");
  });

  test("inflates compressed batches", () => {
    const unwalked = validateProducedBatch(damagedBlock(), { ...RULES, walk: "none" });

    expect(validateProducedBatch(damagedBlock(), RULES)).toMatchObject({ error: "INVALID_RECORD" });
    expect(unwalked).toHaveProperty("batch");
  });

  test("stops a bomb at the limit", () => {
    const records = [{ timestamp: 1, value: Buffer.alloc(3_000_000) }];
    const bytes = encodeRecordBatch(records, { compression: "gzip" });

    const verdict = validateProducedBatch(bytes, { ...RULES, decompressedBytesMax: 1_000_000 });

    expect(verdict).toMatchObject({ error: "MESSAGE_TOO_LARGE" });
  });

  test("puts a wrong greatest timestamp right, under a new checksum", () => {
    const last = [0, 0, 0x01, 0x8b, 0xcf, 0xe5, 0x68, 0x01];
    const bytes = withField(BATCH_LAYOUT.maxTimestamp, last);

    const verdict = validateProducedBatch(bytes, RULES);

    expect(verdict.error).toBeUndefined();
    if (verdict.error !== undefined) return;
    expect(verdict.batch.maxTimestamp).toBe(1_700_000_000_014);
    expect(verdict.batch.hasValidChecksum()).toBe(true);
  });

  test.each(["none", "gzip", "snappy", "lz4"] as const)(
    "%s: a claimed time of the far future, which would keep a segment for ever, is put right",
    (compression) => {
      const farFuture = [0, 0x0f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
      const bytes = withField(BATCH_LAYOUT.maxTimestamp, farFuture, sound({ compression }));

      const verdict = validateProducedBatch(bytes, RULES);

      const newest = Math.max(...goldenRecords(4).map((record) => record.timestamp));
      expect(verdict).toMatchObject({ batch: { maxTimestamp: newest } });
      expect(verdict.error === undefined && verdict.batch.hasValidChecksum()).toBe(true);
    },
  );

  test("a compacted topic takes no record without a key, whatever else is walked", () => {
    const rules = { ...RULES, walk: "none", keysRequired: true } as const;
    const keyed = goldenRecords(4).map((record) => ({ ...record, key: "key" }));

    expect(validateProducedBatch(sound(), rules)).toMatchObject({ error: "INVALID_RECORD" });
    expect(validateProducedBatch(encodeRecordBatch(keyed), rules)).toHaveProperty("batch");
  });
});

describe("timestamps", () => {
  const one = (time: number) => encodeRecordBatch([{ timestamp: time, value: "v" }]);
  const bounds = { earliestTimestamp: timestamp(1000), latestTimestamp: timestamp(2000) };

  test.each([
    [999, "INVALID_TIMESTAMP"],
    [1000, undefined],
    [2000, undefined],
    [2001, "INVALID_TIMESTAMP"],
    [-1, undefined],
  ] as const)("%i between 1000 and 2000 gives %s", (time, error) => {
    for (const walk of ["none", "all"] as const) {
      expect(validateProducedBatch(one(time), { ...RULES, ...bounds, walk }).error).toBe(error);
    }
  });

  test("one record out of range refuses the batch, even where the newest is not", () => {
    const bytes = encodeRecordBatch([1500, 10, 1600].map((time) => ({ timestamp: time })));

    const verdict = validateProducedBatch(bytes, { ...RULES, ...bounds });

    expect(verdict).toMatchObject({ error: "INVALID_TIMESTAMP" });
  });

  test.each(["none", "gzip"] as const)(
    "%s: each record at fault is named by its place, the others are not",
    (compression) => {
      const times = [1500, 10, 1600, 2001, -1];
      const bytes = encodeRecordBatch(
        times.map((time) => ({ timestamp: time })),
        { compression },
      );

      const verdict = validateProducedBatch(bytes, { ...RULES, ...bounds });

      expect(verdict).toEqual({
        error: "INVALID_TIMESTAMP",
        message: "record 1: timestamp 10 lies outside 1000 to 2000",
        recordErrors: [
          { batchIndex: 1, message: "timestamp 10 lies outside 1000 to 2000" },
          { batchIndex: 3, message: "timestamp 2001 lies outside 1000 to 2000" },
        ],
      });
    },
  );

  test("a batch full of them names no more than a hundred", () => {
    const bytes = encodeRecordBatch(Array.from({ length: 1_000 }, () => ({ timestamp: 1 })));

    const verdict = validateProducedBatch(bytes, { ...RULES, ...bounds });

    expect(verdict).toMatchObject({ error: "INVALID_TIMESTAMP", recordErrors: { length: 100 } });
  });

  test("a wrong time weighs more than a missing key, and both are named", () => {
    const bytes = encodeRecordBatch([{ timestamp: 1500 }, { timestamp: 1, key: "k" }]);

    const verdict = validateProducedBatch(bytes, { ...RULES, ...bounds, keysRequired: true });

    expect(verdict).toMatchObject({
      error: "INVALID_TIMESTAMP",
      recordErrors: [{ batchIndex: 0 }, { batchIndex: 1 }],
    });
  });

  test("a header's greatest time is nobody's, where the records are looked at", () => {
    const later = [0, 0, 0, 0, 0, 0, 0x0f, 0xff];
    const bytes = withField(BATCH_LAYOUT.maxTimestamp, later, one(1500));

    const verdict = validateProducedBatch(bytes, { ...RULES, ...bounds });

    expect(verdict).toMatchObject({ batch: { maxTimestamp: 1500 } });
  });
});

test.each(["gzip", "snappy", "lz4", "zstd"] as const)(
  "%s: a header that claims 2^31 - 1 records in a few bytes burns no offsets",
  async (compression) => {
    await loadCompression(compression);
    const bytes = encodeRecordBatch([{ timestamp: 1, value: "v" }], { compression });
    bytes.writeInt32BE(0x7fff_ffff, BATCH_LAYOUT.recordCount);
    bytes.writeInt32BE(0x7fff_fffe, BATCH_LAYOUT.lastOffsetDelta);

    expect(validateProducedBatch(withField(0, [], bytes), RULES)).toMatchObject({
      error: "INVALID_RECORD",
    });
  },
);

test("a block of other records than the header counts is refused when walked", () => {
  const block = compress("gzip", sound().subarray(61));
  const batch = sound({ compression: "gzip" });
  const bytes = Buffer.concat([batch.subarray(0, 61), block]);
  bytes.writeInt32BE(bytes.length - 12, BATCH_LAYOUT.batchLength);
  bytes.writeInt32BE(2, BATCH_LAYOUT.recordCount);
  bytes.writeInt32BE(1, BATCH_LAYOUT.lastOffsetDelta);

  expect(validateProducedBatch(withField(0, [], bytes), RULES)).toMatchObject({
    error: "INVALID_RECORD",
  });
});
