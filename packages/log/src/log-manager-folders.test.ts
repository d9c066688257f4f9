/** Folders that are not what the data folder's checkpoints or the cluster say they are. */
import {
  brokerId,
  leaderEpoch,
  type Machine,
  offset,
  silentLogger,
  type TopicId,
  type TopicPartition,
} from "@zoolog/base";
import { batchOf, ManualTime, readAll, SimulatedDisk, seededRandom } from "@zoolog/testkit";
import { DEFAULT_LOG_CONFIG } from "./log-config.ts";
import { LogManager } from "./log-manager.ts";

const EPOCH = { leaderEpoch: leaderEpoch(0) };
const ORDERS: TopicPartition = { topic: "orders", partition: 0 };
const OTHER: TopicPartition = { topic: "other", partition: 7 };
const TOPIC_ID = "AAAAAAAAQACAAAAAAAAAAA" as TopicId;
const OTHER_ID = "BBBBBBBBQBCBBBBBBBBBBB" as TopicId;
const NEW = { topicId: TOPIC_ID, config: DEFAULT_LOG_CONFIG };
const FIRST = "/data/orders-0/00000000000000000000.log";
const CHECKPOINTS = ["recovery-point", "log-start", "replication"];

function setUp(options: { capacityBytes?: number } = {}) {
  const disk = new SimulatedDisk(options, { random: seededRandom(3) });
  const state = { pid: 100, boot: "boot-1" };
  const machine: Machine = {
    get pid() {
      return state.pid;
    },
    usage: () => ({ residentBytes: 0, heapBytes: 0, eventLoopDelayMs: undefined }),
    bootId: async () => state.boot,
    processIdentity: async (pid) => (pid === state.pid ? `process ${pid}` : undefined),
    folderIdentity: async (path) => path,
  };
  const logged: { message: string; fields: Readonly<Record<string, unknown>> | undefined }[] = [];
  const note = (message: string, fields?: Readonly<Record<string, unknown>>) =>
    void logged.push({ message, fields });
  const time = new ManualTime();
  const open = () =>
    LogManager.open(
      {
        dataFolder: "/data",
        clusterId: "cluster-1",
        brokerId: brokerId(1),
        limits: { reservedBytes: 0 },
      },
      {
        fileSystem: disk.mount(),
        clock: time.clock,
        scheduler: time.scheduler,
        random: disk.random,
        machine,
        logger: { ...silentLogger, info: note, warn: note, error: note },
      },
    );
  const crash = (kind: "process" | "power") => {
    disk.crash(kind, { keepUnsynced: 0 });
    state.pid += 1;
    if (kind === "power") state.boot = `${state.boot}+`;
  };
  return { disk, time, logged, open, crash };
}

/** Two records in `orders-0`, one in `other-7`, everything closed in order. */
async function usedFolder(options: { capacityBytes?: number } = {}) {
  const setting = setUp(options);
  const manager = await setting.open();
  const orders = await manager.getOrCreate(ORDERS, NEW);
  for (const value of ["a", "b"]) await orders.append([batchOf([value])], EPOCH);
  orders.updateHighWatermark(offset(2));
  const other = await manager.getOrCreate(OTHER, { ...NEW, topicId: OTHER_ID });
  await other.append([batchOf(["c"])], EPOCH);
  await manager.close();
  return setting;
}

const removeFolder = (disk: SimulatedDisk, name: string) =>
  disk.mount().removeTree(`/data/${name}`);

test.each([1, 2, 3, 4, 5])(
  "a deletion that found no file handle for sync %i of the names is durable when it is done again",
  async (nth) => {
    const { open, disk, crash } = await usedFolder();
    const manager = await open();
    const fault = { effect: "EMFILE", operations: ["syncDirectory"], path: /data$/ } as const;
    const exhausted = disk.inject({ ...fault, at: nth });
    await manager.delete(ORDERS).catch(() => {});
    exhausted.remove();

    await manager.delete(ORDERS);
    crash("power");

    expect((await open()).known).toEqual(["other-7"]);
  },
);

describe("partitions that are made at the same time", () => {
  const topicPartitions = Array.from({ length: 20 }, (_, partition) => ({ topic: "t", partition }));
  const makeAll = async (manager: LogManager): Promise<void> => {
    await Promise.all(topicPartitions.map((each) => manager.getOrCreate(each, NEW)));
  };

  test("are all found after a power cut", async () => {
    const { open, crash } = setUp();
    await makeAll(await open());

    crash("power");
    const again = await open();

    expect(topicPartitions.filter((each) => again.get(each) === undefined)).toEqual([]);
    expect(again.offlinePartitions.size).toBe(0);
    await again.close();
  });

  test("share the syncs of their names", async () => {
    const { open, disk } = setUp();
    const manager = await open();
    const operations = disk.record(/^\/data$/);

    await makeAll(manager);

    const syncs = operations.filter((operation) => operation.startsWith("syncDirectory"));
    expect(syncs.length).toBeLessThan(topicPartitions.length);
    await manager.close();
  });
});

describe("a damaged log that starts over", () => {
  test("leaves its folder to whoever wants to look at it", async () => {
    const { open, disk } = await usedFolder();
    disk.corrupt(FIRST, (bytes) => bytes.subarray(0, bytes.length / 2));
    const manager = await open();
    expect(manager.offlinePartitions.has("orders-0")).toBe(true);

    const log = await manager.startOver(ORDERS, NEW);

    expect(log.logEndOffset).toBe(0);
    const aside = disk.paths().filter((path) => /orders-0\.[^/]*-stray\/.*\.log$/.test(path));
    expect(aside).toHaveLength(1);
  });

  test("is only one that failed: one that serves is not touched", async () => {
    const { open } = await usedFolder();

    const log = await (await open()).startOver(ORDERS, NEW);

    expect(log.logEndOffset).toBe(2);
  });
});

describe("a folder that the checkpoints name and that is gone", () => {
  test("makes the partition offline by name; no other log takes its place", async () => {
    const { open, disk, logged } = await usedFolder();
    await removeFolder(disk, "orders-0");

    const manager = await open();

    expect(manager.get(OTHER)).toBeDefined();
    await expect(manager.getOrCreate(ORDERS, NEW)).rejects.toMatchObject({
      code: "KAFKA_STORAGE_ERROR",
      hint: expect.stringContaining("bring the folder back"),
      cause: {
        code: "PARTITION_FOLDER_MISSING",
        message: expect.stringContaining("/data/orders-0 is gone, with the records from 0 to at"),
      },
    });
    expect(logged).toContainEqual({
      message: "partition is offline",
      fields: expect.objectContaining({
        topicPartition: "orders-0",
        code: "PARTITION_FOLDER_MISSING",
        hint: expect.stringContaining("remove the partition's line"),
      }),
    });
    await manager.close();
    expect(disk.paths().filter((path) => path.startsWith("/data/orders-0"))).toEqual([]);
    expect((await open()).offlinePartitions.has("orders-0")).toBe(true);
  });

  test("starts over when the records are elsewhere, and serves from then on", async () => {
    const { open, disk } = await usedFolder();
    await removeFolder(disk, "orders-0");
    const manager = await open();

    const log = await manager.startOver(ORDERS, NEW);

    expect(log.logEndOffset).toBe(0);
    expect(manager.offlinePartitions.size).toBe(0);
    await log.append([batchOf(["again"])], EPOCH);
    await manager.close();
    const again = await open();
    expect(again.get(ORDERS)?.logEndOffset).toBe(1);
    expect(again.offlinePartitions.size).toBe(0);
  });

  test("is missed even when the process died right after it was made", async () => {
    const { open, disk, crash } = setUp();
    const log = await (await open()).getOrCreate(ORDERS, NEW);
    await log.append([batchOf(["a"])], EPOCH);
    crash("process");
    await removeFolder(disk, "orders-0");

    const manager = await open();
    expect(manager.offlinePartitions.has("orders-0")).toBe(true);
    expect(manager.known).toEqual(["orders-0"]);
  });

  test("serves again when it is brought back", async () => {
    const { open, disk } = await usedFolder();
    const fileSystem = disk.mount();
    await fileSystem.rename("/data/orders-0", "/orders-0.away");
    await (await open()).close();
    await fileSystem.rename("/orders-0.away", "/data/orders-0");

    const manager = await open();

    expect(await readAll(manager.get(ORDERS)!)).toHaveLength(2);
    await manager.close();
  });

  test("is no matter once its topic is deleted", async () => {
    const { open, disk, crash } = await usedFolder();
    await removeFolder(disk, "orders-0");
    const manager = await open();
    expect(manager.missingPartitionsOf("orders")).toEqual([ORDERS]);
    expect(manager.missingPartitionsOf("other")).toEqual([]);

    await manager.delete(ORDERS);

    const anew = await manager.getOrCreate(ORDERS, { ...NEW, topicId: OTHER_ID });
    expect(anew.logEndOffset).toBe(0);
    crash("power");
    expect((await open()).offlinePartitions.size).toBe(0);
  });

  test("is no matter once the operator has removed its lines", async () => {
    const { open, disk } = await usedFolder();
    await removeFolder(disk, "orders-0");
    for (const name of CHECKPOINTS) {
      const text = (bytes: Buffer) =>
        Buffer.from(
          String(bytes)
            .replace(/orders 0 \d+\n/, "")
            .replace("0\n2\n", "0\n1\n"),
        );
      disk.corrupt(`/data/${name}-offset-checkpoint`, text);
    }

    const manager = await open();

    expect(manager.offlinePartitions.size).toBe(0);
    expect((await manager.getOrCreate(ORDERS, NEW)).logEndOffset).toBe(0);
  });
});

test("a folder from a backup that no checkpoint names is opened, and missed from then on", async () => {
  const { open, disk, crash } = await usedFolder();
  const fileSystem = disk.mount();
  await fileSystem.rename("/data/orders-0", "/data/restored-3");
  for (const name of CHECKPOINTS) {
    const text = (bytes: Buffer) =>
      Buffer.from(
        String(bytes)
          .replace(/orders 0 \d+\n/, "")
          .replace("0\n2\n", "0\n1\n"),
      );
    disk.corrupt(`/data/${name}-offset-checkpoint`, text);
  }
  const manager = await open();
  const restored = { topic: "restored", partition: 3 };
  expect(await readAll(manager.get(restored)!)).toHaveLength(2);

  crash("process");
  await removeFolder(disk, "restored-3");

  expect([...(await open()).offlinePartitions.keys()]).toEqual(["restored-3"]);
});

test("a folder from an older backup lacks records, and is not opened shorter", async () => {
  const { open, disk, crash } = await usedFolder();
  const old = disk.contents(FIRST).subarray(0, batchOf(["a"]).sizeInBytes);
  crash("process");
  disk.corrupt(FIRST, () => old);

  const manager = await open();

  expect(manager.offlinePartitions.get("orders-0")).toMatchObject({
    message: expect.stringContaining("/data/orders-0 lacks offset 1"),
    hint: expect.stringContaining("lower the partition's offset to 1"),
  });
  expect(disk.contents(FIRST)).toEqual(old);
});

describe("a folder of another topic than the cluster's", () => {
  const strays = (disk: SimulatedDisk) =>
    disk.paths().filter((path) => /^\/data\/orders-0\.[0-9a-f]{32}-stray\//.test(path));

  test("is put aside whole, and the new topic begins at 0", async () => {
    const { open, disk, logged, crash } = await usedFolder();
    const manager = await open();
    const before = disk.contents(FIRST);

    const log = await manager.getOrCreate(ORDERS, { ...NEW, topicId: OTHER_ID });
    await log.append([batchOf(["new"])], EPOCH);

    const kept = strays(disk);
    expect(kept.map((path) => path.slice(path.lastIndexOf("/") + 1))).toEqual(
      expect.arrayContaining(["00000000000000000000.log", "partition.metadata"]),
    );
    expect(disk.contents(kept.find((path) => path.endsWith(".log"))!)).toEqual(before);
    expect(logged).toContainEqual({
      message: "folder of another topic was put aside",
      fields: expect.objectContaining({
        topicPartition: "orders-0",
        topicId: TOPIC_ID,
        clusterTopicId: OTHER_ID,
        path: expect.stringMatching(/^\/data\/orders-0\.[0-9a-f]{32}-stray$/),
      }),
    });
    crash("process");
    const again = await open();
    expect(await readAll(again.get(ORDERS)!)).toEqual([[0, "new"]]);
    expect(again.topicIdOf(ORDERS)).toBe(OTHER_ID);
    expect(strays(disk)).toEqual(kept);
    expect(again.offlinePartitions.size).toBe(0);
  });

  test("is put aside although its log is damaged", async () => {
    const { open, disk } = await usedFolder();
    disk.flipBit(FIRST, 65, 3);
    const manager = await open();
    expect(manager.offlinePartitions.has("orders-0")).toBe(true);

    const log = await manager.getOrCreate(ORDERS, { ...NEW, topicId: OTHER_ID });

    expect(log.logEndOffset).toBe(0);
    expect(manager.offlinePartitions.size).toBe(0);
    expect(strays(disk).length).toBeGreaterThan(0);
  });

  test("is put aside although the start could not look whose it is", async () => {
    const { open, disk } = await usedFolder();
    const before = disk.contents(FIRST);
    const path = /orders-0\/partition.metadata/;
    const looks = disk.inject({ effect: "EMFILE", operations: ["readFile"], path });
    const manager = await open();
    expect(looks.strikes()).toBe(1);

    const log = await manager.getOrCreate(ORDERS, { ...NEW, topicId: OTHER_ID });

    expect(log.logEndOffset).toBe(0);
    expect(manager.topicIdOf(ORDERS)).toBe(OTHER_ID);
    const kept = strays(disk).find((each) => each.endsWith(".log"))!;
    expect(disk.contents(kept)).toEqual(before);
    await manager.close();
  });

  test("keeps its records and its topic when it cannot be put aside", async () => {
    const { open, disk } = await usedFolder();
    const manager = await open();
    const before = disk.contents(FIRST);
    const other = { ...NEW, topicId: OTHER_ID };
    disk.inject({ effect: "EIO", operations: ["rename"], path: /orders-0$/ });

    await expect(manager.getOrCreate(ORDERS, other)).rejects.toThrow();
    expect(manager.topicIdOf(ORDERS)).toBe(TOPIC_ID);

    const log = await manager.getOrCreate(ORDERS, other);
    expect(log.logEndOffset).toBe(0);
    const kept = strays(disk).find((path) => path.endsWith(".log"))!;
    expect(disk.contents(kept)).toEqual(before);
  });

  test.each(["unlist", "rename"])("survives a crash at the %s", async (step) => {
    const { open, disk, crash } = await usedFolder();
    const manager = await open();
    const path = step === "unlist" ? /recovery-point/ : /orders-0/;
    disk.inject({ effect: "EIO", operations: ["rename"], path });
    await manager.getOrCreate(ORDERS, { ...NEW, topicId: OTHER_ID }).catch(() => {});

    crash("power");
    const again = await open();
    const log = await again.getOrCreate(ORDERS, { ...NEW, topicId: OTHER_ID });

    expect(log.logEndOffset).toBe(0);
    expect(strays(disk).length).toBeGreaterThan(0);
  });
});

describe("a full disk", () => {
  test("that lets no start happen is named with its path and a way out", async () => {
    const { open, disk } = await usedFolder();
    disk.inject({ effect: "ENOSPC", operations: ["open", "write"], sticky: true });

    await expect(open()).rejects.toMatchObject({
      code: "DISK_FULL",
      message: "the volume of the data folder /data is full, it cannot be opened",
      hint: expect.stringContaining("Free"),
    });
  });

  test("while a log is opened does not cost the partition: it opens when there is room", async () => {
    const { open, disk } = await usedFolder();
    disk.corrupt("/data/orders-0/leader-epoch-checkpoint", () => Buffer.from("?"));
    const path = /leader-epoch/;
    const full = disk.inject({ effect: "ENOSPC", operations: ["write"], path, sticky: true });
    const manager = await open();
    await expect(manager.getOrCreate(ORDERS, NEW)).rejects.toMatchObject({ code: "DISK_FULL" });
    expect(manager.offlinePartitions.size).toBe(0);

    full.remove();
    const log = await manager.getOrCreate(ORDERS, NEW);

    expect(await readAll(log)).toHaveLength(2);
    await manager.close();
  });

  test.each([
    ["ENOSPC", "makeDirectory", "DISK_FULL"],
    ["ENOSPC", "open", "DISK_FULL"],
    ["EMFILE", "open", "TOO_MANY_OPEN_FILES"],
  ] as const)(
    "%s at %s while a log is made has a name that says it passes: %s",
    async (effect, step, code) => {
      const { open, disk } = setUp();
      const manager = await open();
      const path = /orders-0($|.*log$)/;
      const full = disk.inject({ effect, operations: [step], path, sticky: true });
      await expect(manager.getOrCreate(ORDERS, NEW)).rejects.toMatchObject({ code });

      full.remove();
      const log = await manager.getOrCreate(ORDERS, NEW);

      expect([log.logEndOffset, manager.offlinePartitions.size]).toEqual([0, 0]);
      await manager.close();
    },
  );

  test("holds a deletion up, and never leaves the records to the next topic of that name", async () => {
    const { open, disk } = await usedFolder();
    const manager = await open();
    await manager.getOrCreate(ORDERS, NEW);
    const full = disk.inject({ effect: "ENOSPC", operations: ["write"], sticky: true });
    await expect(manager.delete(ORDERS)).rejects.toMatchObject({ code: "DISK_FULL" });

    const isStillThere = manager.partitionsOf(TOPIC_ID);
    full.remove();
    const log = await manager.getOrCreate(ORDERS, { ...NEW, topicId: OTHER_ID });

    expect(isStillThere).toEqual([ORDERS]);
    expect(log.logEndOffset).toBe(0);
    await manager.close();
  });

  test("holds a deletion up until there is room", async () => {
    const { open, disk } = await usedFolder();
    const manager = await open();
    await manager.getOrCreate(ORDERS, NEW);
    const full = disk.inject({ effect: "ENOSPC", operations: ["write"], sticky: true });
    await expect(manager.delete(ORDERS)).rejects.toMatchObject({ code: "DISK_FULL" });
    full.remove();

    await manager.delete(ORDERS);

    expect(manager.partitionsOf(TOPIC_ID)).toEqual([]);
    expect(disk.paths().filter((path) => path.startsWith("/data/orders-0/"))).toEqual([]);
    await manager.close();
  });
});

test("a start that dies half-way after a power cut leaves the cut to the next one", async () => {
  const { open, disk, crash } = setUp();
  const log = await (await open()).getOrCreate(ORDERS, NEW);
  for (const value of ["a", "b"]) await log.append([batchOf([value])], EPOCH);
  const bytes = disk.contents(FIRST);
  crash("power");
  // The second batch came to the platter torn.
  disk.corrupt(FIRST, () => Buffer.from(bytes).fill(0, bytes.length - 9));
  const held = disk.hold("readFile", /partition\.metadata/);
  void open().catch(() => {});
  for (let turn = 0; turn < 1_000; turn++) await undefined;
  expect(disk.paths()).toContain("/data/.unrecovered");

  crash("process");
  held.release();
  const manager = await open();

  expect(await readAll(manager.get(ORDERS)!)).toEqual([[0, "a"]]);
  expect(disk.paths()).not.toContain("/data/.unrecovered");
  await manager.close();
});

test("a data folder that was just made is called new", async () => {
  const { open, logged } = setUp();

  const manager = await open();

  expect(logged).toContainEqual({
    message: "data folder loaded",
    fields: expect.objectContaining({ shutdown: "new", logs: 0 }),
  });
  await manager.close();
});

describe("a folder that an older version wrote, which raised log starts after segments had gone", () => {
  /** Segments of one record; the first of them is gone, and the log start checkpoint says 0. */
  async function olderFolder() {
    const setting = setUp();
    const { open, disk, crash } = setting;
    const config = { ...DEFAULT_LOG_CONFIG, segmentBytes: batchOf(["a"]).sizeInBytes };
    const log = await (await open()).getOrCreate(ORDERS, { ...NEW, config });
    for (const value of ["a", "b", "c"]) await log.append([batchOf([value])], EPOCH);
    crash("process");
    await (await open()).close();
    const meta = "/data/meta.properties";
    expect(disk.contents(meta).toString()).toContain("claims.version=1\n");
    disk.corrupt(meta, (bytes) => Buffer.from(bytes.toString().replace("claims.version=1\n", "")));
    await disk.mount().remove(FIRST);
    return setting;
  }

  test("opens with what retention kept, and claims its log starts from then on", async () => {
    const { open, disk, crash, logged } = await olderFolder();

    const first = await open();
    expect(await readAll(first.get(ORDERS)!)).toHaveLength(2);
    expect(logged.map(({ message }) => message)).toContain(
      "log start checkpoint is behind what retention removed",
    );
    crash("process");
    expect(disk.contents("/data/log-start-offset-checkpoint").toString()).toContain("orders 0 1\n");
    await disk.mount().remove("/data/orders-0/00000000000000000001.log");
    const second = await open();

    expect(second.offlinePartitions.get("orders-0")).toMatchObject({
      cause: { code: "RECORDS_MISSING" },
    });
    await second.close();
  });

  test("is told so at a later start when the disk is too full to write it down", async () => {
    const { open, disk } = await olderFolder();
    const path = /meta\.properties/;
    const full = disk.inject({ effect: "ENOSPC", operations: ["write"], path, sticky: true });

    await (await open()).close();
    expect(disk.contents("/data/meta.properties").toString()).not.toContain("claims.version");
    full.remove();
    await (await open()).close();

    expect(disk.contents("/data/meta.properties").toString()).toContain("claims.version=1\n");
  });

  test("claims nothing as long as one of its partitions does not open", async () => {
    const { open, disk } = await olderFolder();
    disk.inject({ effect: "EIO", operations: ["readDirectory"], path: /orders-0$/ });

    const first = await open();

    expect(first.offlinePartitions.has("orders-0")).toBe(true);
    expect(disk.contents("/data/meta.properties").toString()).not.toContain("claims.version");
    await first.close();
  });
});
