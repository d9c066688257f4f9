/** What is read for sequential readers before they ask. */
import { deferred, type FileHandle, leaderEpoch, type Offset } from "@zoolog/base";
import { batchOf, LogFixture, readsVia } from "@zoolog/testkit";
import type { LogDirectoryLimits } from "../log-directory.ts";
import { ReadLease } from "./read-lease.ts";

const EPOCH = { leaderEpoch: leaderEpoch(0) };
/** One batch of {@link filledLog}, and no second. */
const PIECE_BYTES = 100;
/** One batch; the log is no shorter with it than it was. */
const OTHER_RECORDS = "01234567".split("");

/** A log of ten batches of one record, on a disk that counts its reads. */
async function filledLog(limits: Partial<LogDirectoryLimits> = {}) {
  const disk = { reads: 0, fault: undefined as Error | undefined, gate: undefined as Gate };
  const counted = async (file: FileHandle, target: Uint8Array, position: number) => {
    disk.reads += 1;
    const { fault } = disk;
    await disk.gate;
    if (fault !== undefined) throw fault;
    return await file.read(target, position);
  };
  const fixture = new LogFixture({
    limits: { tailCacheBytesMax: 0, ...limits },
    wrap: (fileSystem) => readsVia(fileSystem, counted),
  });
  const log = await fixture.open();
  for (let i = 0; i < 10; i++) await log.append([batchOf([`${i}`])], EPOCH);
  const read = async (from: number, maxBytes = PIECE_BYTES, upTo = 10) => {
    const before = disk.reads;
    const limits = { maxBytes, minOneBatch: true, upTo: upTo as Offset };
    const request = { from: from as Offset, ...limits, lease: new ReadLease() };
    const { nextOffset } = (await log.read(request)) as { nextOffset: number };
    return { nextOffset, diskReads: disk.reads - before };
  };
  /** Until what can be read ahead is. */
  const pass = (ms: number) => fixture.time.advanceAndSettle(ms);
  return { fixture, log, disk, read, pass, readAhead: fixture.directory.readAhead! };
}

type Gate = Promise<void> | undefined;

/** At offset 2, where offset 2 is read ahead. */
async function readerAtTwo(limits?: Partial<LogDirectoryLimits>) {
  const filled = await filledLog(limits);
  await filled.read(0);
  await filled.read(1);
  await filled.pass(2);
  return filled;
}

test("a sequential reader finds its next piece in memory", async () => {
  const { read, pass } = await readerAtTwo();

  expect(await read(2)).toEqual({ nextOffset: 3, diskReads: 0 });
  await pass(2);
  expect(await read(3)).toEqual({ nextOffset: 4, diskReads: 0 });
});

test("nothing is read ahead for who does not give his memory back", async () => {
  const { log, readAhead, pass } = await filledLog();
  const request = { maxBytes: PIECE_BYTES, minOneBatch: true };
  for (const from of [0, 1]) await log.read({ from: from as Offset, ...request });

  await pass(2);

  expect(readAhead.reservedBytes).toBe(0);
});

test("a reader who is faster, or goes elsewhere, reads for himself", async () => {
  const { read, pass } = await filledLog();
  await read(0);
  await pass(2);

  // That he goes on is seen only now.
  expect(await read(1)).toEqual({ nextOffset: 2, diskReads: 1 });
  expect(await read(2)).toEqual({ nextOffset: 3, diskReads: 1 });
  await pass(2);
  expect(await read(7)).toEqual({ nextOffset: 8, diskReads: 1 });
});

test.each([
  ["more bytes", 250, 10, 5],
  ["fewer records", PIECE_BYTES, 3, 3],
])("who asks for %s than before is not answered by what was read for less", async (...row) => {
  const [, maxBytes, upTo, nextOffset] = row;
  const { read } = await readerAtTwo();

  expect(await read(2, maxBytes, upTo)).toEqual({ nextOffset, diskReads: 1 });
});

test("whether one batch comes at any size may change from one fetch to the next", async () => {
  const { log, disk } = await readerAtTwo();
  const before = disk.reads;

  const request = { from: 2 as Offset, maxBytes: PIECE_BYTES, minOneBatch: false };
  expect(await log.read(request)).toMatchObject({ nextOffset: 3 });
  expect(disk.reads - before).toBe(0);
});

test("a batch that is too large is handed out to nobody who does not want it at any size", async () => {
  const { log, read, pass } = await filledLog();
  const maxBytes = 10;
  await read(0, maxBytes);
  await read(1, maxBytes);
  await pass(2);

  const request = { from: 2 as Offset, maxBytes, minOneBatch: false };
  expect(await log.read(request)).toMatchObject({ batches: [], nextOffset: 2 });
});

test("nothing is read ahead for a reader of batches that are larger than what it asks for", async () => {
  const { read, pass, readAhead } = await filledLog();
  await read(0, 10);
  await read(1, 10);
  await pass(2);

  expect(readAhead.reservedBytes).toBe(0);
});

test("no piece is larger than what is reserved for it", async () => {
  const { log, read, pass } = await filledLog();
  await log.append([batchOf(Array.from({ length: 50 }, String))], EPOCH);
  await read(8, PIECE_BYTES, 60);
  await read(9, PIECE_BYTES, 60);
  await pass(2);

  expect(await read(10, PIECE_BYTES, 60)).toEqual({ nextOffset: 60, diskReads: 1 });
});

test("what a truncation took is not handed out", async () => {
  const { log, read } = await readerAtTwo();

  await log.truncateTo(2 as Offset);
  await log.append([batchOf(OTHER_RECORDS)], EPOCH);

  expect(await read(2)).toMatchObject({ nextOffset: 10 });
});

test("a piece that is being read when the log is cut is not handed out", async () => {
  const { log, disk, read, pass } = await filledLog();
  await read(0);
  await read(1);
  const gate = deferred<void>();
  disk.gate = gate.promise;
  await pass(2);
  disk.gate = undefined;

  await log.truncateTo(2 as Offset);
  await log.append([batchOf(OTHER_RECORDS)], EPOCH);
  gate.resolve();

  expect(await read(2)).toMatchObject({ nextOffset: 10 });
});

test("a disk that fails while nobody waits takes nothing offline, but who asks finds it out", async () => {
  const { log, disk, read, pass } = await filledLog();
  await read(0);
  await read(1);
  disk.fault = Object.assign(new Error("EIO: broken"), { code: "EIO" });
  await pass(2);

  expect(log.failure).toBeUndefined();
  await expect(read(2)).rejects.toMatchObject({ code: "KAFKA_STORAGE_ERROR" });
});

test("memory is given back by readers who do not come back", async () => {
  const { readAhead, read, pass } = await readerAtTwo();
  expect(readAhead.reservedBytes).toBe(PIECE_BYTES);

  await pass(1_000);

  expect(readAhead.reservedBytes).toBe(0);
  expect(await read(2)).toEqual({ nextOffset: 3, diskReads: 1 });
});

test("readers for whom there is no memory read for themselves", async () => {
  const { readAhead, read, pass } = await readerAtTwo({ readAheadBytesMax: PIECE_BYTES });
  await read(5);
  await read(6);
  await pass(2);

  expect(readAhead.reservedBytes).toBe(PIECE_BYTES);
  expect(await read(7)).toMatchObject({ diskReads: 1 });
  expect(await read(2)).toMatchObject({ diskReads: 0 });
});

test("closing waits for what is being read, and nothing is begun any more", async () => {
  const { readAhead, disk, read, pass } = await filledLog();
  await read(0);
  await read(1);
  const gate = deferred<void>();
  disk.gate = gate.promise;
  await pass(2);
  let isClosed = false;

  const closing = readAhead.close().then(() => {
    isClosed = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  expect(isClosed).toBe(false);
  disk.gate = undefined;
  gate.resolve();
  await closing;

  await read(2);
  expect(readAhead.reservedBytes).toBe(0);
});
