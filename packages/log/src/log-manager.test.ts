import {
  brokerEpoch,
  brokerId,
  leaderEpoch,
  type Machine,
  type Offset,
  offset,
  silentLogger,
  type TopicId,
  type TopicPartition,
  topicPartitionKey,
} from "@zoolog/base";
import { batchOf, ManualTime, readAll, SimulatedDisk, seededRandom } from "@zoolog/testkit";
import { DEFAULT_LOG_CONFIG } from "./log-config.ts";
import { LogManager, type LogManagerOptions } from "./log-manager.ts";

const EPOCH = { leaderEpoch: leaderEpoch(0) };
const ORDERS: TopicPartition = { topic: "orders", partition: 0 };
const TOPIC_ID = "AAAAAAAAQACAAAAAAAAAAA" as TopicId;
const OTHER_ID = "BBBBBBBBQBCBBBBBBBBBBB" as TopicId;
const NEW = { topicId: TOPIC_ID, config: DEFAULT_LOG_CONFIG };

/** A machine whose processes come and go as the test says. */
class TestMachine implements Machine {
  pid = 100;
  boot = "boot-1";
  readonly running = new Map<number, string>([[100, "first"]]);
  usage = () => ({ residentBytes: 0, heapBytes: 0, eventLoopDelayMs: undefined });
  bootId = async () => this.boot;
  processIdentity = async (pid: number) => this.running.get(pid);
  folderIdentity = async (path: string) => path;
}

function setUp() {
  const disk = new SimulatedDisk({}, { random: seededRandom(3) });
  const machine = new TestMachine();
  const time = new ManualTime();
  const offline: string[] = [];
  const open = (options: Partial<LogManagerOptions> = {}) =>
    LogManager.open(
      {
        dataFolder: "/data",
        clusterId: "cluster-1",
        brokerId: brokerId(1),
        limits: { reservedBytes: 0 },
        ...options,
      },
      {
        fileSystem: disk.mount(),
        clock: time.clock,
        scheduler: time.scheduler,
        random: disk.random,
        machine,
        logger: silentLogger,
        onOffline: (topicPartition) => offline.push(topicPartitionKey(topicPartition)),
      },
    );
  /** The process dies; another one starts. */
  const crash = (kind: "process" | "power") => {
    disk.crash(kind, { keepUnsynced: 0 });
    if (kind === "power") machine.boot = `${machine.boot}+`;
    machine.running.clear();
    machine.pid += 1;
    machine.running.set(machine.pid, `process ${machine.pid}`);
  };
  return { disk, machine, time, offline, open, crash };
}

test("logs, their topic ids and the incarnation survive a clean restart", async () => {
  const { open, disk } = setUp();
  const first = await open();
  expect(first.boot).toBe("newFolder");
  await first.noteRegistered(brokerEpoch(7));
  const log = await first.getOrCreate(ORDERS, NEW);
  await log.append([batchOf(["a", "b"])], EPOCH);
  log.updateHighWatermark(offset(2));
  await first.close();

  const second = await open();

  expect(second.boot).toBe("clean");
  expect(second.incarnationId).toBe(first.incarnationId);
  expect(second.topicIdOf(ORDERS)).toBe(TOPIC_ID);
  const again = second.get(ORDERS)!;
  expect(again.highWatermark).toBe(2);
  expect(await readAll(again)).toEqual([
    [0, "a"],
    [1, "b"],
  ]);
  expect(disk.paths()).not.toContain("/data/.kafka_cleanshutdown");
  await second.close();
});

test("the marker of a clean shutdown is gone before the first log is opened", async () => {
  const { open, disk, crash } = setUp();
  const first = await open();
  await first.noteRegistered(brokerEpoch(7));
  await first.getOrCreate(ORDERS, NEW);
  await first.close();
  expect(disk.paths()).toContain("/data/.kafka_cleanshutdown");
  disk.inject({ effect: "EIO", operations: ["readDirectory"], path: /orders-0$/ });

  const second = await open();
  expect([...second.offlinePartitions.keys()]).toEqual(["orders-0"]);
  crash("process");
  const third = await open();

  // Were the marker still there, the third start would trust what the second did not load.
  expect(third.boot).toBe("clean");
  expect(disk.paths()).not.toContain("/data/.kafka_cleanshutdown");
  await third.close();
});

test("a power cut after the start does not bring the marker back", async () => {
  const { open, disk, crash } = setUp();
  const first = await open();
  await first.noteRegistered(brokerEpoch(7));
  await first.close();
  await open();
  crash("power");

  expect(disk.paths()).not.toContain("/data/.kafka_cleanshutdown");
  const third = await open();
  expect(third.boot).toBe("unclean");
  await third.close();
});

test("a shutdown with an offline partition leaves no marker", async () => {
  const { open, disk } = setUp();
  const first = await open();
  await first.getOrCreate(ORDERS, NEW);
  await first.close();
  disk.inject({ effect: "EIO", operations: ["readDirectory"], path: /orders-0$/ });
  const second = await open();

  await second.close();

  expect(disk.paths()).not.toContain("/data/.kafka_cleanshutdown");
});

test.each([
  ["process", "clean"],
  ["power", "unclean"],
] as const)("after a %s crash the boot counts as %s", async (kind, boot) => {
  const { open, crash } = setUp();
  const first = await open({ periods: { flushMs: 10_000 } });
  await first.noteRegistered(brokerEpoch(7));
  const log = await first.getOrCreate(ORDERS, {
    ...NEW,
    config: { ...NEW.config, flush: "fsync" },
  });
  await log.append([batchOf(["kept"])], EPOCH);

  crash(kind);
  const second = await open();

  expect(second.boot).toBe(boot);
  expect(await readAll(second.get(ORDERS)!)).toEqual([[0, "kept"]]);
  await second.close();
});

test("what a start has lost stays lost over the next ones, until the cluster knows since when", async () => {
  const { open, crash } = setUp();
  await open();
  crash("process");
  const second = await open();
  expect([second.boot, second.losses]).toEqual(["newFolder", {}]);
  await second.noteRegistered(brokerEpoch(7));
  expect([second.boot, second.losses]).toEqual(["clean", { newFolder: 7 }]);

  crash("power");
  await (await open()).close();
  const fourth = await open();

  expect([fourth.boot, fourth.losses]).toEqual(["unclean", { newFolder: 7 }]);
  await fourth.noteRegistered(brokerEpoch(9));
  await fourth.noteRegistered(brokerEpoch(11));
  crash("process");
  const fifth = await open();
  expect([fifth.boot, fifth.losses]).toEqual(["clean", { newFolder: 7, unclean: 9 }]);
  await fifth.close();
});

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

/** Lets the simulated disk go on; fails when it has nothing more to do. */
async function until(isSo: () => boolean): Promise<void> {
  for (let turns = 0; !isSo(); turns++) {
    if (turns > 1_000) throw new Error("it never came to be so");
    await new Promise((resolve) => setImmediate(resolve));
  }
}

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

test("each start is another life, which knows the one before until it was registered", async () => {
  const { open, crash } = setUp();
  const first = await open();
  const [a] = first.lives;
  expect(first.lives).toEqual([a]);
  await first.noteRegistered(brokerEpoch(7));
  await first.close();

  const second = await open();
  const [b] = second.lives;
  expect(second.lives).toEqual([b, a]);
  expect(b).not.toBe(a);
  // Whether it was registered before it died, it cannot know: it goes on with the same life.
  crash("process");
  const third = await open();
  expect(third.lives).toEqual([b, a]);
  await third.noteRegistered(brokerEpoch(9));
  expect(third.lives).toEqual([b]);
  await third.close();

  const fourth = await open();
  expect(fourth.lives).toEqual([expect.any(String), b]);
  await fourth.close();
});

test("a folder that was found outdated remembers for good which lives it has not seen", async () => {
  const { open, crash } = setUp();
  const first = await open();
  await first.noteRegistered(brokerEpoch(7));
  expect(first.losses).toEqual({ newFolder: 7 });
  await first.close();
  const second = await open();

  await second.noteOutdated();
  crash("power");
  const third = await open();
  expect(third.losses.outdated).toEqual([{ after: 7, before: undefined }]);
  await third.noteOutdated();
  expect(third.losses.outdated).toEqual([{ after: 7, before: undefined }]);
  await third.noteRegistered(brokerEpoch(12));
  await third.noteRegistered(brokerEpoch(13));
  await third.close();

  const fourth = await open();
  expect(fourth.losses.outdated).toEqual([{ after: 7, before: 12 }]);
  await fourth.noteOutdated();
  await fourth.noteRegistered(brokerEpoch(20));
  expect(fourth.losses.outdated).toEqual([
    { after: 7, before: 12 },
    { after: 13, before: 20 },
  ]);
  await fourth.close();
});

test("of very many changes of folders the oldest become one", async () => {
  const { open } = setUp();
  const logs = await open();
  for (let epoch = 1; epoch <= 20; epoch++) {
    await logs.noteOutdated();
    await logs.noteRegistered(brokerEpoch(10 * epoch));
  }

  const { outdated = [] } = logs.losses;
  expect(outdated.length).toBe(16);
  expect(outdated[0]).toEqual({ after: undefined, before: 50 });
  expect(outdated.at(-1)).toEqual({ after: 190, before: 200 });
  await logs.close();
});

test("a full disk keeps a start within the former life, and does not keep it from serving", async () => {
  const { open, disk } = setUp();
  const first = await open();
  const { lives } = first;
  await first.noteRegistered(brokerEpoch(7));
  await first.close();
  disk.inject({ effect: "ENOSPC", operations: ["write"], path: /meta\.properties/ });

  const second = await open();

  expect(second.lives).toEqual(lives);
  await second.close();
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

test("a second process is refused while the first one lives", async () => {
  const { open, machine } = setUp();
  const first = await open();
  machine.pid = 200;
  machine.running.set(200, "second");

  await expect(open()).rejects.toMatchObject({
    code: "DATA_FOLDER_LOCKED",
    message: "/data is in use by process 100",
  });
  await first.close();
  await (await open()).close();
});

test("the lock of a dead process is taken over, even when its pid lives again", async () => {
  const { open, crash, machine } = setUp();
  await open();
  crash("process");
  machine.running.set(100, "somebody else with the old pid");

  const second = await open();

  await second.close();
});

test("the same process cannot open the folder twice", async () => {
  const { open } = setUp();
  const first = await open();

  await expect(open()).rejects.toMatchObject({ code: "DATA_FOLDER_LOCKED" });
  await first.close();
});

test("the folder of another cluster or broker is refused, and stays unlocked", async () => {
  const { open } = setUp();
  await (await open()).close();

  await expect(open({ clusterId: "cluster-2" })).rejects.toMatchObject({
    code: "INCONSISTENT_CLUSTER_ID",
  });
  await expect(open({ brokerId: brokerId(2) })).rejects.toMatchObject({
    code: "INCONSISTENT_BROKER_ID",
  });
  await (await open()).close();
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
