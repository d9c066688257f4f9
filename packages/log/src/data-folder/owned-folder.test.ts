import { brokerEpoch, brokerId, offset } from "@zoolog/base";
import { batchOf, readAll } from "@zoolog/testkit";
import { EPOCH, NEW, ORDERS, setUp, TOPIC_ID } from "../log-manager.fixture.ts";

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

describe.each([
  ["the machine went down", false, "power", "unclean", /unclean/],
  ["only the process died", false, "process", "clean", /processDied/],
  ["it was shut down in order", true, "process", "clean", /inOrder|processDied/],
  ["it was shut down before the machine was", true, "power", "clean", /inOrder|processDied/],
] as const)("what a start knows, that %s,", (_, isClosed, kind, boot, shutdown) => {
  test("the next one knows, whenever the process dies in it", async () => {
    let isOpen = false;
    for (let turns = 0; !isOpen; turns++) {
      const { open, crash, take } = setUp();
      const first = await open();
      await first.noteRegistered(brokerEpoch(7));
      await first.getOrCreate(ORDERS, NEW);
      if (isClosed) await first.close();
      crash(kind);

      const second = open().then(
        () => {
          isOpen = true;
        },
        () => {},
      );
      for (let turn = 0; turn < turns; turn++) await Promise.resolve();
      crash("process");
      const third = await take();

      expect([turns, third.boot]).toEqual([turns, boot]);
      expect(third.shutdown).toMatch(shutdown);
      void second;
    }
  });
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

test("epochs of a ZooKeeper that is no more put nothing in doubt that comes after it", async () => {
  const { open, crash } = setUp();
  const first = await open();
  await first.noteRegistered(brokerEpoch(700));
  await first.noteOutdated();
  await first.noteRegistered(brokerEpoch(900));
  crash("power");
  const second = await open();
  await second.noteRegistered(brokerEpoch(950));
  expect(second.losses).toEqual({
    newFolder: 700,
    unclean: 950,
    outdated: [{ after: 700, before: 900 }],
  });

  // Restored to what it was at 800: what was in sync then is as much in doubt as it was.
  await second.noteRegistered(brokerEpoch(801));

  const { newFolder, unclean, outdated } = second.losses;
  expect([newFolder, unclean, outdated]).toEqual([700, 801, [{ after: 700, before: 801 }]]);
  // Made anew.
  await second.noteRegistered(brokerEpoch(5));
  expect(second.losses).toMatchObject({ newFolder: 5, unclean: 5 });
  expect(second.losses.outdated).toEqual([{ after: 700, before: 5 }]);
  await second.close();
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
