/** The log engine against bare file calls on the same bytes, in a temporary folder. */
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, truncateSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { leaderEpoch, type Offset, silentLogger } from "@zoolog/base";
import { nodeFileSystem, systemClock } from "@zoolog/host";
import { DEFAULT_LOG_CONFIG, Log, type LogConfig, LogDirectory } from "@zoolog/log";
import {
  crc32c,
  encodeRecordBatch,
  loadNativeCrc32c,
  validateProducedBatch,
} from "@zoolog/protocol";
import type { Measurement } from "./harness/measurement.ts";
import { inRounds } from "./harness/rounds.ts";

const BATCH_BYTES = 64 * 1024;
/** Bytes of one round; small enough that the kernel does not throttle the writer. */
const ROUND_BYTES = 256 * 1024 * 1024;
const BATCHES = ROUND_BYTES / BATCH_BYTES;
/** Chunks of one bare write. */
const CHUNKS = 32;
/**
 * Appends that wait at a time, as from many producers: while half of them are being written, the
 * other half is checked and waits, so that one write of the log takes about `CHUNKS` batches, too.
 */
const IN_FLIGHT = 2 * CHUNKS;
const READ_BYTES = 1024 * 1024;
const ROUNDS = 7;

/** Distinct batches, more than are ever in flight. */
function makeBatches(): Buffer[] {
  return Array.from({ length: 2 * IN_FLIGHT }, () => {
    const value = randomBytes(1024);
    const records = Array.from({ length: 62 }, () => ({ timestamp: 1_700_000_000_000, value }));
    return encodeRecordBatch(records);
  });
}

/** Decimal megabytes of `bytes` that `task` goes through in a second. */
async function rateOf(bytes: number, task: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await task();
  return bytes / 1000 / (performance.now() - start);
}

async function withFolder<T>(task: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "zoolog-bench-"));
  try {
    return await task(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function openLog(
  folder: string,
  options: { readonly config?: Partial<LogConfig>; readonly tailCacheBytesMax?: number } = {},
): Promise<Log> {
  const { config = {}, tailCacheBytesMax = 64 * 1024 * 1024 } = options;
  const directory = new LogDirectory(
    { path: folder, limits: { tailCacheBytesMax } },
    { fileSystem: nodeFileSystem, logger: silentLogger },
  );
  return await Log.open(
    {
      topicPartition: { topic: "bench", partition: 0 },
      config: { ...DEFAULT_LOG_CONFIG, ...config },
      shutdown: "unclean",
    },
    { directory, clock: systemClock, logger: silentLogger },
  );
}

/** Keeps `IN_FLIGHT` appends waiting until all batches are written. */
async function appendAll(log: Log, batches: readonly Buffer[]): Promise<void> {
  let next = 0;
  const producer = async (): Promise<void> => {
    while (next < BATCHES) {
      const bytes = batches[next++ % batches.length] as Buffer;
      bytes.fill(0, 0, 8); // As a producer sends it: the last append gave it an offset.
      const verdict = validateProducedBatch(bytes, { batchBytesMax: 1 << 20, walk: "none" });
      if (verdict.error !== undefined) throw new Error(verdict.message);
      await log.append([verdict.batch], { leaderEpoch: leaderEpoch(0) });
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, producer));
}

async function writeAll(file: FileHandle, batches: readonly Buffer[]): Promise<void> {
  let position = 0;
  for (let done = 0; done < BATCHES; done += CHUNKS) {
    const from = done % batches.length;
    const { bytesWritten } = await file.writev(batches.slice(from, from + CHUNKS), position);
    position += bytesWritten;
  }
}

export async function measureAppend(): Promise<Measurement[]> {
  await loadNativeCrc32c();
  const batches = makeBatches();
  const bytes = BATCHES * (batches[0]?.length ?? 0);
  const { log, bare } = await inRounds(
    {
      log: () =>
        withFolder(async (folder) => {
          const log = await openLog(folder);
          const rate = await rateOf(bytes, () => appendAll(log, batches));
          await log.close();
          return rate;
        }),
      bare: () =>
        withFolder(async (folder) => {
          const file = await open(join(folder, "bare"), "w");
          const rate = await rateOf(bytes, () => writeAll(file, batches));
          await file.datasync();
          await file.close();
          return rate;
        }),
    },
    ROUNDS,
  );
  return [
    {
      name: "log append, 64 KiB batches CRC-checked, flush os",
      value: log,
      unit: "MB/s",
      ceiling: { name: "bare vectored write", value: bare },
      bar: { ratioMin: 0.6 },
    },
  ];
}

async function readThrough(log: Log): Promise<void> {
  for (let from = log.logStartOffset; from < log.logEndOffset; ) {
    const read = await log.read({ from, maxBytes: READ_BYTES, minOneBatch: true });
    if (read.error !== undefined || read.nextOffset === from) throw new Error("the read stopped");
    from = read.nextOffset as Offset;
  }
}

/** Reads a file in pieces, each into a buffer of its own: whoever reads gives the bytes away. */
async function readFileThrough(path: string): Promise<void> {
  const file = await open(path, "r");
  for (let position = 0; ; ) {
    const { bytesRead } = await file.read(
      Buffer.allocUnsafeSlow(READ_BYTES),
      0,
      READ_BYTES,
      position,
    );
    if (bytesRead === 0) break;
    position += bytesRead;
  }
  await file.close();
}

export async function measureSequentialRead(): Promise<Measurement[]> {
  await loadNativeCrc32c();
  const batches = makeBatches();
  const bytes = BATCHES * (batches[0]?.length ?? 0);
  return await withFolder(async (folder) => {
    const writer = await openLog(folder);
    await appendAll(writer, batches);
    await writer.close();
    const reader = await openLog(folder, { tailCacheBytesMax: 0 });
    const path = join(reader.folder, "00000000000000000000.log");
    const { log, bare } = await inRounds(
      {
        log: () => rateOf(bytes, () => readThrough(reader)),
        bare: () => rateOf(bytes, () => readFileThrough(path)),
      },
      ROUNDS,
    );
    await reader.close();
    return [
      {
        name: "sequential log read through the index, cold tail cache",
        value: log,
        unit: "MB/s",
        ceiling: { name: "bare read, a buffer per piece", value: bare },
        bar: { ratioMin: 0.6 },
      },
    ];
  });
}

/** What any recovery must do at least: read every byte and sum it up. */
async function sumFile(path: string): Promise<void> {
  const file = await open(path, "r");
  const chunk = Buffer.allocUnsafeSlow(READ_BYTES);
  let sum = 0;
  for (let position = 0; ; ) {
    const { bytesRead } = await file.read(chunk, 0, READ_BYTES, position);
    if (bytesRead === 0) break;
    sum = crc32c(chunk.subarray(0, bytesRead), sum);
    position += bytesRead;
  }
  await file.close();
}

export async function measureRecovery(): Promise<Measurement[]> {
  await loadNativeCrc32c();
  const batches = makeBatches();
  const bytes = BATCHES * (batches[0]?.length ?? 0);
  return await withFolder(async (folder) => {
    const writer = await openLog(folder);
    await appendAll(writer, batches);
    await writer.close();
    const path = join(writer.folder, "00000000000000000000.log");
    let size = bytes;
    const tear = (): void => {
      size -= 1000; // Inside the last batch: each recovery cuts the rest of it.
      truncateSync(path, size);
    };
    const { log, bare } = await inRounds(
      {
        log: async () => {
          tear();
          let recovered: Log | undefined;
          const scanned = size;
          const rate = await rateOf(scanned, async () => {
            recovered = await openLog(folder);
          });
          size = recovered?.sizeInBytes ?? 0;
          if (size === 0 || size >= scanned) throw new Error("the torn tail was not cut");
          await recovered?.close();
          return rate;
        },
        bare: () => rateOf(size, () => sumFile(path)),
      },
      ROUNDS,
    );
    return [
      {
        name: "recovery scan of a torn segment",
        value: log,
        unit: "MB/s",
        ceiling: { name: "bare read with CRC", value: bare },
        bar: { valueMin: 300, ratioMin: 0.5 },
      },
    ];
  });
}
