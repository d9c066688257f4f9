import { type LeaderEpoch, leaderEpoch, type Offset, writeFileAtomically } from "@zoolog/base";
import { encodeRecordBatch, RecordBatch } from "@zoolog/protocol";
import { LogFixture } from "@zoolog/testkit";
import type { Log } from "../log.ts";

const EPOCH = leaderEpoch(0);
const PRODUCER = 7;
const NOT_THERE = { rejects: "OUT_OF_ORDER_SEQUENCE_NUMBER" };

type Mark = { id?: number; epoch?: number; sequence: number; count?: number };

function batch({ id = PRODUCER, epoch = 0, sequence, count = 1 }: Mark): RecordBatch {
  const records = Array.from({ length: count }, (_, i) => ({
    timestamp: 1_000,
    key: null,
    value: `${sequence + i}`,
  }));
  const producer = { producerId: id, producerEpoch: epoch, baseSequence: sequence };
  return RecordBatch.parse(encodeRecordBatch(records, { producer }));
}

const append = (log: Log, mark: Mark, epoch: LeaderEpoch = EPOCH) =>
  log.append([batch(mark)], { leaderEpoch: epoch });

/** Batches 0 to `count` − 1, one record each. */
async function appendMany(log: Log, count: number): Promise<void> {
  for (let sequence = 0; sequence < count; sequence++) await append(log, { sequence });
}

const outcomeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => "appended",
    (error: { code: string }) => ({ rejects: error.code }),
  );

const settle = () => new Promise((resolve) => setImmediate(resolve));
const snapshotsOf = (fixture: LogFixture) =>
  fixture.disk
    .paths()
    .filter((path) => path.endsWith(".snapshot"))
    .map((path) => path.slice(fixture.folder.length + 1));

describe("appends of an idempotent producer", () => {
  test("that are under way together are told the same as one after the other", async () => {
    const log = await new LogFixture().open();

    const sent = [0, 1, 1, 3, 2].map((sequence) => append(log, { sequence }));

    const [first, second, repeated, tooEarly, third] = await Promise.allSettled(sent);
    expect(first).toMatchObject({ value: { baseOffset: 0 } });
    expect(second).toMatchObject({ value: { baseOffset: 1 } });
    expect(repeated).toMatchObject({ value: { baseOffset: 1, lastOffset: 1, duplicate: true } });
    expect(tooEarly).toMatchObject({ reason: { code: "OUT_OF_ORDER_SEQUENCE_NUMBER" } });
    expect(third).toMatchObject({ value: { baseOffset: 2 } });
    expect(log.logEndOffset).toBe(3);
  });

  test("several batches of one append are judged one behind the other, and taken or refused whole", async () => {
    const log = await new LogFixture().open();
    const options = { leaderEpoch: EPOCH };
    const both = () => [batch({ sequence: 0, count: 2 }), batch({ sequence: 2 })];

    await log.append(both(), options);
    const again = await log.append(both(), options);
    const half = log.append([batch({ sequence: 2 }), batch({ sequence: 3 })], options);

    expect(again).toMatchObject({ baseOffset: 0, lastOffset: 2, duplicate: true });
    expect(await outcomeOf(half)).toEqual(NOT_THERE);
    expect(log.logEndOffset).toBe(3);
  });

  test("a batch whose write failed may come again", async () => {
    const fixture = new LogFixture();
    const log = await fixture.open();
    await append(log, { sequence: 0 });
    fixture.disk.inject({ operations: ["write"], path: /\.log$/, effect: "ENOSPC" });

    expect(await outcomeOf(append(log, { sequence: 1 }))).toEqual({ rejects: "DISK_FULL" });
    await outcomeOf(append(log, { sequence: 1 })); // Asks for the free space.
    await settle();

    expect(await append(log, { sequence: 1 })).toMatchObject({ baseOffset: 1 });
    expect(log.logEndOffset).toBe(2);
  });

  test("with flush fsync a duplicate waits for the disk as its original does", async () => {
    const fixture = new LogFixture({ config: { flush: "fsync" } });
    const log = await fixture.open();
    await append(log, { sequence: 0 });
    fixture.disk.inject({ operations: ["datasync"], path: /\.log$/, effect: "EIO" });

    const original = outcomeOf(append(log, { sequence: 1 }));
    const repeated = outcomeOf(append(log, { sequence: 1 }));

    expect(await original).toEqual({ rejects: "KAFKA_STORAGE_ERROR" });
    expect(await repeated).toEqual({ rejects: "KAFKA_STORAGE_ERROR" });
  });

  test("a duplicate is told when the broker stamped the original", async () => {
    const log = await new LogFixture().open();
    const stamped = (time: number) => {
      const marked = batch({ sequence: 0 });
      marked.stampLogAppendTime(time as never);
      return log.append([marked], { leaderEpoch: EPOCH });
    };

    await stamped(500);

    expect(await stamped(900)).toMatchObject({ duplicate: true, logAppendTime: 500 });
  });

  test("a follower takes what its leader accepted, and knows duplicates when it leads", async () => {
    const log = await new LogFixture().open();
    const sent = [batch({ sequence: 5 }), batch({ sequence: 9 }), batch({ epoch: 1, sequence: 0 })];
    sent.forEach((each, i) => {
      each.assign({ baseOffset: i as Offset, leaderEpoch: EPOCH });
    });

    await log.appendAsFollower(Buffer.concat(sent.map(({ bytes }) => bytes)));

    expect(log.logEndOffset).toBe(3);
    expect(await append(log, { epoch: 1, sequence: 0 }, leaderEpoch(1))).toMatchObject({
      baseOffset: 2,
      duplicate: true,
    });
  });

  test("after producer.id.expiration.ms of silence a producer is forgotten, and not before", async () => {
    const fixture = new LogFixture({ limits: { producerIdExpirationMs: 1_000 } });
    const log = await fixture.open();
    await append(log, { sequence: 0 });

    await fixture.time.advance(999);
    await log.applyRetention();
    expect(log.producers).toHaveLength(1);
    await fixture.time.advance(1);
    await log.applyRetention();

    expect(log.producers).toHaveLength(0);
    expect(await append(log, { sequence: 33 })).toMatchObject({ baseOffset: 1 });
  });

  test("what a start reads of old records counts as heard of now", async () => {
    const fixture = new LogFixture({ limits: { producerIdExpirationMs: 1_000 } });
    await appendMany(await fixture.open(), 1);
    await fixture.time.advance(5_000);

    expect((await fixture.reopenAfter("process")).producers).toHaveLength(1);
  });
});

describe("snapshots", () => {
  test("stand at each roll and at a close in order, and a start then reads no batch", async () => {
    const fixture = new LogFixture();
    const log = await fixture.open();
    await appendMany(log, 3);
    await log.roll();
    await append(log, { sequence: 3 });
    await log.flush();
    expect(snapshotsOf(fixture)).toEqual(["00000000000000000003.snapshot"]);

    const again = await fixture.restart(log);

    expect(snapshotsOf(fixture)).toEqual([
      "00000000000000000003.snapshot",
      "00000000000000000004.snapshot",
    ]);
    expect(await append(again, { sequence: 0 })).toMatchObject({ baseOffset: 0, duplicate: true });
    expect(await append(again, { sequence: 4 })).toMatchObject({ baseOffset: 4 });
  });

  test("stand at a flush, too, when 16 MiB have come since the last one, which it replaces", async () => {
    const fixture = new LogFixture();
    let log = await fixture.open();
    const value = "x".repeat(999_000);
    const producer = { producerId: PRODUCER, producerEpoch: 0 };
    const appendLarge = async (from: number, to: number): Promise<void> => {
      for (let sequence = from; sequence < to; sequence++) {
        const mark = { ...producer, baseSequence: sequence };
        const bytes = encodeRecordBatch([{ timestamp: 1, key: null, value }], { producer: mark });
        await log.append([RecordBatch.parse(bytes)], { leaderEpoch: EPOCH });
      }
      await log.flush();
    };

    await appendLarge(0, 16);
    expect(snapshotsOf(fixture)).toEqual([]);
    await appendLarge(16, 17);
    expect(snapshotsOf(fixture)).toEqual(["00000000000000000017.snapshot"]);
    await appendLarge(17, 34);
    expect(snapshotsOf(fixture)).toEqual(["00000000000000000034.snapshot"]);

    await append(log, { sequence: 34 });
    log = await fixture.reopenAfter("process");
    expect(await append(log, { sequence: 34 })).toMatchObject({ baseOffset: 34, duplicate: true });
    expect(log.producers[0]?.batches).toHaveLength(5);
  });

  test("an empty log leaves none", async () => {
    const fixture = new LogFixture();
    await fixture.restart(await fixture.open());

    expect(snapshotsOf(fixture)).toEqual([]);
  });

  test.each(["cut off", "flipped", "missing"])(
    "one that is %s costs a longer replay",
    async (how) => {
      const fixture = new LogFixture();
      const log = await fixture.open();
      await appendMany(log, 2);
      await log.roll();
      await append(log, { sequence: 2 });
      await log.close();
      await fixture.saveCheckpoints(log);
      for (const name of snapshotsOf(fixture))
        await damage(fixture, `${fixture.folder}/${name}`, how);

      const again = await fixture.open("inOrder");

      expect(again.failure).toBeUndefined();
      expect(await append(again, { sequence: 0 })).toMatchObject({
        baseOffset: 0,
        duplicate: true,
      });
      expect(await append(again, { sequence: 3 })).toMatchObject({ baseOffset: 3 });
    },
  );

  test("that a full disk refuses do not stop the log", async () => {
    const fixture = new LogFixture();
    const log = await fixture.open();
    await appendMany(log, 2);
    fixture.disk.inject({ operations: ["write"], path: /\.snapshot/, effect: "ENOSPC", at: 1 });

    const again = await fixture.restart(log);

    expect(await append(again, { sequence: 1 })).toMatchObject({ baseOffset: 1, duplicate: true });
  });

  test("of segments that retention removed go; what they say of producers stays", async () => {
    const fixture = new LogFixture();
    const log = await fixture.open();
    for (let sequence = 0; sequence < 4; sequence++) {
      await append(log, { sequence });
      await log.roll();
    }
    await append(log, { id: 8, sequence: 0 });
    await log.deleteBefore(4 as Offset);
    await log.applyRetention();

    expect(snapshotsOf(fixture)).toEqual(["00000000000000000004.snapshot"]);
    const again = await fixture.reopenAfter("power");
    expect(await append(again, { sequence: 3 })).toMatchObject({ baseOffset: 3, duplicate: true });
  });

  test("that a crash kept from being written are made up for before their segments go", async () => {
    const fixture = new LogFixture();
    const log = await fixture.open();
    await append(log, { sequence: 0 });
    await log.roll();
    const again = await fixture.reopenAfter("process");
    expect(snapshotsOf(fixture)).toEqual([]);

    await again.deleteBefore(1 as Offset);
    await again.applyRetention();

    const last = await fixture.reopenAfter("process");
    expect(await append(last, { sequence: 0 })).toMatchObject({ baseOffset: 0, duplicate: true });
  });

  test("are made up for, too, where a cut comes back before those segments go", async () => {
    const fixture = new LogFixture();
    const log = await fixture.open();
    const path = /\.snapshot/;
    fixture.disk.inject({ operations: ["write"], path, effect: "ENOSPC", sticky: true });
    for (let sequence = 0; sequence < 6; sequence++) {
      await append(log, { sequence });
      await log.roll();
    }
    const again = await fixture.reopenAfter("process");
    await append(again, { sequence: 6 });
    const hold = fixture.disk.hold("remove", /0000\.log$/);
    await again.deleteBefore(4 as Offset);
    await new Promise((resolve) => setImmediate(resolve));

    const deleting = again.deleteBefore(6 as Offset);
    const cutting = again.truncateTo(6 as Offset);
    hold.release();
    await deleting;
    await cutting;

    expect(await append(again, { sequence: 5 })).toMatchObject({ baseOffset: 5, duplicate: true });
  });

  test("that a full disk refuses do not keep the segments that fill it", async () => {
    const fixture = new LogFixture();
    const log = await fixture.open();
    await append(log, { sequence: 0 });
    const path = /\.snapshot/;
    const full = fixture.disk.inject({
      operations: ["write"],
      path,
      effect: "ENOSPC",
      sticky: true,
    });
    await log.roll();

    await log.deleteBefore(1 as Offset);
    await log.applyRetention();

    expect(fixture.disk.paths().filter((name) => name.endsWith("00.log"))).toEqual([]);
    full.remove();
    await log.flush();
    const again = await fixture.reopenAfter("process");
    expect(await append(again, { sequence: 0 })).toMatchObject({ baseOffset: 0, duplicate: true });
  });

  test("above the end, which a power cut has left, are believed by nobody", async () => {
    const fixture = new LogFixture();
    const log = await fixture.open();
    await appendMany(log, 4);
    await fixture.restart(log);
    const [name] = snapshotsOf(fixture);
    const bytes = fixture.disk.contents(`${fixture.folder}/${name}`);
    const shorter = await fixture.open();
    await shorter.truncateTo(1 as Offset);
    fixture.disk.crash("process");
    await writeFileAtomically(fixture.disk.mount(), fixture.folder, name!, bytes);

    const other = await fixture.open();
    for (let i = 0; i < 5; i++) await append(other, { id: 8, sequence: i });
    const again = await fixture.reopenAfter("process");

    expect(await append(again, { sequence: 1 })).toMatchObject({ baseOffset: 6 });
  });

  test("above a cut go before the log grows past them again", async () => {
    const fixture = new LogFixture({ config: { flush: "fsync" } });
    const log = await fixture.open();
    await appendMany(log, 4);
    await log.roll();
    await log.flush();
    await log.truncateTo(1 as Offset);
    for (let i = 0; i < 4; i++) await append(log, { id: 8, sequence: i });

    const again = await fixture.reopenAfter("power");

    expect(await outcomeOf(append(again, { sequence: 3 }))).toEqual(NOT_THERE);
    expect(await append(again, { sequence: 1 })).toMatchObject({ baseOffset: 5 });
  });
});

async function damage(fixture: LogFixture, path: string, how: string): Promise<void> {
  if (how === "missing") return await fixture.disk.mount().remove(path);
  fixture.disk.corrupt(path, (bytes) => {
    if (how === "cut off") return bytes.subarray(0, 9);
    bytes[bytes.length - 3]! ^= 1;
    return bytes;
  });
}
