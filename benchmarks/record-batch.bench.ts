import {
  BatchCursor,
  type CompressionCodec,
  compress,
  crc32c,
  decompress,
  encodeRecordBatch,
  loadCompression,
  loadNativeCrc32c,
  RecordBatch,
  RecordBatchBuilder,
  validateProducedBatch,
} from "@zoolog/protocol";
import type { Measurement } from "./harness/measurement.ts";

const BATCH_BYTES = 64 * 1024;
/** Runs per measurement; the median counts. */
const RUNS = 7;
const RUN_MS = 60;

/** Record batches in memory: how fast they are made and read, against copying the same bytes. */
export async function measureRecordBatches(): Promise<Measurement[]> {
  await loadNativeCrc32c();
  await loadCompression("zstd");
  return [
    ...[100, 1024].flatMap((valueBytes) => measureRecords(valueBytes)),
    ...measureScan(),
    ...(["gzip", "snappy", "lz4", "zstd"] as const).flatMap(measureCodec),
  ];
}

function measureRecords(valueBytes: number): Measurement[] {
  const count = Math.floor(BATCH_BYTES / (valueBytes + 10));
  const text = "The quick brown fox jumps over the lazy dog. ".repeat(30).slice(0, valueBytes);
  const value = Buffer.from(text);
  const timestamp = 1_700_000_000_000;
  const record = { timestamp, value };
  const textRecord = { timestamp, value: text };
  const target = Buffer.allocUnsafeSlow(BATCH_BYTES * 2);

  const copyRate = recordsPerSecond(count, () => {
    for (let i = 0, at = 0; i < count; i++, at += valueBytes) target.set(value, at);
  });
  const encode = (input: typeof record | typeof textRecord) =>
    recordsPerSecond(count, () => {
      const builder = new RecordBatchBuilder({ buffer: target });
      for (let i = 0; i < count; i++) builder.append(input);
      builder.build();
    });
  const bytes = Buffer.from(encodeRecordBatch(Array<typeof record>(count).fill(record)));
  const batch = RecordBatch.parse(bytes);
  const viewRate = recordsPerSecond(count, () => {
    for (let i = 0, at = 61; i < count; i++, at += valueBytes) {
      consume(bytes.subarray(at, at + valueBytes).length);
    }
  });
  const decode = () =>
    recordsPerSecond(count, () => {
      for (const { value } of batch.records()) consume(value === null ? 0 : value.length);
    });
  const walk = () => recordsPerSecond(count, () => walkAll(batch));
  const rules = { batchBytesMax: BATCH_BYTES * 2, walk: "all" } as const;
  const validate = () => recordsPerSecond(count, () => validateProducedBatch(bytes, rules));

  const copying = { name: "copying the values", value: copyRate };
  const viewing = { name: "one view per value", value: viewRate };
  const name = (what: string) => `${what}, ${valueBytes} B records`;
  return [
    against(name("encode buffers"), encode(record), copying),
    against(name("encode texts"), encode(textRecord), copying),
    against(name("decode"), decode(), viewing),
    { name: name("walk without objects"), value: walk(), unit: "records/s" },
    { name: name("validate as leader"), value: validate(), unit: "records/s" },
  ];
}

/** A segment of 64 KiB batches in memory: cursor and checksums against the checksums alone. */
function measureScan(): Measurement[] {
  const record = { timestamp: 1_700_000_000_000, value: Buffer.alloc(1024, "log line ") };
  const one = encodeRecordBatch(Array<typeof record>(62).fill(record));
  const segment = Buffer.concat(Array<Buffer>(128).fill(one));
  const cursor = new BatchCursor();
  const bare = bytesPerSecond(segment.length, () => {
    for (let at = 0; at < segment.length; at += one.length) {
      consume(crc32c(segment.subarray(at, at + one.length)));
    }
  });
  const scan = bytesPerSecond(segment.length, () => {
    for (let at = 0; cursor.look(segment, at) === "whole"; at += cursor.sizeInBytes) {
      consume(cursor.checksumMatches() ? 1 : 0);
    }
  });
  const ceiling = { name: "checksums alone", value: bare };
  const bar = { ratioMin: 0.5 };
  return [{ name: "scan with checksums", value: scan, unit: "MB/s", ceiling, bar }];
}

function measureCodec(codec: CompressionCodec): Measurement[] {
  const block = Buffer.from(
    Array.from({ length: 700 }, (_, i) => {
      const hash = Math.imul(i, 2_654_435_761) >>> 0;
      return `${1_700_000_000_000 + i * 37} INFO partition orders-${hash % 64} offset=${hash}\n`;
    }).join(""),
  );
  const compressed = compress(codec, block);
  const ratio = block.length / compressed.length;
  return [
    {
      name: `${codec} compress (${ratio.toFixed(1)}:1)`,
      value: bytesPerSecond(block.length, () => compress(codec, block)),
      unit: "MB/s",
    },
    {
      name: `${codec} decompress`,
      value: bytesPerSecond(block.length, () => decompress(codec, compressed)),
      unit: "MB/s",
    },
  ];
}

function walkAll(batch: RecordBatch): void {
  const cursor = batch.cursor();
  while (cursor.next()) consume(cursor.offsetDelta);
}

function against(
  name: string,
  value: number,
  ceiling: { readonly name: string; readonly value: number },
): Measurement {
  return { name, value, unit: "records/s", ceiling };
}

const recordsPerSecond = (count: number, action: () => void): number => count * rate(action);

const bytesPerSecond = (bytes: number, action: () => void): number => (bytes * rate(action)) / 1e6;

/** Median calls per second. */
function rate(action: () => void): number {
  const rates = Array.from({ length: RUNS }, () => {
    const start = performance.now();
    let calls = 0;
    let elapsed = 0;
    for (; elapsed < RUN_MS; elapsed = performance.now() - start) {
      for (let i = 0; i < 10; i++) action();
      calls += 10;
    }
    return (calls * 1000) / elapsed;
  });
  return rates.sort((a, b) => a - b)[RUNS >> 1] as number;
}

/** Keeps the optimiser from dropping what a benchmark computes. */
let consumed = 0;
function consume(value: number): void {
  consumed = (consumed + value) | 0;
}
