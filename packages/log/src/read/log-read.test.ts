import { deferred, type FileHandle, leaderEpoch, type Offset, timestamp } from "@zoolog/base";
import { splitBatches } from "@zoolog/protocol";
import { batchOf, LogFixture, type LogFixtureOptions, readAll, readsVia } from "@zoolog/testkit";
import type { Log } from "../log.ts";

const EPOCH = { leaderEpoch: leaderEpoch(0) };
/** No batch stays in memory: every read goes to the disk. */
const NO_CACHE: LogFixtureOptions = { limits: { tailCacheBytesMax: 0 } };
const LOG_PATH = "/data/orders-0/00000000000000000000.log";

const at = (value: number) => value as Offset;
const append = (log: Log, ...values: string[]) => log.append([batchOf(values)], EPOCH);
const read = async (
  log: Log,
  from: number,
  options: { maxBytes?: number; upTo?: number; minOneBatch?: boolean } = {},
) => {
  const { maxBytes = 1 << 20, minOneBatch = true, upTo } = options;
  const result = await log.read({
    from: at(from),
    maxBytes,
    minOneBatch,
    ...(upTo === undefined ? {} : { upTo: at(upTo) }),
  });
  if (result.error !== undefined) throw new Error(result.error);
  return result;
};

/** Three batches of two records. */
async function threeBatches(options: LogFixtureOptions = {}) {
  const fixture = new LogFixture(options);
  const log = await fixture.open();
  for (const pair of [
    ["a", "b"],
    ["c", "d"],
    ["e", "f"],
  ])
    await append(log, ...pair);
  return { fixture, log };
}

describe.each([
  ["from the tail cache", {}],
  ["from the disk", NO_CACHE],
] as const)("%s", (_, options) => {
  test("the batch that contains the offset comes first", async () => {
    const { log } = await threeBatches(options);

    const found = await read(log, 3);

    expect(found.startOffset).toBe(2);
    expect(found.nextOffset).toBe(6);
    const batches = found.batches.flatMap((bytes) => [...splitBatches(bytes)]);
    expect(batches.map(({ baseOffset }) => baseOffset)).toEqual([2, 4]);
  });

  test("only whole batches that fit are answered", async () => {
    const { log } = await threeBatches(options);
    const size = (await read(log, 0, { upTo: 2 })).sizeInBytes;

    expect((await read(log, 0, { maxBytes: 2 * size - 1 })).nextOffset).toBe(2);
    expect((await read(log, 0, { maxBytes: 2 * size })).nextOffset).toBe(4);
  });

  test("the first batch is answered even when it is larger, if asked for", async () => {
    const { log } = await threeBatches(options);

    expect((await read(log, 2, { maxBytes: 1 })).nextOffset).toBe(4);
    const nothing = await read(log, 2, { maxBytes: 1, minOneBatch: false });
    expect(nothing).toMatchObject({ batches: [], sizeInBytes: 0, startOffset: 2, nextOffset: 2 });
  });

  test("nothing at or above the upper bound is shown", async () => {
    const { log } = await threeBatches(options);

    expect((await read(log, 0, { upTo: 4 })).nextOffset).toBe(4);
    expect((await read(log, 4, { upTo: 4 })).batches).toEqual([]);
    expect((await read(log, 5, { upTo: 4 })).batches).toEqual([]);
  });

  test("at the log's end there is nothing yet, beyond it the offset is out of range", async () => {
    const { log } = await threeBatches(options);
    await log.deleteBefore(at(2));

    expect((await read(log, 6)).batches).toEqual([]);
    const range = { error: "OFFSET_OUT_OF_RANGE", logStartOffset: 2, logEndOffset: 6 };
    const request = { maxBytes: 100, minOneBatch: true };
    expect(await log.read({ from: at(7), ...request })).toEqual(range);
    expect(await log.read({ from: at(1), ...request })).toEqual(range);
  });
});

test("what was appended last is read without the disk", async () => {
  const { fixture, log } = await threeBatches();
  const operations = fixture.disk.record();

  await read(log, 0);
  await read(log, 5);

  expect(operations).toEqual([]);
});

test("all partitions share one budget of cached bytes, and the oldest batches go first", async () => {
  // Room for four batches, each in a slab of its own.
  const { fixture, log } = await threeBatches({ limits: { tailCacheBytesMax: 320 } });
  await append(log, "g", "h");
  await append(log, "i", "j");
  expect(fixture.directory.tailBudget.sizeInBytes).toBeLessThanOrEqual(320);
  const operations = fixture.disk.record(/\.log$/);

  await read(log, 2);
  expect(operations).toEqual([]);
  await read(log, 0);
  expect(operations).not.toEqual([]);
});

test("a batch cut out of a large buffer does not keep that buffer in memory", async () => {
  const fixture = new LogFixture();
  const log = await fixture.open();
  const batch = batchOf(["a"]);
  const large = Buffer.alloc(1 << 20);
  batch.bytes.copy(large, 1000);
  const [inside] = splitBatches(large.subarray(1000, 1000 + batch.sizeInBytes));

  await log.append([inside!], EPOCH);

  const [bytes] = (await read(log, 0)).batches;
  expect(bytes!.buffer.byteLength).toBeLessThan(1 << 20);
});

test("reads run from segment to segment", async () => {
  const fixture = new LogFixture({ ...NO_CACHE, config: { segmentBytes: 250 } });
  const log = await fixture.open();
  for (let i = 0; i < 20; i++) await append(log, `${i}`);
  await log.flush();

  expect(log.segmentCount).toBeGreaterThan(5);
  expect((await readAll(log)).map(([, value]) => value)).toEqual(
    Array.from({ length: 20 }, (_, i) => `${i}`),
  );
});

test("more partitions' files than may be open take turns", async () => {
  const fixture = new LogFixture({
    config: { segmentBytes: 250 },
    limits: { tailCacheBytesMax: 0, openFilesMax: 2 },
  });
  const log = await fixture.open();
  for (let i = 0; i < 30; i++) await append(log, `${i}`);

  const all = await Promise.all([readAll(log), readAll(log, { from: 15 }), readAll(log)]);

  expect(all.map((records) => records.length)).toEqual([30, 15, 30]);
  expect(fixture.directory.volume.files.openFiles).toBeLessThanOrEqual(2);
});

test("a read that a truncation overtakes never mixes old and new batches", async () => {
  let torn: { gate: Promise<void>; begun: () => void } | undefined;
  /** Reads happen in two halves, with whatever in between. */
  const inHalves = async (file: FileHandle, target: Uint8Array, position: number) => {
    const half = target.length >> 1;
    const first = await file.read(target.subarray(0, half), position);
    const pause = torn;
    torn = undefined;
    pause?.begun();
    await pause?.gate;
    return first + (await file.read(target.subarray(half), position + half));
  };
  const fixture = new LogFixture({
    ...NO_CACHE,
    wrap: (fileSystem) => readsVia(fileSystem, inHalves),
  });
  const log = await fixture.open();
  for (const value of ["a", "b", "c", "d"]) await append(log, `old ${value}`);
  const [gate, begun] = [deferred<void>(), deferred<void>()];
  torn = { gate: gate.promise, begun: begun.resolve };

  const reading = readAll(log);
  await begun.promise;
  await log.truncateTo(at(0));
  for (const value of ["a", "b", "c", "d"]) await append(log, `new ${value}`);
  gate.resolve();

  const ages = new Set((await reading).map(([, value]) => value.slice(0, 3)));
  expect([...ages]).toEqual(["new"]);
  expect(log.failure).toBeUndefined();
});

test("a read of a segment that retention removes meanwhile is out of range, not an error", async () => {
  const config = { segmentBytes: 100, retentionMs: undefined };
  const fixture = new LogFixture({ ...NO_CACHE, config });
  const log = await fixture.open();
  for (let i = 0; i < 5; i++) await append(log, `${i}`);
  await log.flush();
  const hold = fixture.disk.hold("open", /0000\.log$/);
  await fixture.directory.volume.files.evict(log.folder);

  const reading = log.read({ from: at(0), maxBytes: 100, minOneBatch: true });
  await new Promise((resolve) => setImmediate(resolve));
  log.updateHighWatermark(at(5));
  log.configure({ ...log.config, retentionBytes: 0 });
  const retention = log.applyRetention();
  await new Promise((resolve) => setImmediate(resolve));
  hold.release();

  expect(await retention).toBe(4);
  expect(await reading).toMatchObject({ error: "OFFSET_OUT_OF_RANGE" });
  expect(log.failure).toBeUndefined();
});

describe("damage that a read finds", () => {
  test("takes the partition offline, and changes no byte of it", async () => {
    const { fixture, log } = await threeBatches(NO_CACHE);
    await log.flush();
    const corrupt = Buffer.from(fixture.disk.contents(LOG_PATH));
    corrupt[corrupt.length - 2]! ^= 8;
    fixture.disk.corrupt(LOG_PATH, () => corrupt);

    expect((await read(log, 0, { upTo: 4 })).nextOffset).toBe(4);
    await expect(read(log, 4)).rejects.toMatchObject({
      code: "KAFKA_STORAGE_ERROR",
      cause: { code: "CORRUPT_MESSAGE", message: expect.stringContaining("offset 4") },
    });
    await expect(append(log, "g")).rejects.toMatchObject({ code: "KAFKA_STORAGE_ERROR" });

    expect(fixture.disk.contents(LOG_PATH)).toEqual(corrupt);
  });

  test("is served up to the sound batch before it", async () => {
    const { fixture, log } = await threeBatches(NO_CACHE);
    fixture.disk.flipBit(LOG_PATH, fixture.disk.contents(LOG_PATH).length - 1, 0);

    expect((await read(log, 0)).nextOffset).toBe(4);
    expect(log.failure).toBeUndefined();
  });

  test("may be a file that was cut", async () => {
    const { fixture, log } = await threeBatches(NO_CACHE);
    fixture.disk.corrupt(LOG_PATH, (bytes) => bytes.subarray(0, bytes.length - 10));

    await expect(read(log, 4)).rejects.toMatchObject({ cause: { code: "CORRUPT_MESSAGE" } });
  });

  test("may be a segment that is missing between two others", async () => {
    const fixture = new LogFixture({ ...NO_CACHE, config: { segmentBytes: 100 } });
    const log = await fixture.open();
    for (let i = 0; i < 4; i++) await append(log, `${i}`);
    const again = await fixture.restart(log);
    await fixture.disk.mount().remove("/data/orders-0/00000000000000000001.log");
    await fixture.directory.volume.files.evict(again.folder);

    await expect(readAll(again)).rejects.toMatchObject({ cause: { code: "ENOENT" } });
  });

  test("may be an error of the disk", async () => {
    const { fixture, log } = await threeBatches(NO_CACHE);
    fixture.disk.inject({ effect: "EIO", operations: ["read"], path: /\.log$/ });

    await expect(read(log, 0)).rejects.toMatchObject({
      code: "KAFKA_STORAGE_ERROR",
      cause: { code: "EIO" },
    });
    expect(log.failure).toBeDefined();
  });

  test("is not a process that may open no more files: that passes", async () => {
    const { fixture, log } = await threeBatches(NO_CACHE);
    await fixture.directory.volume.files.evict(log.folder);
    const fault = fixture.disk.inject({ effect: "EMFILE", operations: ["open"], sticky: true });

    await expect(read(log, 0)).rejects.toMatchObject({
      code: "TOO_MANY_OPEN_FILES",
      retriable: true,
    });
    fault.remove();
    expect((await read(log, 0)).nextOffset).toBe(6);
  });
});

describe("an index that lies", () => {
  const INDEX_PATH = "/data/orders-0/00000000000000000000.index";
  const TIME_INDEX_PATH = "/data/orders-0/00000000000000000000.timeindex";

  /** A closed segment of twelve batches with an index entry for all but the first. */
  async function closedSegment() {
    const fixture = new LogFixture({ ...NO_CACHE, config: { indexIntervalBytes: 1 } });
    const log = await fixture.open();
    for (let i = 0; i < 12; i++) {
      await log.append([batchOf([`${i}`], 1_000 + i * 10)], EPOCH);
    }
    await log.roll();
    await append(log, "next segment");
    return { fixture, log: await fixture.restart(log) };
  }
  const all = [...Array.from({ length: 12 }, (_, i) => `${i}`), "next segment"];

  /** Overwrites the integer at a position. */
  const put = (value: number, position: number) => (bytes: Buffer) => {
    bytes.writeInt32BE(value, position < 0 ? bytes.length + position : position);
    return bytes;
  };
  const fill = (value: number, from?: number, to?: number) => (bytes: Buffer) =>
    bytes.fill(value, from, to);

  const lies: [string, (bytes: Buffer) => Buffer][] = [
    ["is gone", () => Buffer.alloc(0)],
    ["is cut inside an entry", (bytes) => bytes.subarray(0, 13)],
    ["points into the middle of a batch", put(75, 4)],
    ["points past the end", put(99_999, -4)],
    ["points to a later batch", put(3 * 69, 4)],
    ["names another offset", put(0, 0)],
    ["does not rise", fill(0, 40, 48)],
    ["is noise", fill(0xa5)],
    ["belongs to a longer log", (bytes) => Buffer.concat([bytes, bytes])],
  ];

  test.each(lies)("and %s is found out and built anew", async (_, lie) => {
    const { fixture, log } = await closedSegment();
    const truth = fixture.disk.contents(INDEX_PATH);
    fixture.disk.corrupt(INDEX_PATH, lie);

    for (const from of [11, 5, 1, 0]) {
      expect((await readAll(log, { from, maxBytes: 70 })).map(([, value]) => value)).toEqual(
        all.slice(from),
      );
    }

    expect(log.failure).toBeUndefined();
    await log.flush();
    const repaired = fixture.disk.contents(INDEX_PATH);
    // An index that is only too short is believed as far as it goes.
    const isShorter = repaired.equals(truth.subarray(0, repaired.length));
    expect(isShorter).toBe(true);
  });

  test.each([
    ["is gone", () => Buffer.alloc(0)],
    ["does not rise", fill(0, 24, 36)],
    ["names a time too early", put(900, 4)],
    ["names a last time too early", put(1_105, -8)],
    ["is noise", fill(0xa5)],
  ])("about time and %s does not hide a record", async (_, lie) => {
    const { fixture, log } = await closedSegment();
    fixture.disk.corrupt(TIME_INDEX_PATH, lie);

    for (let i = 0; i < 12; i++) {
      const found = await log.offsetForTimestamp(timestamp(1_000 + i * 10));
      expect(found?.offset).toBe(i);
    }
  });
});

describe("by time", () => {
  const find = (log: Log, time: number) => log.offsetForTimestamp(timestamp(time));

  test("the first record that is as new is found, also inside a batch", async () => {
    const log = await new LogFixture().open();
    await log.append([batchOf(["a", "b", "c"], 1_000)], EPOCH);
    await log.append([batchOf(["d", "e"], 2_000)], { leaderEpoch: leaderEpoch(2) });

    expect(await find(log, 0)).toEqual({ offset: 0, timestamp: 1_000, leaderEpoch: 0 });
    expect(await find(log, 1_001)).toEqual({ offset: 1, timestamp: 1_001, leaderEpoch: 0 });
    expect(await find(log, 1_003)).toEqual({ offset: 3, timestamp: 2_000, leaderEpoch: 2 });
    expect(await find(log, 2_002)).toBeUndefined();
    expect(await log.offsetOfMaxTimestamp()).toEqual({
      offset: 4,
      timestamp: 2_001,
      leaderEpoch: 2,
    });
  });

  test("timestamps need not rise with offsets", async () => {
    const fixture = new LogFixture({ config: { segmentBytes: 200, indexIntervalBytes: 1 } });
    const log = await fixture.open();
    const times = [5_000, 1_000, 9_000, 2_000, 3_000, 9_500, 100, 200];
    for (const time of times) await log.append([batchOf([`${time}`], time)], EPOCH);

    for (const target of [0, 100, 1_500, 5_000, 5_001, 9_000, 9_001, 9_500]) {
      const expected = times.findIndex((time) => time >= target);
      expect([target, (await find(log, target))?.offset]).toEqual([target, expected]);
    }
    expect(await find(log, 9_501)).toBeUndefined();
    expect(await log.offsetOfMaxTimestamp()).toMatchObject({ offset: 5, timestamp: 9_500 });
  });

  test("records below the log start are not found", async () => {
    const log = await new LogFixture().open();
    await log.append([batchOf(["a", "b", "c"], 1_000)], EPOCH);
    await log.deleteBefore(at(1));

    expect(await find(log, 0)).toMatchObject({ offset: 1, timestamp: 1_001 });
  });

  test("records that the broker stamped all have the append time", async () => {
    const log = await new LogFixture().open();
    const batch = batchOf(["a", "b"], 1_000);
    batch.stampLogAppendTime(timestamp(7_000));
    await log.append([batch], EPOCH);

    expect(await find(log, 5_000)).toMatchObject({ offset: 0, timestamp: 7_000 });
  });

  test("an empty log, and records without timestamps, have none", async () => {
    const log = await new LogFixture().open();
    expect(await find(log, 0)).toBeUndefined();
    expect(await log.offsetOfMaxTimestamp()).toBeUndefined();
    await log.append([batchOf(["a"], -1)], EPOCH);

    expect(await find(log, 0)).toBeUndefined();
  });
});
