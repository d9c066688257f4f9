import { leaderEpoch, type Offset } from "@zoolog/base";
import { batchOf, LogFixture, readAll } from "@zoolog/testkit";
import type { Log } from "../log.ts";

const BATCH_BYTES = batchOf(["0"]).sizeInBytes;
const CLAIM = /log-start-offset-checkpoint/;
const EPOCHS = /leader-epoch-checkpoint/;

/** Records "0" to "9" in segments of three, all synced and committed; three of them have expired. */
async function expired(seed = 1) {
  const fixture = new LogFixture({
    seed,
    limits: { tailCacheBytesMax: 0 },
    config: { segmentBytes: 3 * BATCH_BYTES, indexIntervalBytes: 1, retentionMs: undefined },
  });
  const log = await fixture.open();
  for (let i = 0; i < 10; i++) {
    await log.append([batchOf([`${i}`])], { leaderEpoch: leaderEpoch(i >> 2) });
  }
  await log.flush();
  log.updateHighWatermark(log.logEndOffset);
  await fixture.saveCheckpoints(log);
  expire(fixture, log);
  return { fixture, log };
}

function expire(fixture: LogFixture, log: Log) {
  fixture.config = { ...log.config, retentionBytes: 1 };
  log.configure(fixture.config);
}

const values = async (log: Log) => (await readAll(log)).map(([, value]) => value);
const logFiles = (fixture: LogFixture) =>
  fixture.disk.paths().flatMap((path) => /(\d\.log.*)$/.exec(path)?.[1] ?? []);
const claim = (fixture: LogFixture) =>
  fixture.disk.contents("/data/log-start-offset-checkpoint").toString();

test("a full disk gets its room back, then the checkpoint, then the names go", async () => {
  const { fixture, log } = await expired();
  fixture.disk.capacityBytes = fixture.disk.usedBytes;
  const operations = fixture.disk.record(/\.log|log-start|orders-0$/);

  expect(await log.applyRetention()).toBe(3);

  const order = [
    "rename 00000000000000000006.log",
    "syncDirectory orders-0",
    "truncate 00000000000000000000.log.deleted",
    "rename log-start-offset-checkpoint.tmp",
    "remove 00000000000000000000.log.deleted",
  ].map((operation) => operations.indexOf(operation));
  expect(order).not.toContain(-1);
  expect(order).toEqual([...order].sort((a, b) => a - b));
  expect([logFiles(fixture), claim(fixture)]).toEqual([["9.log"], "0\n1\norders 0 9\n"]);
});

test.each(["process", "power"] as const)(
  "a %s crash anywhere in retention on a full disk costs no partition",
  async (kind) => {
    let crashes = 0;
    for (let at = 1, isOver = false; !isOver; at++) {
      const { fixture, log } = await expired(at);
      const { disk } = fixture;
      disk.inject({ effect: "ENOSPC", operations: ["write"], path: CLAIM });
      const end = disk.faults.operationCount + at;
      disk.faults.observer = () => {
        if (disk.faults.operationCount !== end) return;
        disk.faults.observer = undefined;
        disk.crash(kind);
        crashes += 1;
      };
      isOver = await log.applyRetention().then(
        () => disk.faults.operationCount < end,
        () => false,
      );
      if (isOver) disk.crash(kind);
      disk.faults.observer = undefined;

      const shutdown = kind === "process" ? "processDied" : "unclean";
      const again = await fixture.open(shutdown);
      const start = again.logStartOffset;
      expect(await values(again)).toEqual([..."0123456789"].slice(start));
      // What the start has found by the names it has made a claim.
      disk.crash("process");
      expect((await fixture.open("processDied")).logStartOffset).toBe(start);
      expect(logFiles(fixture).join()).not.toContain("deleted");
    }
    expect(crashes).toBeGreaterThan(20);
  },
);

test.each([
  ["the checkpoint", CLAIM, ["0.log.deleted", "3.log.deleted", "6.log.deleted", "9.log"]],
  ["the epochs", EPOCHS, ["9.log"]],
])(
  "where %s finds no room the log serves on, and the next round ends it",
  async (_, path, left) => {
    const { fixture, log } = await expired();
    const { disk } = fixture;
    const full = disk.inject({ effect: "ENOSPC", operations: ["write"], path, sticky: true });

    expect(await log.applyRetention()).toBe(3);
    expect([logFiles(fixture), await values(log)]).toEqual([left, ["9"]]);
    const bytesOf = (name: string) => disk.contents(`${fixture.folder}/${name.padStart(32, "0")}`);
    expect(left.filter((name) => name.includes("deleted") && bytesOf(name).length > 0)).toEqual([]);
    expect(await log.applyRetention()).toBe(0);
    expect(log.failure).toBeUndefined();

    full.remove();
    await log.applyRetention();

    expect([logFiles(fixture), claim(fixture)]).toEqual([["9.log"], "0\n1\norders 0 9\n"]);
    expect(log.leaderEpochs.epochForOffset(9 as Offset)).toBe(2);
    expect(log.leaderEpochs.epochForOffset(8 as Offset)).toBeUndefined();
  },
);

test("records that are deleted by request stay deleted, although their epochs find no room", async () => {
  const { fixture, log } = await expired();
  fixture.disk.inject({ effect: "ENOSPC", operations: ["write"], path: EPOCHS });

  await log.deleteBefore(4 as Offset);

  expect([log.failure, log.logStartOffset]).toEqual([undefined, 4]);
});

test("epochs wait until the folder without the segments could be synced", async () => {
  const { fixture, log } = await expired();
  const fault = { effect: "EMFILE", operations: ["syncDirectory"], path: /orders-0$/ } as const;
  const exhausted = fixture.disk.inject({ ...fault, sticky: true });
  await log.applyRetention();
  await log.applyRetention();
  expect(log.failure).toBeUndefined();
  exhausted.remove();
  const operations = fixture.disk.record();

  await log.applyRetention();

  const synced = operations.indexOf("syncDirectory orders-0");
  const forgotten = operations.indexOf("rename leader-epoch-checkpoint.tmp");
  expect(synced).toBeGreaterThanOrEqual(0);
  expect(forgotten).toBeGreaterThan(synced);
});

test("a log that starts over has nothing to wait for any more", async () => {
  const { fixture, log } = await expired();
  const path = CLAIM;
  const full = fixture.disk.inject({ effect: "ENOSPC", operations: ["write"], path, sticky: true });
  await log.applyRetention();
  full.remove();
  await fixture.directory.volume.refreshFreeSpace();

  await log.truncateFullyAndStartAt(3 as Offset);
  await log.append([batchOf(["new"])], { leaderEpoch: leaderEpoch(9) });
  await log.applyRetention();

  expect([logFiles(fixture), await values(log)]).toEqual([["3.log"], ["new"]]);
  expect(await values(await fixture.reopenAfter("process"))).toEqual(["new"]);
});

test("old segments make the room that a new one needs when even the active one has expired", async () => {
  const { fixture, log } = await expired();
  log.configure({ ...log.config, retentionBytes: undefined, retentionMs: 1 });
  const isRemoved = () => !logFiles(fixture).includes("0.log");
  const full = fixture.disk.inject({
    effect: "ENOSPC",
    operations: ["open"],
    path: /0010\.log/,
    sticky: true,
  });

  await expect(log.applyRetention()).rejects.toMatchObject({ code: "DISK_FULL" });
  expect([isRemoved(), log.failure]).toEqual([true, undefined]);
  full.remove();

  expect(await log.applyRetention()).toBe(1);
  expect(logFiles(fixture)).toEqual(["0.log"]);
});

test("a segment that was given up says nothing of one that is missing below it", async () => {
  const { fixture } = await expired();
  fixture.disk.crash("process");
  const disk = fixture.disk.mount();
  const path = (base: number) => `${fixture.folder}/${String(base).padStart(20, "0")}.log`;
  await disk.rename(path(3), `${path(3)}.deleted`);
  await disk.remove(path(0));

  await expect(fixture.open("processDied")).rejects.toMatchObject({ code: "RECORDS_MISSING" });
});
