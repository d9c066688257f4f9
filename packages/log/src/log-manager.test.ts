import { brokerEpoch, leaderEpoch, type Offset, offset } from "@zoolog/base";
import { batchOf, readAll } from "@zoolog/testkit";
import { EPOCH, NEW, ORDERS, OTHER_ID, setUp, until } from "./log-manager.fixture.ts";

test("flush fsync is in force once what was there before is on the disk", async () => {
  const { open, crash } = setUp();
  const first = await open({ periods: { flushMs: 10_000 } });
  await first.noteRegistered(brokerEpoch(7));
  const log = await first.getOrCreate(ORDERS, NEW);
  await log.append([batchOf(["acknowledged", "before"])], EPOCH);

  const stricter = { ...NEW.config, flush: "fsync" as const };
  log.configure(stricter);
  expect(first.syncedSince.size).toBe(0);
  // Back and forth: what comes in between is not covered by a flush that has begun.
  log.configure(NEW.config);
  await log.append([batchOf(["in between"])], EPOCH);
  log.configure(stricter);
  expect(first.syncedSince.size).toBe(0);
  await until(() => first.syncedSince.size > 0);
  crash("power");

  const second = await open();
  expect((await readAll(second.get(ORDERS)!)).map(([, value]) => value)).toEqual([
    "acknowledged",
    "before",
    "in between",
  ]);
  await second.close();
});

test("a log that was opened once is known to the folder after any power cut", async () => {
  const { open, crash } = setUp();
  await (await open()).getOrCreate(ORDERS, NEW);
  crash("power");

  expect((await open()).known).toEqual(["orders-0"]);
});

test("flush fsync is not in force on a disk that fails to flush", async () => {
  const { open, disk, offline } = setUp();
  const logs = await open({ periods: { flushMs: 10_000 } });
  await logs.noteRegistered(brokerEpoch(7));
  const log = await logs.getOrCreate(ORDERS, NEW);
  await log.append([batchOf(["acknowledged"])], EPOCH);
  disk.inject({ effect: "EIO", operations: ["datasync"], path: /orders-0/ });

  log.configure({ ...NEW.config, flush: "fsync" });
  await until(() => offline.length > 0);

  expect(logs.syncedSince.size).toBe(0);
  await logs.close();
});

test("an epoch starts where it was noted: appends of older ones are refused from then on", async () => {
  const { open } = setUp();
  const logs = await open();
  const log = await logs.getOrCreate(ORDERS, NEW);
  const before = log.append([batchOf(["before"])], EPOCH);
  const later = leaderEpoch(EPOCH.leaderEpoch + 1);
  const noted = log.assignLeaderEpoch(later);
  const behind = log.append([batchOf(["behind"])], EPOCH);

  await expect(behind).rejects.toMatchObject({ code: "FENCED_LEADER_EPOCH" });
  await Promise.all([before, noted]);
  expect(log.leaderEpochs.endOffsetFor(EPOCH.leaderEpoch)).toMatchObject({ endOffset: 1 });
  expect(log.logEndOffset).toBe(1);
  await logs.close();
});

test("damage that a dead process cannot have done is never cut off", async () => {
  const { open, crash, disk } = setUp();
  const first = await open({ periods: { flushMs: 10_000 } });
  const log = await first.getOrCreate(ORDERS, NEW);
  for (const value of ["a", "b", "c"]) await log.append([batchOf([value])], EPOCH);
  const path = "/data/orders-0/00000000000000000000.log";

  crash("process");
  disk.flipBit(path, 65, 3);
  const second = await open();

  expect(second.offlinePartitions.get("orders-0")).toMatchObject({ code: "KAFKA_STORAGE_ERROR" });
  expect(disk.contents(path)).toHaveLength(3 * batchOf(["a"]).sizeInBytes);
  await second.close();
});

test("concurrent callers share one new log", async () => {
  const { open } = setUp();
  const manager = await open();

  const logs = await Promise.all([1, 2, 3].map(() => manager.getOrCreate(ORDERS, NEW)));

  expect(new Set(logs).size).toBe(1);
  await manager.close();
});

test("a deleted partition is gone, and one made anew under its name is empty", async () => {
  const { open, disk, time, crash } = setUp();
  const manager = await open();
  const log = await manager.getOrCreate(ORDERS, NEW);
  await log.append([batchOf(["old"])], EPOCH);
  await log.flush();
  await time.advanceAndSettle(60_000);

  await manager.delete(ORDERS);
  await expect(log.append([batchOf(["late"])], EPOCH)).rejects.toMatchObject({
    code: "LOG_CLOSED",
  });
  const again = await manager.getOrCreate(ORDERS, { ...NEW, topicId: OTHER_ID });
  expect(again.logEndOffset).toBe(0);
  await again.append([batchOf(["new"])], EPOCH);
  await time.advanceAndSettle(60_000);
  expect(disk.paths().filter((path) => path.includes("-delete/"))).toEqual([]);

  crash("process");
  const reopened = await open();
  expect(await readAll(reopened.get(ORDERS)!)).toEqual([[0, "new"]]);
  await reopened.close();
});

test("a partition that is deleted while it is opened does not come back", async () => {
  const { open, disk } = setUp();
  const manager = await open();

  const opening = manager.getOrCreate(ORDERS, NEW);
  await manager.delete(ORDERS);

  const closed = (await opening).append([batchOf(["a"])], EPOCH);
  await expect(closed).rejects.toMatchObject({ code: "LOG_CLOSED" });
  expect(manager.get(ORDERS)).toBeUndefined();
  expect(manager.topicIdOf(ORDERS)).toBeUndefined();
  expect(disk.paths().filter((path) => path.startsWith("/data/orders-0/"))).toEqual([]);
});

test("files of an interrupted deletion go at the next start", async () => {
  const { open, disk, crash } = setUp();
  const manager = await open();
  await manager.getOrCreate(ORDERS, NEW);
  disk.inject({ effect: "EIO", operations: ["removeTree"] });
  await manager.delete(ORDERS);
  crash("process");
  expect(disk.paths().some((path) => path.includes("-delete/"))).toBe(true);

  const second = await open();

  expect(disk.paths().some((path) => path.includes("-delete/"))).toBe(false);
  expect(second.get(ORDERS)).toBeUndefined();
  await second.close();
});

test("a corrupt partition is offline with its reason, the others serve", async () => {
  const { open, disk, offline } = setUp();
  const first = await open();
  const log = await first.getOrCreate(ORDERS, NEW);
  await log.append([batchOf(["a"])], EPOCH);
  const other = { topic: "other", partition: 7 };
  await first.getOrCreate(other, { ...NEW, topicId: OTHER_ID });
  await first.close();
  const path = "/data/orders-0/00000000000000000000.log";
  disk.flipBit(path, 65, 3);
  const before = disk.contents(path);

  const second = await open();

  expect(second.get(ORDERS)).toBeUndefined();
  expect(second.get(other)).toBeDefined();
  expect(offline).toEqual(["orders-0"]);
  await expect(second.getOrCreate(ORDERS, NEW)).rejects.toMatchObject({
    code: "KAFKA_STORAGE_ERROR",
    cause: { code: "CORRUPT_MESSAGE" },
  });
  await second.close();
  expect(disk.contents(path)).toEqual(before);
});

test("a failed sync takes every partition of the folder offline, for good", async () => {
  const { open, disk, offline } = setUp();
  const manager = await open();
  const config = { ...NEW.config, flush: "fsync" } as const;
  const log = await manager.getOrCreate(ORDERS, { ...NEW, config });
  const other = await manager.getOrCreate({ topic: "other", partition: 0 }, NEW);
  disk.inject({ effect: "EIO", operations: ["datasync"], path: /orders-0.*\.log$/ });

  await expect(log.append([batchOf(["a"])], EPOCH)).rejects.toMatchObject({
    code: "KAFKA_STORAGE_ERROR",
  });
  await expect(log.append([batchOf(["b"])], EPOCH)).rejects.toMatchObject({
    code: "KAFKA_STORAGE_ERROR",
  });
  await expect(other.append([batchOf(["c"])], EPOCH)).rejects.toMatchObject({
    code: "KAFKA_STORAGE_ERROR",
  });
  await expect(
    other.read({ from: 0 as Offset, maxBytes: 1, minOneBatch: true }),
  ).rejects.toMatchObject({ code: "KAFKA_STORAGE_ERROR" });

  expect(offline.sort()).toEqual(["orders-0", "other-0"]);
  await manager.close();
  expect(disk.paths()).not.toContain("/data/.kafka_cleanshutdown");
});

test("a failed sync is told to the next process once the disk takes word of it", async () => {
  const { open, disk, time, crash } = setUp();
  const config = { ...NEW.config, flush: "fsync" } as const;
  const log = await (await open()).getOrCreate(ORDERS, { ...NEW, config });
  disk.inject({ effect: "EIO", operations: ["datasync"], path: /\.log$/ });
  const dead = disk.inject({ effect: "EIO", sticky: true, path: /\.sync-failed$/ });
  await log.append([batchOf(["in the page cache only"])], EPOCH).catch(() => {});
  expect(disk.hasLostPages).toBe(true);
  const whole = disk.contents("/data/orders-0/00000000000000000000.log");
  dead.remove();

  await time.advanceAndSettle(1_000);
  crash("process");
  await open();
  crash("power");

  expect(disk.contents("/data/orders-0/00000000000000000000.log")).toEqual(whole);
});

test("the regular flush saves recovery points, so that a start scans only what is newer", async () => {
  const { open, disk, time, crash } = setUp();
  const manager = await open();
  const log = await manager.getOrCreate(ORDERS, NEW);
  await log.append([batchOf(["a", "b", "c"])], EPOCH);

  await time.advanceAndSettle(10_000);

  expect(log.recoveryPoint).toBe(3);
  const checkpoint = disk.contents("/data/recovery-point-offset-checkpoint").toString();
  expect(checkpoint).toBe("0\n1\norders 0 3\n");
  crash("power");
  const second = await open();
  expect(second.get(ORDERS)!.logEndOffset).toBe(3);
  await second.close();
});

describe("a log that has failed is not listed again by the ticks while it", () => {
  const failedLog = async () => {
    const setting = setUp();
    const manager = await setting.open();
    const log = await manager.getOrCreate(ORDERS, NEW);
    await log.append([batchOf(["a", "b"])], EPOCH);
    log.updateHighWatermark(offset(2));
    await log.deleteBefore(offset(1));
    setting.disk.inject({ effect: "EIO", operations: ["write"], path: /orders-0/ });
    await log.append([batchOf(["c"])], EPOCH).catch(() => {});
    expect(manager.offlinePartitions.size).toBe(1);
    /** With a round of the ticks between any two steps of it. */
    const amongTicks = async (task: Promise<unknown>) => {
      let isOver = false;
      const ended = task.finally(() => {
        isOver = true;
      });
      for (let turns = 0; !isOver && turns < 100_000; turns++) {
        setting.time.advance(10_000);
        await Promise.resolve();
      }
      await ended;
    };
    return { ...setting, manager, amongTicks };
  };

  test("is deleted: the next topic of that name has a replica here", async () => {
    const { manager, amongTicks, time, crash, open } = await failedLog();

    await amongTicks(manager.delete(ORDERS));
    await time.advanceAndSettle(10_000);
    crash("process");
    const again = await open();

    expect([...again.offlinePartitions.keys()]).toEqual([]);
    const log = await again.getOrCreate(ORDERS, { ...NEW, topicId: OTHER_ID });
    expect(log.logStartOffset).toBe(0);
    await again.close();
  });

  test("is put aside for a new one, which begins where no log has been", async () => {
    const { manager, amongTicks } = await failedLog();

    await amongTicks(manager.startOver(ORDERS, NEW));

    expect(manager.get(ORDERS)?.logStartOffset).toBe(0);
    await manager.close();
  });
});

test("nothing of a closed manager keeps running", async () => {
  const { open, time, disk } = setUp();
  const manager = await open();
  await manager.getOrCreate(ORDERS, NEW);

  await manager.close();
  await manager.close();

  expect(time.pendingTimers).toBe(0);
  expect(manager.usage.openFiles).toBe(0);
  expect(disk.paths()).not.toContain("/data/.lock");
  await expect(manager.getOrCreate(ORDERS, NEW)).rejects.toMatchObject({ code: "LOG_CLOSED" });
});
