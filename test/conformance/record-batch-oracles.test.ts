/**
 * Our record batches against two independent codecs: kafkajs and @platformatic/kafka. Each reads
 * what we write and we read what they write, in every codec they have; without compression the
 * bytes are equal. (Kafka's own Java library wrote the golden files of packages/protocol.)
 */
import { execFileSync } from "node:child_process";
import {
  type CompressionCodec,
  type DecodedRecord,
  encodeRecordBatch,
  loadCompression,
  RecordBatch,
  type RecordInput,
  splitBatches,
} from "@zoolog/protocol";

const PRODUCER = { producerId: 4711, producerEpoch: 3, baseSequence: 12 };
const BASE_TIMESTAMP = 1_700_000_000_000;

/** Null keys and values, text beyond ASCII, headers, and times that go back. */
const RECORDS: readonly RecordInput[] = Array.from({ length: 60 }, (_, index) => ({
  timestamp: BASE_TIMESTAMP + (index % 4 === 3 ? -index * 50 : index * 1000),
  key: index % 3 === 0 ? null : `schlüssel-${index}`,
  value: index % 7 === 0 ? null : `value ${index} `.repeat((index * 11) % 90),
  headers:
    index % 5 === 0
      ? [
          { key: "trace", value: `id-${index}` },
          { key: "größe", value: Buffer.from([0, 255, index]) },
        ]
      : [],
}));
const MAX_TIMESTAMP = Math.max(...RECORDS.map((record) => record.timestamp));

/** What crosses the border to an oracle: base64 for bytes. */
type PlainRecord = {
  readonly timestamp: number;
  readonly key: string | null;
  readonly value: string | null;
  readonly headers: readonly (readonly [string, string])[];
};

const base64 = (data: Uint8Array | string | null | undefined) =>
  data === null || data === undefined ? null : Buffer.from(data).toString("base64");

const plainInput = ({ timestamp, key, value, headers }: RecordInput): PlainRecord => ({
  timestamp,
  key: base64(key),
  value: base64(value),
  headers: (headers ?? []).map((header) => [header.key, base64(header.value) ?? ""] as const),
});
const plainDecoded = ({ timestamp, key, value, headers }: DecodedRecord): PlainRecord =>
  plainInput({ timestamp, key, value, headers });

const PLAIN = RECORDS.map(plainInput);

const ours = (compression: CompressionCodec) =>
  encodeRecordBatch(RECORDS, { compression, producer: PRODUCER, partitionLeaderEpoch: 0 });

const readByUs = (bytes: Buffer) => {
  const batches = [...splitBatches(bytes)];
  expect(batches.every((batch) => batch.hasValidChecksum())).toBe(true);
  return batches.flatMap((batch) => [...batch.records()].map(plainDecoded));
};

beforeAll(() => loadCompression("zstd"));

describe("kafkajs", () => {
  const codecs = [
    ["none", 0],
    ["gzip", 1],
  ] as const;

  test.each(codecs)("reads our %s batch", async (codec) => {
    expect(await readByKafkajs(ours(codec))).toEqual(PLAIN);
  });

  test.each(codecs)("writes a %s batch that we read", async (_, number) => {
    expect(readByUs(await writtenByKafkajs(number))).toEqual(PLAIN);
  });

  test("writes the same bytes without compression", async () => {
    expect(await writtenByKafkajs(0)).toEqual(ours("none"));
  });
});

describe("@platformatic/kafka", () => {
  const codecs = ["none", "gzip", "snappy", "lz4"] as const;

  test("reads our batches of every codec it has, but for snappy as Java frames it", () => {
    const readable = codecs.filter((codec) => codec !== "snappy");
    const answers = runPlatformatic(readable.map((codec) => ({ read: base64(ours(codec)) })));

    for (const answer of answers) expect(answer).toEqual(PLAIN);
  });

  test("writes batches of every codec it has that we read, the same bytes without one", () => {
    const answers = runPlatformatic(codecs.map((codec) => ({ write: PLAIN, codec })));

    const batches = answers.map((answer) => Buffer.from(answer as string, "base64"));
    expect(batches.map((bytes) => RecordBatch.parse(bytes).compression)).toEqual(codecs);
    for (const bytes of batches) expect(readByUs(bytes)).toEqual(PLAIN);
    expect(batches[0]).toEqual(ours("none"));
  });
});

/** kafkajs takes header values of the same key as a list, and a null header value not at all. */
function headersOf(record: RecordInput): Record<string, Uint8Array> {
  const entries = (record.headers ?? []).map(({ key, value }) => [key, Buffer.from(value ?? "")]);
  return Object.fromEntries(entries) as Record<string, Uint8Array>;
}

type KafkajsEncoder = { readonly buffer: Buffer };
type KafkajsRecord = {
  readonly timestamp: string;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: Record<string, Buffer>;
};

async function writtenByKafkajs(compression: number): Promise<Buffer> {
  const { RecordBatch: write } = require("kafkajs/src/protocol/recordBatch/v0") as {
    RecordBatch: (options: object) => Promise<KafkajsEncoder>;
  };
  const writeRecord = require("kafkajs/src/protocol/recordBatch/record/v0") as (
    options: object,
  ) => KafkajsEncoder;
  const records = RECORDS.map((record, offsetDelta) =>
    writeRecord({
      offsetDelta,
      timestampDelta: record.timestamp - BASE_TIMESTAMP,
      key: record.key ?? null,
      value: record.value ?? null,
      headers: headersOf(record),
    }),
  );
  const batch = await write({
    compression,
    firstTimestamp: BASE_TIMESTAMP,
    maxTimestamp: MAX_TIMESTAMP,
    producerId: PRODUCER.producerId,
    producerEpoch: PRODUCER.producerEpoch,
    firstSequence: PRODUCER.baseSequence,
    lastOffsetDelta: RECORDS.length - 1,
    records,
  });
  return batch.buffer;
}

async function readByKafkajs(bytes: Buffer): Promise<PlainRecord[]> {
  const Decoder = require("kafkajs/src/protocol/decoder") as new (bytes: Buffer) => object;
  const read = require("kafkajs/src/protocol/recordBatch/v0/decoder") as (
    decoder: object,
  ) => Promise<{ records: KafkajsRecord[] }>;
  const { records } = await read(new Decoder(bytes));
  return records.map(({ timestamp, key, value, headers }) => ({
    timestamp: Number(timestamp),
    key: base64(key),
    value: base64(value),
    headers: Object.entries(headers).map(([name, data]) => [name, base64(data) ?? ""] as const),
  }));
}

/** It is an ES module, which this test runner cannot load: so it works in a process of its own. */
const PLATFORMATIC = `${__dirname}/platformatic-codec.mjs`;

function runPlatformatic(tasks: readonly object[]): unknown[] {
  const answer = execFileSync(process.execPath, [PLATFORMATIC], {
    input: JSON.stringify({ tasks, producer: PRODUCER }),
    timeout: 30_000,
  });
  return JSON.parse(answer.toString()) as unknown[];
}
