import { readFileSync } from "node:fs";
import { join } from "node:path";
import { timestamp } from "@zoolog/base";
import type { CompressionCodec } from "../compression/codecs.ts";
import { encodeControlBatch, readControlRecord } from "./control-batch.ts";
import { encodeRecordBatch } from "./encode-record-batch.ts";
import { RecordBatch } from "./record-batch.ts";
import { decodedFrom, goldenBatch, goldenRecords } from "./sample-records.fixture.ts";

/** The golden files were written by Kafka's own Java library; see testdata/README.md. */
const CODECS: CompressionCodec[] = ["gzip", "snappy", "lz4", "zstd"];
const COMPRESSED = CODECS.flatMap((codec) => [[codec, 40] as const, [codec, 400] as const]);

test.each([["none", 40] as const, ...COMPRESSED])(
  "Java's %s batch of %i records is read",
  (codec, count) => {
    const batch = RecordBatch.parse(goldenBatch(`java-${codec}-${count}`));

    expect(batch.compression).toBe(codec);
    expect(batch.hasValidChecksum()).toBe(true);
    expect([...batch.records()]).toEqual(decodedFrom(goldenRecords(count)));
  },
);

test("a batch has Java's bytes", () => {
  expect(encodeRecordBatch(goldenRecords(40))).toEqual(goldenBatch("java-none-40"));
});

test("an idempotent producer's batch has Java's bytes", () => {
  const producer = { producerId: 4711, producerEpoch: 5, baseSequence: 2_147_483_646 };

  const bytes = encodeRecordBatch(goldenRecords(3), { producer });

  expect(bytes).toEqual(goldenBatch("java-idempotent"));
  expect(RecordBatch.parse(bytes)).toMatchObject({ ...producer, lastSequence: 0 });
});

test("a transactional producer's batch has Java's bytes", () => {
  const producer = { producerId: 2 ** 40, producerEpoch: 32_000, baseSequence: 0 };

  const bytes = encodeRecordBatch(goldenRecords(3), { producer, isTransactional: true });

  expect(bytes).toEqual(goldenBatch("java-transactional"));
  expect(RecordBatch.parse(bytes).isTransactional).toBe(true);
});

test("timestamps far apart have Java's bytes", () => {
  const times = [0, 2 ** 52 - 1, 2 ** 31 - 1, 2 ** 31];

  const bytes = encodeRecordBatch(
    times.map((time, index) => ({ timestamp: time, key: "abcd"[index], value: `${index + 1}` })),
  );

  expect(bytes).toEqual(goldenBatch("java-wide-timestamps"));
  expect([...RecordBatch.parse(bytes).records()].map((record) => record.timestamp)).toEqual(times);
});

test.each([["commit", 9] as const, ["abort", 0] as const])(
  "the marker of a transaction's %s has Java's bytes",
  (type, coordinatorEpoch) => {
    const bytes = encodeControlBatch({
      type,
      producerId: 4711,
      producerEpoch: 5,
      coordinatorEpoch,
      timestamp: timestamp(1_700_000_000_123),
    });

    expect(bytes).toEqual(goldenBatch(`java-${type}`));
    expect(bytes).toHaveLength(78);
    expect(readControlRecord(RecordBatch.parse(bytes))).toEqual({ type, coordinatorEpoch });
  },
);

test("Java's batch with append time is read: every record has it", () => {
  const batch = RecordBatch.parse(goldenBatch("java-append-time"));

  expect(batch.timestampType).toBe("logAppendTime");
  expect(batch.partitionLeaderEpoch).toBe(7);
  expect([...batch.records()].map(({ offset, timestamp }) => [offset, timestamp])).toEqual([
    [100, 1_800_000_000_000],
    [101, 1_800_000_000_000],
  ]);
});

test("a batch that Java's compaction has emptied still moves a reader on", () => {
  const batch = RecordBatch.parse(goldenBatch("java-emptied"));

  expect([...batch.records()]).toEqual([]);
  expect(batch).toMatchObject({
    baseOffset: 500,
    lastOffset: 519,
    nextOffset: 520,
    recordCount: 0,
  });
  expect(batch).toMatchObject({ producerId: 4711, producerEpoch: 5, baseSequence: 10 });
});

test("the worked example of the format's page is what we write", () => {
  const page = readFileSync(join(__dirname, "../../../../docs/formats/record-batch.md"), "utf8");
  const example = page.slice(page.indexOf("## Worked example")).split("```")[1] ?? "";
  const hex = example.replace(/^((?:[0-9a-f]{2} )*[0-9a-f]{2})?.*$/gm, "$1");

  const bytes = encodeRecordBatch(
    [
      { timestamp: 1000, key: "a", value: "hi" },
      { timestamp: 1007, value: null },
    ],
    { baseOffset: 5, partitionLeaderEpoch: 2 },
  );

  expect(bytes).toEqual(Buffer.from(hex.replace(/\s/g, ""), "hex"));
});
