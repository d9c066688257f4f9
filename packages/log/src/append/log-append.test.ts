import { leaderEpoch, type Offset } from "@zoolog/base";
import { encodeRecordBatch, RecordBatch } from "@zoolog/protocol";
import { batchOf, LogFixture, readAll } from "@zoolog/testkit";
import type { Log } from "../log.ts";

const EPOCH = { leaderEpoch: leaderEpoch(0) };
const LOG_FILES = /\.log$/;

const append = (log: Log, ...values: string[]) => log.append([batchOf(values)], EPOCH);
const at = (value: number) => value as Offset;

/** Lets everything that waits for nothing but promises run. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

test("records come back at the offsets that the append answered", async () => {
  const log = await new LogFixture().open();

  const first = await append(log, "a", "b");
  const second = await append(log, "c");

  expect(first).toEqual({
    baseOffset: 0,
    lastOffset: 1,
    logAppendTime: undefined,
    logStartOffset: 0,
  });
  expect(second).toMatchObject({ baseOffset: 2, lastOffset: 2 });
  expect(await readAll(log)).toEqual([
    [0, "a"],
    [1, "b"],
    [2, "c"],
  ]);
});

test("an append of several batches is answered as one range", async () => {
  const log = await new LogFixture().open();

  const info = await log.append([batchOf(["a", "b"]), batchOf(["c"])], EPOCH);

  expect(info).toMatchObject({ baseOffset: 0, lastOffset: 2 });
});

test("the append time that a topic stamps is answered", async () => {
  const log = await new LogFixture().open();
  const batch = batchOf(["a"]);
  batch.stampLogAppendTime(5_000 as never);

  expect(await log.append([batch], EPOCH)).toMatchObject({ logAppendTime: 5_000 });
});

test("appends that wait together become one write, in the order of the calls", async () => {
  const fixture = new LogFixture();
  const log = await fixture.open();
  await append(log, "first");
  const operations = fixture.disk.record(LOG_FILES);
  const hold = fixture.disk.hold("write", LOG_FILES);

  const writing = append(log, "a");
  await settle();
  const waiting = ["b", "c", "d", "e"].map((value) => append(log, value));
  hold.release();

  expect((await writing).baseOffset).toBe(1);
  expect((await Promise.all(waiting)).map(({ baseOffset }) => baseOffset)).toEqual([2, 3, 4, 5]);
  expect(operations).toEqual(["write 00000000000000000000.log", "write 00000000000000000000.log"]);
});

test("a truncation between two appends keeps its place", async () => {
  const log = await new LogFixture().open();

  const results = await Promise.all([
    append(log, "a"),
    append(log, "b"),
    log.truncateTo(at(1)),
    append(log, "c"),
  ]);

  expect(results[3]).toMatchObject({ baseOffset: 1 });
  expect((await readAll(log)).map(([, value]) => value)).toEqual(["a", "c"]);
});

test("with flush fsync an append is not acknowledged before the disk has it", async () => {
  const fixture = new LogFixture({ config: { flush: "fsync" } });
  const log = await fixture.open();
  const hold = fixture.disk.hold("datasync", LOG_FILES);
  let acknowledged = false;

  const appended = append(log, "a").then(() => {
    acknowledged = true;
  });
  await settle();
  expect(log.logEndOffset).toBe(1);
  expect(acknowledged).toBe(false);
  hold.release();
  await appended;

  expect(log.recoveryPoint).toBe(1);
  const again = await fixture.reopenAfter("power", { keepUnsynced: 0 });
  expect(await readAll(again)).toEqual([[0, "a"]]);
});

test("one sync acknowledges all that was written before it, while the next appends are written", async () => {
  const fixture = new LogFixture({ config: { flush: "fsync" } });
  const log = await fixture.open();
  await append(log, "first");
  const operations = fixture.disk.record(LOG_FILES);
  const hold = fixture.disk.hold("datasync", LOG_FILES);

  const before = append(log, "a");
  await settle();
  const during: Promise<unknown>[] = [];
  for (const value of ["b", "c", "d"]) {
    during.push(append(log, value));
    await settle();
  }
  expect(log.logEndOffset).toBe(5);
  hold.release();
  await Promise.all([before, ...during]);

  const count = (operation: string) => operations.filter((o) => o.startsWith(operation)).length;
  expect(count("write")).toBe(4);
  expect(count("datasync")).toBe(2);
});

test("an epoch older than the log has seen is refused, and its batch is not there", async () => {
  const log = await new LogFixture().open();
  await log.append([batchOf(["a"])], { leaderEpoch: leaderEpoch(3) });

  await expect(log.append([batchOf(["b"])], { leaderEpoch: leaderEpoch(2) })).rejects.toMatchObject(
    { code: "FENCED_LEADER_EPOCH" },
  );

  expect(log.logEndOffset).toBe(1);
});

test("an append larger than a segment is refused", async () => {
  const log = await new LogFixture({ config: { segmentBytes: 200 } }).open();

  await expect(append(log, "x".repeat(300))).rejects.toMatchObject({
    code: "RECORD_LIST_TOO_LARGE",
  });
});

test("more bytes than may wait are refused, what was accepted is written", async () => {
  const fixture = new LogFixture({ limits: { tailCacheBytesMax: 0 } });
  const log = await fixture.open();
  const hold = fixture.disk.hold("write", LOG_FILES);
  const megabytes = () => {
    const value = Buffer.alloc(8 * 1024 * 1024);
    return RecordBatch.parse(encodeRecordBatch([{ timestamp: 1, value }]));
  };

  const appends = Array.from({ length: 9 }, () => log.append([megabytes()], EPOCH));
  const outcomes = Promise.allSettled(appends);
  hold.release();

  const rejected = (await outcomes).filter(({ status }) => status === "rejected");
  expect(rejected.length).toBeGreaterThan(0);
  expect(rejected[0]).toMatchObject({ reason: { code: "QUEUE_FULL", retriable: true } });
  expect(log.logEndOffset).toBe(9 - rejected.length);
});

describe("as a follower", () => {
  /** A leader's log and the bytes of its batches. */
  async function leaderWith(...epochs: number[]) {
    const leader = await new LogFixture({ seed: 7 }).open();
    for (const epoch of epochs) {
      await leader.append([batchOf([`epoch ${epoch}`, "more"])], {
        leaderEpoch: leaderEpoch(epoch),
      });
    }
    const read = await leader.read({ from: at(0), maxBytes: 1 << 20, minOneBatch: true });
    if (read.error !== undefined) throw new Error(read.error);
    return { leader, bytes: Buffer.concat(read.batches) };
  }

  test("offsets and epochs are kept", async () => {
    const { leader, bytes } = await leaderWith(1, 1, 4);
    const follower = await new LogFixture().open();

    const info = await follower.appendAsFollower(bytes);

    expect(info).toMatchObject({ baseOffset: 0, lastOffset: 5 });
    expect(await readAll(follower)).toEqual(await readAll(leader));
    expect(follower.leaderEpochs.latest).toBe(4);
    expect(follower.leaderEpochs.epochForOffset(at(3))).toBe(1);
    expect(follower.leaderEpochs.endOffsetFor(leaderEpoch(1))).toEqual({ epoch: 1, endOffset: 4 });
  });

  test("a batch that does not follow the log's end is refused", async () => {
    const { bytes } = await leaderWith(0, 0);
    const follower = await new LogFixture().open();
    await follower.appendAsFollower(bytes);

    await expect(follower.appendAsFollower(bytes)).rejects.toMatchObject({
      code: "UNEXPECTED_APPEND_OFFSET",
    });
    expect(follower.logEndOffset).toBe(4);
  });

  test("a batch with a wrong checksum is refused, and the log stays as it was", async () => {
    const { bytes } = await leaderWith(0, 0);
    bytes[bytes.length - 1]! ^= 1;
    const follower = await new LogFixture().open();

    await expect(follower.appendAsFollower(bytes)).rejects.toMatchObject({
      code: "CORRUPT_MESSAGE",
    });
    expect(follower.logEndOffset).toBe(0);
    expect(follower.failure).toBeUndefined();
  });

  test("a batch whose end is missing is left out", async () => {
    const { bytes } = await leaderWith(0, 0);
    const follower = await new LogFixture().open();

    const info = await follower.appendAsFollower(bytes.subarray(0, bytes.length - 1));

    expect(info).toMatchObject({ lastOffset: 1 });
    expect(await follower.appendAsFollower(Buffer.alloc(0))).toBeUndefined();
  });

  test("more than a segment is spread over several", async () => {
    const { bytes, leader } = await leaderWith(0, 0, 0, 0, 0, 0);
    const follower = await new LogFixture({ config: { segmentBytes: 200 } }).open();

    await follower.appendAsFollower(bytes);

    expect(follower.segmentCount).toBeGreaterThan(2);
    expect(await readAll(follower)).toEqual(await readAll(leader));
  });
});

describe("a segment is rolled", () => {
  const segmentFiles = (fixture: LogFixture) =>
    fixture.disk.paths().filter((path) => path.endsWith(".log"));

  test("before it would grow beyond its size", async () => {
    const fixture = new LogFixture({ config: { segmentBytes: 250 } });
    const log = await fixture.open();

    for (const value of ["a", "b", "c", "d", "e"]) await append(log, value);

    expect(segmentFiles(fixture)).toEqual([
      "/data/orders-0/00000000000000000000.log",
      "/data/orders-0/00000000000000000003.log",
    ]);
  });

  test("at its age, by the first append after it, and never while it is empty", async () => {
    const fixture = new LogFixture({ config: { segmentMs: 1_000 } });
    const log = await fixture.open();
    fixture.time.advance(5_000);
    await append(log, "a");
    expect(log.segmentCount).toBe(1);
    fixture.time.advance(5_000);

    await append(log, "b");

    expect(log.segmentCount).toBe(2);
  });

  test("when its index is full", async () => {
    const fixture = new LogFixture({ config: { indexIntervalBytes: 1, segmentIndexBytes: 16 } });
    const log = await fixture.open();

    for (const value of ["a", "b", "c", "d"]) await append(log, value);

    expect(log.segmentCount).toBe(2);
  });

  test("before an offset would not fit its index", async () => {
    const fixture = new LogFixture();
    const log = await fixture.open();
    const huge = () => {
      const batch = batchOf(["a"]);
      // One record that claims a billion offsets, as compaction may leave it.
      batch.bytes.writeInt32BE(1_000_000_000, 23);
      return RecordBatch.parse(batch.bytes);
    };

    await log.append([huge()], EPOCH);
    await log.append([huge()], EPOCH);
    await log.append([huge()], EPOCH);

    expect(log.segmentCount).toBe(2);
    expect(log.logEndOffset).toBe(3_000_000_003);
  });

  test("by hand, unless it is empty", async () => {
    const log = await new LogFixture().open();
    await log.roll();
    await append(log, "a");
    await log.roll();
    await log.roll();

    expect(log.segmentCount).toBe(2);
    expect((await append(log, "b")).baseOffset).toBe(1);
  });
});

describe("a full disk", () => {
  test("refuses appends, leaves nothing of them behind, and recovers when there is room", async () => {
    const fixture = new LogFixture({ capacityBytes: 1_000 });
    const log = await fixture.open();
    const acknowledged: string[] = [];
    const outcomes: string[] = [];
    for (let i = 0; i < 20; i++) {
      const value = `${i}`.padEnd(50, ".");
      await append(log, value).then(
        () => acknowledged.push(value),
        (error: { code: string }) => outcomes.push(error.code),
      );
    }
    expect(new Set(outcomes)).toEqual(new Set(["DISK_FULL"]));
    expect((await readAll(log)).map(([, value]) => value)).toEqual(acknowledged);
    await settle(); // The last refusal has asked for the free space, too.

    fixture.disk.capacityBytes = 100_000;
    await append(log, "refused while the free space is asked for").catch(() => {});
    await settle();
    await append(log, "room again");

    expect((await readAll(log)).at(-1)).toEqual([acknowledged.length, "room again"]);
    const again = await fixture.reopenAfter("process");
    expect(again.logEndOffset).toBe(acknowledged.length + 1);
  });

  test("that the volume did not tell of is met in the middle of a write, and cut away again", async () => {
    const fixture = new LogFixture();
    const log = await fixture.open();
    await append(log, "a");
    const size = fixture.disk.contents("/data/orders-0/00000000000000000000.log").length;
    const first = { operations: ["write"], path: LOG_FILES } as const;
    fixture.disk.inject({ ...first, effect: "shortWrite" });
    fixture.disk.inject({ ...first, effect: "ENOSPC", at: 2 });

    await expect(append(log, "b".repeat(500))).rejects.toMatchObject({ code: "DISK_FULL" });

    expect(fixture.disk.contents("/data/orders-0/00000000000000000000.log")).toHaveLength(size);
    await append(log, "refused while the free space is asked for").catch(() => {});
    await settle();
    expect((await append(log, "c")).baseOffset).toBe(1);
  });

  test("is not waited for: below the reserve appends are refused while reads go on", async () => {
    const fixture = new LogFixture({ capacityBytes: 10_000, limits: { reservedBytes: 9_500 } });
    const log = await fixture.open();
    await append(log, "fits");

    await expect(append(log, "x".repeat(600))).rejects.toMatchObject({
      code: "DISK_FULL",
      retriable: true,
    });

    expect(log.failure).toBeUndefined();
    expect(await readAll(log)).toEqual([[0, "fits"]]);
  });

  test("whose rollback fails fences the partition", async () => {
    const fixture = new LogFixture();
    const log = await fixture.open();
    await append(log, "a");
    fixture.disk.inject({ effect: "ENOSPC", operations: ["write"], path: LOG_FILES });
    fixture.disk.inject({ effect: "EIO", operations: ["truncate"], path: LOG_FILES });

    await expect(append(log, "b")).rejects.toMatchObject({
      code: "KAFKA_STORAGE_ERROR",
      cause: { code: "ROLLBACK_FAILED" },
    });
    await expect(append(log, "c")).rejects.toMatchObject({ code: "KAFKA_STORAGE_ERROR" });
  });
});

test("a write error takes the partition offline, and a restart finds what was acknowledged", async () => {
  const fixture = new LogFixture();
  const log = await fixture.open();
  await append(log, "a");
  fixture.disk.inject({ effect: "EIO", operations: ["write"], path: LOG_FILES });

  const both = await Promise.allSettled([append(log, "b"), append(log, "c")]);

  expect(both.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  expect(log.failure).toMatchObject({ code: "KAFKA_STORAGE_ERROR", retriable: true });
  const again = await fixture.reopenAfter("process");
  expect(await readAll(again)).toEqual([[0, "a"]]);
});

test("a folder that no file handle was left to sync is synced by the next append", async () => {
  const fixture = new LogFixture({ config: { flush: "fsync" } });
  const log = await fixture.open();
  await append(log, "a");
  await log.flush();
  await log.roll();
  const fault = { effect: "EMFILE", operations: ["syncDirectory"] } as const;
  const exhausted = fixture.disk.inject({ ...fault, path: /orders-0$/, sticky: true });
  await expect(append(log, "b")).rejects.toThrow("may not open more files");
  expect([log.failure, fixture.directory.volume.failure]).toEqual([undefined, undefined]);
  exhausted.remove();

  await append(log, "c");

  const again = await fixture.reopenAfter("power", { keepUnsynced: 0 });
  expect((await readAll(again)).map(([, value]) => value)).toEqual(["a", "b", "c"]);
});

test("a failed sync is never tried again: no later append is acknowledged", async () => {
  const fixture = new LogFixture({ config: { flush: "fsync" } });
  const log = await fixture.open();
  fixture.disk.inject({ effect: "EIO", operations: ["datasync"], path: LOG_FILES });
  const operations = fixture.disk.record(LOG_FILES);

  await expect(append(log, "a")).rejects.toMatchObject({ code: "KAFKA_STORAGE_ERROR" });
  await expect(append(log, "b")).rejects.toMatchObject({ code: "KAFKA_STORAGE_ERROR" });
  await expect(log.flush()).rejects.toMatchObject({ code: "KAFKA_STORAGE_ERROR" });

  expect(operations.filter((operation) => operation.startsWith("datasync"))).toHaveLength(1);
});

test("after a failed sync a restart without a reboot writes the unsynced records again", async () => {
  const fixture = new LogFixture({ config: { flush: "fsync" } });
  const log = await fixture.open();
  await append(log, "synced");
  fixture.disk.inject({ effect: "EIO", operations: ["datasync"], path: LOG_FILES });
  await append(log, "in the page cache only").catch(() => {});

  // The kernel counts the pages as clean now: they are readable, but no sync would write them.
  const again = await fixture.reopenAfter("process");
  expect(again.logEndOffset).toBe(2);
  await append(again, "acknowledged");
  const last = await fixture.reopenAfter("power", { keepUnsynced: 0 });

  expect((await readAll(last)).map(([, value]) => value)).toEqual([
    "synced",
    "in the page cache only",
    "acknowledged",
  ]);
});

test("a closed log has written what it accepted, and accepts nothing more", async () => {
  const fixture = new LogFixture();
  const log = await fixture.open();
  const accepted = append(log, "a");

  await log.close();
  await log.close();

  await expect(accepted).resolves.toMatchObject({ baseOffset: 0 });
  await expect(append(log, "b")).rejects.toMatchObject({ code: "LOG_CLOSED" });
  expect(fixture.directory.volume.files.openFiles).toBe(0);
});
