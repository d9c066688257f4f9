import { leaderEpoch, type Offset } from "@zoolog/base";
import { batchOf, LogFixture, type LogFixtureOptions, readAll } from "@zoolog/testkit";
import type { Log } from "../log.ts";

const BATCH_BYTES = batchOf(["0"]).sizeInBytes;

const append = (log: Log, ...values: string[]) =>
  log.append([batchOf(values)], { leaderEpoch: leaderEpoch(0) });
const at = (value: number) => value as Offset;
const values = async (log: Log) => (await readAll(log)).map(([, value]) => value);
const logFiles = (fixture: LogFixture) =>
  fixture.disk.paths().flatMap((path) => /(\d)\.log$/.exec(path)?.[1] ?? []);

/** Batches of one record, three to a segment. */
async function records(count: number, options: LogFixtureOptions = {}) {
  const fixture = new LogFixture({
    ...options,
    config: {
      segmentBytes: 3 * BATCH_BYTES,
      indexIntervalBytes: 50,
      retentionMs: undefined,
      ...options.config,
    },
  });
  const log = await fixture.open();
  for (let i = 0; i < count; i++) await append(log, `${i}`);
  return { fixture, log };
}

describe("truncation", () => {
  test("removes the batch that holds the offset and all after it, from memory and from disk", async () => {
    const { fixture, log } = await records(10);

    await log.truncateTo(at(4));

    expect(log.logEndOffset).toBe(4);
    expect(await values(log)).toEqual(["0", "1", "2", "3"]);
    expect(logFiles(fixture)).toEqual(["0", "3"]);
    expect((await append(log, "new")).baseOffset).toBe(4);
    expect(await values(await fixture.reopenAfter("power", { keepUnsynced: 0 }))).toEqual(
      expect.arrayContaining(["0", "1", "2", "3"]),
    );
  });

  test.each([
    ["another cut to there", (log: Log) => log.truncateTo(at(4))],
    ["a start over", (log: Log) => log.truncateFullyAndStartAt(at(10))],
  ])("after a full disk refused %s, lowers first what the disk claims", async (_what, refused) => {
    const { fixture, log } = await records(10);
    await log.flush();
    await fixture.saveCheckpoints(log);
    fixture.disk.inject({ effect: "ENOSPC", operations: ["write"], path: /recovery-point/ });
    await expect(refused(log)).rejects.toMatchObject({ code: "DISK_FULL" });

    await log.truncateTo(at(4));

    expect(await values(await fixture.reopenAfter("process"))).toEqual(["0", "1", "2", "3"]);
  });

  test("a deletion that a full disk refused is not made true by the next save", async () => {
    const { fixture, log } = await records(10);
    fixture.disk.inject({ effect: "ENOSPC", operations: ["write"], path: /log-start/ });
    await expect(log.deleteBefore(at(4))).rejects.toMatchObject({ code: "DISK_FULL" });

    await fixture.directory.saveCheckpoints();

    expect((await fixture.reopenAfter("process")).logStartOffset).toBe(0);
  });

  test("keeps only whole batches", async () => {
    const fixture = new LogFixture();
    const log = await fixture.open();
    await append(log, "a", "b", "c");
    await append(log, "d", "e", "f");

    await log.truncateTo(at(4));

    expect(log.logEndOffset).toBe(3);
  });

  test("at or above the end changes nothing", async () => {
    const { log } = await records(4);

    await log.truncateTo(at(4));
    await log.truncateTo(at(99));

    expect(log.logEndOffset).toBe(4);
  });

  test("at the end forgets an epoch that never wrote: the next leader may not know it", async () => {
    const { fixture, log } = await records(4);
    await log.assignLeaderEpoch(leaderEpoch(3));

    await log.truncateTo(at(4));

    expect(log.leaderEpochs.latest).toBe(0);
    expect((await fixture.reopenAfter("power", { keepUnsynced: 0 })).leaderEpochs.latest).toBe(0);
  });

  test("to the start of a segment leaves it empty, and appends go on there", async () => {
    const { fixture, log } = await records(6);

    await log.truncateTo(at(3));
    await append(log, "new");

    expect(logFiles(fixture)).toEqual(["0", "3"]);
    expect(await values(log)).toEqual(["0", "1", "2", "new"]);
    expect(await values(await fixture.restart(log))).toEqual(["0", "1", "2", "new"]);
  });

  test("of everything leaves an empty log that takes appends", async () => {
    const { fixture, log } = await records(6);

    await log.truncateTo(at(0));
    await append(log, "new");

    expect(await values(await fixture.reopenAfter("process"))).toEqual(["new"]);
  });

  test("lowers the recovery point on disk before it cuts", async () => {
    const { fixture, log } = await records(6);
    await log.flush();
    await fixture.saveCheckpoints(log);
    const operations = fixture.disk.record();

    await log.truncateTo(at(2));

    const lowered = operations.indexOf("rename recovery-point-offset-checkpoint.tmp");
    const cut = operations.findIndex((operation) => /^(truncate|remove) \d+\.log/.test(operation));
    expect(lowered).toBeGreaterThanOrEqual(0);
    expect(lowered).toBeLessThan(cut);
    expect((await fixture.reopenAfter("process")).logEndOffset).toBe(2);
  });

  test("forgets later epochs and keeps the high watermark inside the log", async () => {
    const { log } = await records(3);
    await log.append([batchOf(["3"])], { leaderEpoch: leaderEpoch(4) });
    log.updateHighWatermark(at(4));

    await log.truncateTo(at(2));

    expect(log.highWatermark).toBe(2);
    expect(log.leaderEpochs.latest).toBe(0);
  });

  test("forgets timestamps of what is gone", async () => {
    const fixture = new LogFixture({ config: { indexIntervalBytes: 1 } });
    const log = await fixture.open();
    for (const time of [1_000, 9_000, 2_000]) {
      await log.append([batchOf(["x"], time)], { leaderEpoch: leaderEpoch(0) });
    }

    await log.truncateTo(at(1));
    await log.append([batchOf(["x"], 3_000)], { leaderEpoch: leaderEpoch(0) });

    expect(await log.offsetOfMaxTimestamp()).toMatchObject({ offset: 1, timestamp: 3_000 });
  });
});

describe("starting over", () => {
  test.each([100, 2, 0])("at %i leaves an empty log there", async (start) => {
    const { fixture, log } = await records(8);
    await log.flush();
    await fixture.saveCheckpoints(log);

    await log.truncateFullyAndStartAt(at(start));
    expect([log.logStartOffset, log.logEndOffset, log.highWatermark]).toEqual([
      start,
      start,
      start,
    ]);
    expect(log.leaderEpochs.latest).toBeUndefined();
    expect((await append(log, "new")).baseOffset).toBe(start);

    const again = await fixture.reopenAfter("process");
    expect(await readAll(again)).toEqual([[start, "new"]]);
  });

  const REFUSED = [
    ["open", /\.log$/, 1],
    ["write", /leader-epoch-checkpoint/, 1],
    ["write", /log-start-offset-checkpoint/, 1],
    ["write", /recovery-point-offset-checkpoint/, 2],
  ] as const;

  describe.each(REFUSED)("on a full disk that refuses to %s %s", (operation, path, nth) => {
    async function refused() {
      const { fixture, log } = await records(8);
      await log.flush();
      await fixture.saveCheckpoints(log);
      const full = fixture.disk.inject({
        effect: "ENOSPC",
        operations: [operation],
        path,
        at: nth,
        sticky: true,
      });
      const startsOver = log.truncateFullyAndStartAt(at(100));
      await expect(startsOver).rejects.toMatchObject({ code: "DISK_FULL" });
      return { fixture, log, full };
    }

    test("is done by the next append that finds room", async () => {
      const { fixture, log, full } = await refused();
      await expect(append(log, "new")).rejects.toMatchObject({ code: "DISK_FULL" });

      full.remove();
      await fixture.directory.volume.refreshFreeSpace();
      const { baseOffset } = await append(log, "new");

      expect(log.failure).toBeUndefined();
      expect(log.leaderEpochs.endOffsetFor(leaderEpoch(0))).toMatchObject({ endOffset: 101 });
      const again = await fixture.reopenAfter("process");
      expect(await readAll(again)).toEqual([[baseOffset, "new"]]);
    });

    test.each(["process", "power"] as const)("leaves a log that opens, %s gone", async (what) => {
      const { fixture, log, full } = await refused();
      await fixture.saveCheckpoints(log).catch(() => {});
      full.remove();

      const again = await fixture.reopenAfter(what, { keepUnsynced: 0 });
      await again.truncateFullyAndStartAt(at(100));
      await append(again, "new");

      expect(await readAll(again)).toEqual([[100, "new"]]);
    });
  });
});

describe("deletion before an offset", () => {
  test("hides records at once and frees segments that are wholly below", async () => {
    const { fixture, log } = await records(8);

    await log.deleteBefore(at(4));
    const start = log.logStartOffset;
    await log.applyRetention();

    expect(start).toBe(4);
    expect(logFiles(fixture)).toEqual(["3", "6"]);
    expect(await values(log)).toEqual(["4", "5", "6", "7"]);
    expect(log.leaderEpochs.epochForOffset(at(4))).toBe(0);
    expect(log.leaderEpochs.epochForOffset(at(3))).toBeUndefined();
    expect((await fixture.reopenAfter("power", { keepUnsynced: 0 })).logStartOffset).toBe(4);
  });

  test("forgets epochs only after the files that they describe", async () => {
    const { fixture, log } = await records(8);
    const operations = fixture.disk.record();

    await log.deleteBefore(at(4));
    await log.applyRetention();

    const removed = operations.indexOf("remove 00000000000000000000.log");
    const forgotten = operations.indexOf("rename leader-epoch-checkpoint.tmp");
    expect(removed).toBeGreaterThanOrEqual(0);
    expect(forgotten).toBeGreaterThan(removed);
  });

  test("never moves back", async () => {
    const { log } = await records(8);
    await log.deleteBefore(at(4));

    await log.deleteBefore(at(2));

    expect(log.logStartOffset).toBe(4);
  });

  test("of everything keeps the log's end", async () => {
    const { fixture, log } = await records(7);
    await log.flush();

    await log.deleteBefore(at(7));

    expect([log.logStartOffset, log.logEndOffset]).toEqual([7, 7]);
    expect((await fixture.restart(log)).logEndOffset).toBe(7);
  });
});

describe("retention", () => {
  const apply = async (log: Log, config: Partial<Log["config"]>, highWatermark?: number) => {
    log.updateHighWatermark(at(highWatermark ?? log.logEndOffset));
    log.configure({ ...log.config, ...config });
    return await log.applyRetention();
  };

  test("by size removes the oldest segments, never below the limit", async () => {
    const { fixture, log } = await records(9);

    expect(await apply(log, { retentionBytes: 4 * BATCH_BYTES })).toBe(1);

    expect(log.logStartOffset).toBe(3);
    expect(logFiles(fixture)).toEqual(["3", "6"]);
    expect(log.sizeInBytes).toBe(6 * BATCH_BYTES);
  });

  test("by time removes segments whose newest record is too old", async () => {
    const fixture = new LogFixture({ config: { segmentBytes: 100 } });
    const log = await fixture.open();
    const now = fixture.time.clock.now();
    for (const age of [9_000, 7_000, 5_000, 1_000]) {
      await log.append([batchOf(["x"], now - age)], { leaderEpoch: leaderEpoch(0) });
    }

    expect(await apply(log, { retentionMs: 6_000 })).toBe(2);
    expect(log.logStartOffset).toBe(2);
  });

  test("by time rolls and removes the active segment, too, when all of it is too old", async () => {
    const fixture = new LogFixture();
    const log = await fixture.open();
    const now = fixture.time.clock.now();
    await log.append([batchOf(["x"], now - 9_000)], { leaderEpoch: leaderEpoch(0) });

    expect(await apply(log, { retentionMs: 6_000 })).toBe(1);

    expect([log.logStartOffset, log.logEndOffset, log.sizeInBytes]).toEqual([1, 1, 0]);
  });

  test("does not wait for ever for records from the future", async () => {
    const fixture = new LogFixture({ config: { segmentBytes: 100 } });
    const log = await fixture.open();
    const future = fixture.time.clock.now() + 1e12;
    await log.append([batchOf(["x"], future)], { leaderEpoch: leaderEpoch(0) });
    await append(log, "next");

    fixture.time.advance(10_000);

    expect(await apply(log, { retentionMs: 6_000 })).toBe(2);
  });

  test("leaves what is not committed", async () => {
    const { log } = await records(9);

    expect(await apply(log, { retentionBytes: 0 }, 5)).toBe(1);
    expect(log.logStartOffset).toBe(3);
  });

  test("frees memory of what it removed", async () => {
    const { fixture, log } = await records(9);
    await log.flush();
    await readAll(log);

    await apply(log, { retentionBytes: 0 });

    expect(fixture.directory.indexCache.sizeInBytes).toBe(0);
  });
});
