import { type FileSystem, ZoologError } from "@zoolog/base";
import { encodeRecordBatch, RecordBatch, splitBatches } from "@zoolog/protocol";
import type { Log } from "../../../packages/log/src/log.ts";
import { EPOCH, NEW, ORDERS, setUp } from "../../../packages/log/src/log-manager.fixture.ts";
import {
  BrokenRule,
  type Door,
  type FuzzTarget,
  mustHold,
  type Outcome,
  refusal,
} from "../fuzz-target.ts";

const FOLDER = "/data";
const BATCHES = 24;
/** Virtual: who waits for a lock, or for the disk, waits less. */
const PATIENCE_MS = 60_000;
const CONFIG = { segmentBytes: 700, indexIntervalBytes: 120, retentionMs: undefined };
const OWN = { ...NEW, config: { ...NEW.config, ...CONFIG } };

export const dataFolder: FuzzTarget = {
  name: "data-folder",
  row: "F-01",
  about: "a data folder with one file replaced: what is read is what was written, or a refusal",
  inputBytesMax: 2_048,
  smokeExecutions: 250,
  slowMs: 2_000,
  // What segments are scanned through.
  allocationSlackBytes: 2 * 1024 * 1024,
  async open(): Promise<Door> {
    const folders = [await sampleFolder("inOrder"), await sampleFolder("processDied")];
    const seeds = folders.flatMap((files, f) =>
      files.map(({ contents }, i) => Buffer.concat([Buffer.of(f, i), contents])),
    );
    return { seeds, words: WORDS, execute: (input) => executeWith(folders, input) };
  },
};

const WORDS = ["0\n", "1\n", "orders 0 12\n", "0 0\n", "pending", "version=0\n", "99999999999"].map(
  (word) => Buffer.from(word),
);

type DataFile = { readonly path: string; readonly contents: Buffer };

const writtenAt = (offset: number): string => `value ${offset} ${"x".repeat(offset % 40)}`;

/** A log of several segments, closed in order or left by a process that died. */
async function sampleFolder(end: "inOrder" | "processDied"): Promise<DataFile[]> {
  const { open, disk } = setUp();
  const manager = await open();
  const log = await manager.getOrCreate(ORDERS, OWN);
  for (let i = 0; i < BATCHES; i++) {
    const records = [{ timestamp: 1_000 + i, value: writtenAt(i) }];
    const producer = { producerId: 7, producerEpoch: 0, baseSequence: i };
    await log.append([RecordBatch.parse(encodeRecordBatch(records, { producer }))], EPOCH);
  }
  log.updateHighWatermark(log.logEndOffset);
  await log.flush();
  if (end === "inOrder") await manager.close();
  const fileSystem = disk.mount();
  const paths = disk.paths().filter((path) => !path.endsWith(".tmp"));
  const files: DataFile[] = [];
  for (const path of paths) {
    const { kind } = await fileSystem.stat(path);
    if (kind === "file") {
      files.push({ path, contents: Buffer.from(await fileSystem.readFile(path)) });
    }
  }
  if (end === "inOrder") return files;
  await manager.close();
  // As if nothing had been synced: everything is scanned at the start.
  return files.map((file) =>
    file.path.endsWith("/recovery-point-offset-checkpoint")
      ? { ...file, contents: Buffer.from("0\n1\norders 0 0\n") }
      : file,
  );
}

async function executeWith(folders: readonly DataFile[][], input: Buffer): Promise<Outcome> {
  const folder = (input[0] ?? 0) % folders.length;
  const files = folders[folder] ?? [];
  const chosen = (input[1] ?? 0) % files.length;
  const { open, disk, crash, time } = setUp();
  const damaged = files.map((file, i) =>
    i === chosen ? { ...file, contents: input.subarray(2) } : file,
  );
  await write(disk.mount(), damaged);
  crash(folder === 1 && (input[0] ?? 0) >= 128 ? "power" : "process");
  const check = async (log: Log): Promise<Outcome> => {
    if (folder === 0) return await checkRecords(log);
    // Of a process that died everything is scanned at the start: what is believed can be read.
    try {
      return await checkRecords(log);
    } catch (error) {
      if (!(error instanceof ZoologError)) throw error;
      throw new BrokenRule(`it opened, and is not read: ${error.code} ${error.message}`);
    }
  };
  const opened = await time.outcome(outcomeOf(open, check), PATIENCE_MS);
  return `${folder} ${chosen} ${opened}`;
}

type Open = ReturnType<typeof setUp>["open"];

/** Opens, reads everything, appends, closes: all of it, or a refusal on the way. */
async function outcomeOf(open: Open, use: (log: Log) => Promise<Outcome>): Promise<Outcome> {
  try {
    const manager = await open();
    try {
      const log = await manager.getOrCreate(ORDERS, OWN);
      const outcome = await use(log);
      const batch = RecordBatch.parse(encodeRecordBatch([{ timestamp: 1, value: "next" }]));
      const { baseOffset } = await log.append([batch], EPOCH);
      mustHold(baseOffset + 1 === log.logEndOffset, "it goes on at its end");
      return outcome;
    } finally {
      await manager.close();
    }
  } catch (error) {
    return refusal(error);
  }
}

/** Records in a row, each where it was written. */
async function checkRecords(log: Log): Promise<Outcome> {
  const { logStartOffset, logEndOffset } = log;
  mustHold(logStartOffset <= logEndOffset && logEndOffset <= BATCHES, "no offsets out of nothing");
  let next: number = logStartOffset;
  while (next < logEndOffset) {
    const read = await log.read({
      from: next as typeof logStartOffset,
      maxBytes: 400,
      minOneBatch: true,
    });
    if ("error" in read) throw new ZoologError({ code: String(read.error), message: "read" });
    const batches = read.batches.flatMap((bytes) => [...splitBatches(Buffer.from(bytes))]);
    mustHold(batches.length > 0, () => `nothing is read at ${next}`);
    for (const batch of batches) {
      for (const { offset, value } of batch.records()) {
        const wanted = offset === next && value?.toString() === writtenAt(offset);
        mustHold(wanted, () => `offset ${next} reads as ${offset} ${value}`);
        next = offset + 1;
      }
    }
  }
  return `${logStartOffset} to ${logEndOffset}`;
}

async function write(fileSystem: FileSystem, files: readonly DataFile[]): Promise<void> {
  for (const { path, contents } of files) {
    await fileSystem.makeDirectory(path.slice(0, path.lastIndexOf("/")));
    const file = await fileSystem.open(path, "create");
    await file.write([contents], 0);
    await file.datasync();
    await file.close();
  }
  for (const folder of ["/", FOLDER, `${FOLDER}/orders-0`]) await fileSystem.syncDirectory(folder);
}
