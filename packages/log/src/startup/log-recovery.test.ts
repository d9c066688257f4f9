import { leaderEpoch, type Offset } from "@zoolog/base";
import { batchOf, LogFixture, type LogFixtureOptions, readAll } from "@zoolog/testkit";
import type { Log } from "../log.ts";

const FOLDER = "/data/orders-0";
const FIRST = `${FOLDER}/00000000000000000000.log`;

const append = (log: Log, ...values: string[]) =>
  log.append([batchOf(values)], { leaderEpoch: leaderEpoch(0) });
const at = (value: number) => value as Offset;
const values = async (log: Log) => (await readAll(log)).map(([, value]) => value);

/** Single-record batches "0" to "9"; the first `synced` are below the recovery point on disk. */
async function tenRecords(options: LogFixtureOptions & { synced?: number } = {}) {
  const { synced = 0, ...rest } = options;
  const fixture = new LogFixture({
    ...rest,
    limits: { tailCacheBytesMax: 0 },
    config: { indexIntervalBytes: 100, ...rest.config },
  });
  const log = await fixture.open();
  for (let i = 0; i < 10; i++) {
    await append(log, `${i}`);
    if (i === synced - 1) {
      await log.flush();
      await fixture.saveCheckpoints(log);
    }
  }
  return { fixture, log };
}

/** As if nothing had been synced before the crash. */
const forgetSyncs = (fixture: LogFixture) =>
  fixture.disk.corrupt("/data/recovery-point-offset-checkpoint", () => Buffer.from("0\n0\n"));

const BATCH_BYTES = batchOf(["0"]).sizeInBytes;
const TEN = Array.from({ length: 10 }, (_, i) => `${i}`);

describe("above the recovery point", () => {
  test.each([
    ["an incomplete batch", (bytes: Buffer) => bytes.subarray(0, bytes.length - 20)],
    ["a batch header cut short", (bytes: Buffer) => bytes.subarray(0, 8 * BATCH_BYTES + 7)],
    ["zeros where data was never written", (bytes: Buffer) => bytes.fill(0, 8 * BATCH_BYTES)],
    [
      "more zeros than there were batches",
      (bytes: Buffer) => Buffer.concat([bytes.fill(0, 8 * BATCH_BYTES), Buffer.alloc(5_000)]),
    ],
    [
      "a wrong checksum",
      (bytes: Buffer) => bytes.fill(0xff, 8 * BATCH_BYTES + 62, 8 * BATCH_BYTES + 63),
    ],
    ["noise", (bytes: Buffer) => bytes.fill(0xa5, 8 * BATCH_BYTES)],
  ])("%s is a torn tail and is cut", async (_, tear) => {
    const { fixture } = await tenRecords({ synced: 5 });
    fixture.disk.corrupt(FIRST, tear);

    const log = await fixture.reopenAfter("process");

    const kept = log.logEndOffset;
    expect([8, 9]).toContain(kept);
    expect(await values(log)).toEqual(TEN.slice(0, kept));
    expect(fixture.disk.contents(FIRST)).toHaveLength(kept * BATCH_BYTES);
    expect((await append(log, "next")).baseOffset).toBe(kept);
  });

  test("an offset that does not follow is cut", async () => {
    const { fixture } = await tenRecords();
    // The ninth batch claims offset 6; its checksum does not cover that field.
    fixture.disk.corrupt(FIRST, (bytes) => {
      bytes.writeInt32BE(6, 8 * BATCH_BYTES + 4);
      return bytes;
    });

    expect((await fixture.reopenAfter("process")).logEndOffset).toBe(8);
  });

  test("segments beyond a torn one go, too", async () => {
    const { fixture, log } = await tenRecords({ config: { segmentBytes: 3 * BATCH_BYTES } });
    expect(log.segmentCount).toBe(4);
    await log.flush();
    forgetSyncs(fixture);
    fixture.disk.corrupt(`${FOLDER}/00000000000000000003.log`, (bytes) => bytes.subarray(0, 100));

    const again = await fixture.reopenAfter("process");

    expect(await values(again)).toEqual(["0", "1", "2", "3"]);
    expect(fixture.disk.paths().filter((path) => path.endsWith(".log"))).toHaveLength(2);
  });

  test("a segment file that is missing ends the log before it", async () => {
    const { fixture } = await tenRecords({ config: { segmentBytes: 3 * BATCH_BYTES } });
    forgetSyncs(fixture);
    await fixture.disk.mount().remove(`${FOLDER}/00000000000000000003.log`);

    expect(await values(await fixture.reopenAfter("process"))).toEqual(["0", "1", "2"]);
  });

  test("recovering twice gives what recovering once gave", async () => {
    const { fixture } = await tenRecords({ synced: 5 });
    fixture.disk.corrupt(FIRST, (bytes) => bytes.fill(0, 8 * BATCH_BYTES + 30));
    await fixture.reopenAfter("process");
    const once = fixture.disk.paths().map((path) => fixture.disk.contents(path));

    await fixture.reopenAfter("process");

    expect(fixture.disk.paths().map((path) => fixture.disk.contents(path))).toEqual(once);
  });

  test("recovery does not move the recovery point", async () => {
    const { fixture } = await tenRecords({ synced: 5 });

    const log = await fixture.reopenAfter("process");

    expect(log.logEndOffset).toBe(10);
    expect(log.recoveryPoint).toBe(5);
  });

  test("index entries are no reason to skip what they lead past", async () => {
    const { fixture, log } = await tenRecords();
    await log.flush(); // Log and index are on the disk, the checkpoint does not say so.
    fixture.disk.crash("process");
    fixture.disk.flipBit(FIRST, 4 * BATCH_BYTES + 65, 0);

    expect((await fixture.open()).logEndOffset).toBe(4);
  });

  test("a file made just before a crash has a durable name before it is counted on", async () => {
    const fixture = new LogFixture({ config: { flush: "fsync" } });
    const log = await fixture.open();
    await append(log, "a");
    fixture.disk.hold("datasync");
    fixture.disk.hold("syncDirectory");
    await log.roll();

    const again = await fixture.reopenAfter("process");
    await append(again, "b");
    const last = await fixture.reopenAfter("power", { keepUnsynced: 0 });

    expect(await values(last)).toEqual(["a", "b"]);
  });

  test("only the part above it is read", async () => {
    const { fixture } = await tenRecords({ synced: 8 });
    fixture.disk.crash("process");
    // Whoever looked at the first batches would see noise there.
    fixture.disk.corrupt(FIRST, (bytes) => bytes.fill(0xa5, 0, 4 * BATCH_BYTES));

    const log = await fixture.open();

    expect(log.logEndOffset).toBe(10);
    expect(log.failure).toBeUndefined();
  });
});

describe("below the recovery point", () => {
  const [corrupt, missing] = ["CORRUPT_MESSAGE", "RECORDS_MISSING"];
  const at = 8 * BATCH_BYTES + 65;
  const damages: [string, string, (bytes: Buffer) => Buffer][] = [
    ["a flipped bit", corrupt, (bytes) => bytes.fill(0x7f, at, at + 1)],
    ["a file cut short", corrupt, (bytes) => bytes.subarray(0, 7 * BATCH_BYTES + 10)],
    ["a file cut between batches", missing, (bytes) => bytes.subarray(0, 7 * BATCH_BYTES)],
    ["zeros", corrupt, (bytes) => bytes.fill(0, 7 * BATCH_BYTES)],
    ["an empty file", missing, () => Buffer.alloc(0)],
  ];

  test.each(damages)("%s is reported (%s), and not a byte is cut", async (_, code, damage) => {
    const { fixture } = await tenRecords({ synced: 9 });
    fixture.disk.crash("process");
    fixture.disk.corrupt(FIRST, damage);
    const before = fixture.disk.paths().map((path) => [path, fixture.disk.contents(path)]);

    await expect(fixture.open()).rejects.toMatchObject({
      code,
      retriable: false,
      message: expect.stringContaining(FOLDER),
    });

    expect(fixture.disk.paths().map((path) => [path, fixture.disk.contents(path)])).toEqual(before);
    await expect(fixture.open()).rejects.toMatchObject({ code });
  });

  test("a torn tail behind it is still cut", async () => {
    const { fixture } = await tenRecords({ synced: 9 });
    fixture.disk.corrupt(FIRST, (bytes) => bytes.subarray(0, bytes.length - 1));

    expect((await fixture.reopenAfter("process")).logEndOffset).toBe(9);
  });

  test("after a clean shutdown everything is, whatever the checkpoint says", async () => {
    const { fixture, log } = await tenRecords();
    await fixture.restart(log);
    fixture.disk.crash("process");
    await fixture.disk.mount().remove("/data/recovery-point-offset-checkpoint");
    fixture.disk.corrupt(FIRST, (bytes) => bytes.subarray(0, bytes.length - 1));

    await expect(fixture.open("inOrder")).rejects.toMatchObject({ code: "CORRUPT_MESSAGE" });
  });
});

describe("a recovery point that is not known, because its file is damaged,", () => {
  const forget = (fixture: LogFixture) =>
    fixture.disk.corrupt("/data/recovery-point-offset-checkpoint", () => Buffer.from("0\n?"));

  test("makes every damage corruption", async () => {
    const { fixture } = await tenRecords({ synced: 3 });
    fixture.disk.crash("process");
    forget(fixture);
    fixture.disk.corrupt(FIRST, (bytes) => bytes.fill(0, 8 * BATCH_BYTES));

    await expect(fixture.open()).rejects.toMatchObject({ code: "CORRUPT_MESSAGE" });
  });

  test("still lets an interrupted last append be cut", async () => {
    const { fixture } = await tenRecords({ synced: 3 });
    fixture.disk.crash("process");
    forget(fixture);
    fixture.disk.corrupt(FIRST, (bytes) => bytes.subarray(0, bytes.length - 1));

    expect((await fixture.open()).logEndOffset).toBe(9);
  });
});

describe("indexes", () => {
  test("of the scanned part are complete, wherever the scan resumed", async () => {
    const { fixture, log } = await tenRecords({ synced: 6 });
    await log.flush();
    const index = `${FOLDER}/00000000000000000000.index`;
    const times = `${FOLDER}/00000000000000000000.timeindex`;
    const complete = [fixture.disk.contents(index), fixture.disk.contents(times)];

    const again = await fixture.reopenAfter("process");
    await again.flush();

    expect([fixture.disk.contents(index), fixture.disk.contents(times)]).toEqual(complete);
  });

  test("that are torn do not stop recovery", async () => {
    const { fixture } = await tenRecords({ synced: 6 });
    fixture.disk.crash("process");
    const index = `${FOLDER}/00000000000000000000.index`;
    fixture.disk.corrupt(index, (bytes) => bytes.fill(0, 8));

    const log = await fixture.open();

    expect(await values(log)).toEqual(TEN);
  });

  test("that lead nowhere are not followed", async () => {
    const { fixture } = await tenRecords({ synced: 6 });
    fixture.disk.crash("process");
    const index = `${FOLDER}/00000000000000000000.index`;
    fixture.disk.corrupt(index, (bytes) => {
      bytes.writeInt32BE(bytes.readInt32BE(bytes.length - 4) + 1, bytes.length - 4);
      return bytes;
    });

    expect(await values(await fixture.open())).toEqual(TEN);
  });

  test("whose log is gone are removed", async () => {
    const { fixture, log } = await tenRecords();
    await log.flush();
    const orphan = `${FOLDER}/00000000000000000777.index`;
    await (await fixture.disk.mount().open(orphan, "write")).close();

    await fixture.reopenAfter("process");

    expect(fixture.disk.paths()).not.toContain(orphan);
  });
});

test("a segment whose index files are behind is looked at again, though it was synced", async () => {
  const fixture = new LogFixture({ config: { flush: "fsync", indexIntervalBytes: 1 } });
  const log = await fixture.open();
  const appendAt = (time: number) =>
    log.append([batchOf(["x"], time)], { leaderEpoch: leaderEpoch(0) });
  await appendAt(1_000);
  await appendAt(2_000);
  await log.flush();
  await appendAt(3_000);
  // The rolled segment is synced by the next append; its index files cannot be written yet.
  fixture.disk.hold("write", /index$/);
  await log.roll();
  await appendAt(500);
  expect(log.recoveryPoint).toBe(4);
  await fixture.saveCheckpoints(log);

  const again = await fixture.reopenAfter("process");

  expect(await again.offsetOfMaxTimestamp()).toMatchObject({ offset: 2, timestamp: 3_000 });
});

describe("leader epochs", () => {
  const EPOCHS = `${FOLDER}/leader-epoch-checkpoint`;

  async function threeEpochs() {
    const fixture = new LogFixture({ config: { segmentBytes: 3 * BATCH_BYTES } });
    const log = await fixture.open();
    for (const epoch of [0, 0, 0, 2, 2, 2, 5, 5]) {
      await log.append([batchOf(["x"])], { leaderEpoch: leaderEpoch(epoch) });
    }
    await log.flush();
    return { fixture, log };
  }
  const history = (log: Log) =>
    Array.from({ length: 8 }, (_, i) => log.leaderEpochs.epochForOffset(at(i)));
  const EXPECTED = [0, 0, 0, 2, 2, 2, 5, 5];

  test.each([
    ["missing", () => Buffer.from("0\n0\n")],
    ["damaged", () => Buffer.from("0\n3\n0 0\n")],
  ])("of a %s checkpoint are read from the batches again", async (_, damage) => {
    const { fixture, log } = await threeEpochs();
    const clean = await fixture.restart(log);
    expect(history(clean)).toEqual(EXPECTED);
    fixture.disk.crash("process");
    fixture.disk.corrupt(EPOCHS, damage);

    const again = await fixture.open("inOrder");

    expect(history(again)).toEqual(EXPECTED);
    expect(fixture.disk.contents(EPOCHS).toString()).toBe("0\n3\n0 0\n2 3\n5 6\n");
  });

  test("that a torn tail took with it are forgotten", async () => {
    const { fixture } = await threeEpochs();
    fixture.disk.crash("process");
    fixture.disk.corrupt(`${FOLDER}/00000000000000000006.log`, (bytes) => bytes.subarray(0, 10));

    const log = await fixture.open();

    expect(log.logEndOffset).toBe(6);
    expect(log.leaderEpochs.latest).toBe(2);
  });

  test("epoch 0 is an epoch like any other", async () => {
    const fixture = new LogFixture();
    const log = await fixture.open();
    await append(log, "a");

    const again = await fixture.reopenAfter("process");

    expect(again.leaderEpochs.latest).toBe(0);
    expect(again.leaderEpochs.epochForOffset(at(0))).toBe(0);
  });

  test("an epoch that is assigned without a write is known at once and saved with a flush", async () => {
    const fixture = new LogFixture();
    const log = await fixture.open();
    await append(log, "a");

    await log.assignLeaderEpoch(leaderEpoch(7));

    expect(log.leaderEpochs.latest).toBe(7);
    expect(log.leaderEpochs.endOffsetFor(leaderEpoch(3))).toEqual({ epoch: 0, endOffset: 1 });
    await log.flush();
    expect(fixture.disk.contents(EPOCHS).toString()).toBe("0\n2\n0 0\n7 1\n");
  });

  test.each(["process", "power"] as const)(
    "that are not in their file yet are read from the batches after a crash of the %s",
    async (crash) => {
      const fixture = new LogFixture({ config: { flush: "fsync", indexIntervalBytes: 1 } });
      const log = await fixture.open();
      for (const epoch of [0, 0, 3, 3, 5]) {
        await log.append([batchOf(["x"])], { leaderEpoch: leaderEpoch(epoch) });
        if (epoch === 0) await log.flush();
        await fixture.saveCheckpoints(log);
      }
      expect(fixture.disk.contents(EPOCHS).toString()).toBe("0\n1\n0 0\n");

      const again = await fixture.reopenAfter(crash);

      expect(history(again).slice(0, 5)).toEqual([0, 0, 3, 3, 5]);
    },
  );

  test("a log whose epochs cannot be saved is not closed in order, and claims no more than they do", async () => {
    const fixture = new LogFixture({ config: { flush: "fsync" } });
    const log = await fixture.open();
    await append(log, "a");
    await log.flush();
    await log.assignLeaderEpoch(leaderEpoch(7));
    await log.append([batchOf(["b"])], { leaderEpoch: leaderEpoch(7) });
    fixture.disk.faults.inject({ effect: "ENOSPC", at: 1, sticky: true });

    await expect(log.flush()).rejects.toMatchObject({ code: "DISK_FULL" });
    await expect(log.close()).rejects.toMatchObject({ code: "DISK_FULL" });

    log.noteCheckpoints();
    const noted = fixture.directory.recoveryPoints.get(log.topicPartition);
    expect([log.recoveryPoint, noted]).toEqual([2, 1]);
  });
});
