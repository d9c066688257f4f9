import { type Logger, leaderEpoch, type Offset, silentLogger } from "@zoolog/base";
import { batchOf, LogFixture, type LogFixtureOptions, readAll } from "@zoolog/testkit";
import type { Log } from "../log.ts";

const BATCH_BYTES = batchOf(["0"]).sizeInBytes;
const FIRST = /00000\.log$/;

const offset = (value: number) => value as Offset;
const append = (log: Log, value: string) =>
  log.append([batchOf([value])], { leaderEpoch: leaderEpoch(0) });
const values = async (log: Log) => (await readAll(log)).map(([, value]) => value);
const logFiles = (fixture: LogFixture) =>
  fixture.disk.paths().flatMap((path) => /(\d\d)\.log$/.exec(path)?.[1] ?? []);
const turns = () => new Promise((resolve) => setImmediate(resolve));

/** Records "0", "1", …, one to a segment, all synced and committed. */
async function records(count: number, options: LogFixtureOptions = {}) {
  const fixture = new LogFixture({
    ...options,
    limits: { tailCacheBytesMax: 0 },
    config: { segmentBytes: BATCH_BYTES + 5, retentionMs: undefined },
  });
  const log = await fixture.open();
  for (let i = 0; i < count; i++) await append(log, `${i}`);
  await log.flush();
  log.updateHighWatermark(log.logEndOffset);
  await fixture.saveCheckpoints(log);
  return { fixture, log };
}

function expire(fixture: LogFixture, log: Log): void {
  fixture.config = { ...log.config, retentionBytes: 1 };
  log.configure(fixture.config);
}

test("who deletes records is answered, and appends go on, before the files are gone", async () => {
  const { fixture, log } = await records(5);
  const hold = fixture.disk.hold("remove", FIRST);

  await log.deleteBefore(offset(3));
  await append(log, "new");

  expect(logFiles(fixture)).toEqual(["00", "01", "02", "03", "04", "05"]);
  expect(await values(log)).toEqual(["3", "4", "new"]);
  hold.release();
  await log.applyRetention();
  expect(logFiles(fixture)).toEqual(["03", "04", "05"]);
});

test("appends go on while retention removes files", async () => {
  const { fixture, log } = await records(5);
  const hold = fixture.disk.hold("remove", FIRST);
  expire(fixture, log);

  const retention = log.applyRetention();
  while (log.logStartOffset === 0) await turns();
  await append(log, "new");

  expect(logFiles(fixture)).toContain("00");
  hold.release();
  expect(await retention).toBe(4);
  expect(await values(log)).toEqual(["4", "new"]);
});

test("appends go on between the looks that retention takes at many segments", async () => {
  let onAdvance: (() => void) | undefined;
  const info: Logger["info"] = (event) => {
    if (event === "log start advanced") onAdvance?.();
  };
  const { fixture, log } = await records(40, { logger: { ...silentLogger, info } });
  const startsSeen: Promise<Offset>[] = [];
  onAdvance = () => startsSeen.push(append(log, "new").then(() => log.logStartOffset));
  expire(fixture, log);

  expect(await log.applyRetention()).toBe(40);

  expect(await Promise.all(startsSeen)).toEqual([16, 32, 40]);
});

test("a log that starts over where files are being removed keeps its new ones", async () => {
  const { fixture, log } = await records(5);
  const hold = fixture.disk.hold("remove", FIRST);
  await log.deleteBefore(offset(3));
  await turns();

  const starting = log.truncateFullyAndStartAt(offset(1));
  const appended = append(log, "new");
  await turns();
  hold.release();
  await starting;
  await appended;
  await log.applyRetention();

  expect([log.failure, logFiles(fixture)]).toEqual([undefined, ["01"]]);
  expect(await values(await fixture.reopenAfter("process"))).toEqual(["new"]);
});

test("closing waits for the file in hand and leaves the others to the next life", async () => {
  const { fixture, log } = await records(5);
  const hold = fixture.disk.hold("remove", FIRST);
  await log.deleteBefore(offset(3));
  await turns();

  let isClosed = false;
  const closing = fixture.restart(log).finally(() => {
    isClosed = true;
  });
  for (let i = 0; i < 50; i++) await turns();
  const wasClosed = isClosed;
  hold.release();
  const again = await closing;

  expect(wasClosed).toBe(false);
  expect(logFiles(fixture)).toEqual(["01", "02", "03", "04"]);
  expect(await values(again)).toEqual(["3", "4"]);
  again.updateHighWatermark(again.logEndOffset);
  await again.applyRetention();
  expect(logFiles(fixture)).toEqual(["03", "04"]);
});

test("a disk that fails under the files takes the partition offline, and nothing is lost", async () => {
  const { fixture, log } = await records(5);
  fixture.disk.inject({ effect: "EIO", operations: ["remove"], path: FIRST });

  await log.deleteBefore(offset(3));
  await expect(log.applyRetention()).rejects.toMatchObject({ code: "KAFKA_STORAGE_ERROR" });

  expect(log.failure).toMatchObject({ code: "KAFKA_STORAGE_ERROR" });
  expect(await values(await fixture.reopenAfter("power", { keepUnsynced: 0 }))).toEqual(["3", "4"]);
});

test.each(["process", "power"] as const)(
  "a %s crash anywhere in it costs nothing that was kept",
  async (kind) => {
    let crashes = 0;
    for (let at = 1, isOver = false; !isOver; at++) {
      const { fixture, log } = await records(6, { seed: at });
      const { disk } = fixture;
      const end = disk.faults.operationCount + at;
      const acknowledged: string[] = [];
      disk.faults.observer = () => {
        if (disk.faults.operationCount !== end) return;
        disk.faults.observer = undefined;
        disk.crash(kind);
        crashes += 1;
      };
      const work = async () => {
        await log.deleteBefore(offset(4));
        for (const value of ["6", "7"]) {
          await append(log, value);
          acknowledged.push(value);
        }
        await log.applyRetention();
      };
      isOver = await work().then(
        () => disk.faults.operationCount < end,
        () => false,
      );
      if (isOver) disk.crash(kind);
      disk.faults.observer = undefined;

      const again = await fixture.open(kind === "process" ? "processDied" : "unclean");
      const start = again.logStartOffset;
      const found = await values(again);
      expect([0, 4]).toContain(start);
      expect(found).toEqual([..."01234567"].slice(start, again.logEndOffset));
      expect(found).toEqual(expect.arrayContaining(["4", "5"]));
      if (kind === "process") expect(found).toEqual(expect.arrayContaining(acknowledged));
      again.updateHighWatermark(again.logEndOffset);
      await again.applyRetention();
      if (start === 4) expect(logFiles(fixture)[0]).toBe("04");
    }
    expect(crashes).toBeGreaterThan(30);
  },
);
