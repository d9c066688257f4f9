import { ManualTime, type SimulatedDisk } from "@zoolog/testkit";
import fc from "fast-check";
import type { SessionId } from "../tree/transaction.ts";
import { statOf } from "../tree/znode.ts";
import { children, logs, newDisk, reopen, Store, snapshots, turns } from "./recovery.fixture.ts";

test("what was acknowledged survives a crash at any moment, and nothing is half there", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 0, max: 2 ** 31 - 1 }),
      fc.array(
        fc.record({
          writes: fc.integer({ min: 1, max: 15 }),
          crashAfterTurns: fc.integer({ min: 0, max: 40 }),
          crash: fc.constantFrom("process" as const, "power" as const),
        }),
        { maxLength: 20 },
      ),
      fc.integer({ min: 3, max: 12 }),
      async (seed, rounds, snapshotEvery) => {
        const disk = newDisk({ seed });
        let durable: string[] = [];
        for (const { writes, crashAfterTurns, crash } of rounds) {
          const store = await Store.open(disk.mount(), { snapshotEvery });
          expect(children(store.recovered)).toEqual(durable);
          const names = namesAfter(durable, writes);
          const acknowledged = new Set<string>();
          for (const [i, name] of names.entries()) {
            void store.create(name, "x".repeat(300)).then(() => acknowledged.add(name));
            if (i % 3 === 2) await turns(2);
          }
          await turns(crashAfterTurns);
          const promised = [...durable, ...acknowledged];
          disk.crash(crash);

          const found = children(await reopen(disk));
          expect(found).toEqual([...durable, ...names].slice(0, found.length));
          expect(found).toEqual(expect.arrayContaining(promised));
          durable = found;
        }
      },
    ),
    { numRuns: 40 },
  );
});

function namesAfter(names: readonly string[], count: number): string[] {
  return Array.from(
    { length: count },
    (_, i) => `n${String(names.length + i + 1).padStart(6, "0")}`,
  );
}

test("nothing is acknowledged before it is synced", async () => {
  const disk = newDisk();
  const store = await Store.open(disk.mount());
  const hold = disk.hold("datasync", /transactions/);
  let isDone = false;
  const write = store.create("a1").then(() => {
    isDone = true;
  });

  await turns(20);
  expect(isDone).toBe(false);
  hold.release();
  await write;
  disk.crash("power", { keepUnsynced: 0 });

  expect(children(await reopen(disk))).toEqual(["a1"]);
});

test("the log file's name survives a power cut right after the first acknowledgement", async () => {
  const disk = newDisk();
  const store = await Store.open(disk.mount());
  await store.create("a1");

  disk.crash("power", { keepUnsynced: 0 });

  expect(children(await reopen(disk))).toEqual(["a1"]);
});

test("writes that come while one is synced go together in the next", async () => {
  const disk = newDisk();
  const store = await Store.open(disk.mount());
  const hold = disk.hold("datasync", /transactions/);
  const writes = [store.create("a1")];
  await turns(5);
  for (let i = 2; i <= 100; i++) writes.push(store.create(`a${i}`));
  const before = disk.faults.operationCount;

  hold.release();
  await Promise.all(writes);

  expect(disk.faults.operationCount - before).toBeLessThan(10);
});

test("what a restart has read, and shown to clients, does not vanish with a later power cut", async () => {
  for (const fault of [undefined, "EIO"] as const) {
    const disk = newDisk();
    const store = await Store.open(disk.mount());
    await store.create("a1");
    if (fault !== undefined) disk.inject({ effect: fault, operations: ["datasync"] });
    else disk.hold("datasync", /transactions/);
    void store.create("a2");
    await turns(20);
    disk.crash("process");
    const shown = children((await Store.open(disk.mount())).recovered);
    expect(shown).toEqual(["a1", "a2"]);

    disk.crash("power", { keepUnsynced: 0 });

    expect(children(await reopen(disk))).toEqual(shown);
  }
});

test("a log file whose header had not been synced when its process died is sound later", async () => {
  const disk = newDisk();
  disk.hold("datasync", /transactions/);
  Store.open(disk.mount()).catch(() => {});
  await turns(20);
  disk.crash("process");
  await Store.open(disk.mount());

  disk.crash("power", { keepUnsynced: 0 });

  expect((await reopen(disk)).epoch).toBeGreaterThan(2);
});

test("sessions survive with their passwords until they are closed", async () => {
  const disk = newDisk();
  const store = await Store.open(disk.mount());
  const [kept, closed] = [1 as SessionId, 2 as SessionId];
  for (const sessionId of [kept, closed]) {
    const password = new Uint8Array(16).fill(sessionId);
    await store.append({ type: "createSession", sessionId, timeoutMs: 4000, password });
  }
  await store.append({ type: "closeSession", sessionId: closed, paths: [] });

  disk.crash("power", { keepUnsynced: 0 });

  const { sessions } = await reopen(disk);
  expect(sessions).toEqual([
    { id: kept, timeoutMs: 4000, password: expect.objectContaining({ length: 16, 0: 1 }) },
  ]);
});

test("every start has a higher epoch, also when nothing was written in between", async () => {
  const disk = newDisk();
  const epochs: number[] = [];
  for (let i = 0; i < 4; i++) {
    const store = await Store.open(disk.mount());
    epochs.push(store.recovered.epoch);
    disk.crash("power", { keepUnsynced: 0 });
  }

  expect(epochs).toEqual([1, 2, 3, 4]);
});

describe("snapshots", () => {
  async function manySnapshots() {
    const disk = newDisk();
    const store = await Store.open(disk.mount(), { snapshotEvery: 10 });
    for (let i = 1; i <= 100; i++) await store.create(`a${i}`);
    await store.journal.close();
    return disk;
  }

  test("three are kept, with the logs that reach back to the oldest", async () => {
    const disk = await manySnapshots();

    expect(snapshots(disk)).toHaveLength(3);
    expect(logs(disk).length).toBeLessThanOrEqual(4);
    expect(children(await reopen(disk))).toHaveLength(100);
  });

  test("a restart replays only what follows the newest", async () => {
    const { replayed } = await reopen(await manySnapshots());

    expect(replayed).toBeLessThan(20);
  });

  test.each([1, 2])("%d damaged ones are passed over, and the log fills the gap", async (count) => {
    const disk = await manySnapshots();
    for (const path of snapshots(disk).slice(-count)) disk.flipBit(path, 60, 3);

    const recovered = await reopen(disk);

    expect(children(recovered)).toHaveLength(100);
    expect(recovered.tree.get("/")).toMatchObject({ creations: 100 });
  });

  test("the newest may be cut at any byte: the one before it and the log have everything", async () => {
    const cut = async (bytesKept: number) => {
      const disk = newDisk();
      const store = await Store.open(disk.mount(), { snapshotEvery: 4 });
      for (let i = 1; i <= 10; i++) await store.create(`a${i}`);
      await store.journal.close();
      const newest = snapshots(disk).at(-1)!;
      const { length } = disk.contents(newest);
      disk.corrupt(newest, (bytes) => bytes.subarray(0, bytesKept));
      return { length, found: children(await reopen(disk)).length };
    };
    const { length } = await cut(0);

    for (let bytesKept = 0; bytesKept < length; bytesKept++) {
      const { found } = await cut(bytesKept);
      expect(`${found} of 10, cut at byte ${bytesKept}`).toBe(`10 of 10, cut at byte ${bytesKept}`);
    }
  });

  test("with all of them damaged the server does not start", async () => {
    const disk = await manySnapshots();
    for (const path of snapshots(disk)) disk.flipBit(path, 60, 3);

    await expect(reopen(disk)).rejects.toMatchObject({ code: "ZOOKEEPER_DATA_CORRUPT" });
  });

  test("one that a power cut interrupts is as if it had never begun", async () => {
    const disk = newDisk();
    const store = await Store.open(disk.mount(), { snapshotEvery: 10 });
    disk.hold("datasync", /snapshot/);
    for (let i = 1; i <= 15; i++) await store.create(`a${i}`);

    disk.crash("power", { keepUnsynced: 0.5 });
    const recovered = await reopen(disk);

    expect(children(recovered)).toHaveLength(15);
    expect(disk.paths().filter((path) => path.endsWith(".tmp"))).toEqual([]);
  });

  test("one that fails does no harm", async () => {
    const disk = newDisk();
    const store = await Store.open(disk.mount(), { snapshotEvery: 10 });
    disk.inject({ effect: "EIO", path: /\.snap/, operations: ["datasync"], sticky: true });

    for (let i = 1; i <= 35; i++) await store.create(`a${i}`);
    await store.journal.close();

    expect(store.failure).toBeUndefined();
    expect(children(await reopen(disk))).toHaveLength(35);
  });
});

describe("a disk that fails", () => {
  test("a failed sync ends the journal: it is not tried again, nothing is acknowledged", async () => {
    const disk = newDisk();
    const store = await Store.open(disk.mount());
    disk.inject({ effect: "EIO", operations: ["datasync"] });
    let acknowledged = 0;
    for (const name of ["a1", "a2"]) void store.create(name).then(() => acknowledged++);

    await turns(50);
    void store.create("a3").then(() => acknowledged++);
    await turns(50);

    expect(store.failure).toMatchObject({ code: "ZOOKEEPER_STORAGE_FAILED" });
    expect(acknowledged).toBe(0);
    await store.journal.close();
  });

  test("a full disk holds writes up until there is room, and loses none", async () => {
    const disk = newDisk({ capacityBytes: 2000 });
    const time = new ManualTime();
    const store = await Store.open(disk.mount(), { time });
    const writes = Promise.all([1, 2, 3].map((i) => store.create(`a${i}`, "x".repeat(900))));
    let isDone = false;
    void writes.then(() => {
      isDone = true;
    });
    await time.advanceAndSettle(5000);
    expect(isDone).toBe(false);
    expect(store.failure).toBeUndefined();

    disk.capacityBytes = 100_000;
    await time.advanceAndSettle(1000);
    await writes;

    disk.crash("power", { keepUnsynced: 0 });
    expect(children(await reopen(disk))).toHaveLength(3);
  });

  test("the server can be closed while the disk is full", async () => {
    const disk = newDisk({ capacityBytes: 1000 });
    const time = new ManualTime();
    const store = await Store.open(disk.mount(), { time });
    void store.create("a1", "x".repeat(2000));
    await time.advanceAndSettle(1500);

    await store.journal.close();

    expect(time.pendingTimers).toBe(0);
    disk.capacityBytes = 100_000;
    expect(children(await reopen(disk))).toEqual([]);
  });

  /** Twelve writes, one after the other, on a disk that fails once. */
  async function twelveWrites(fault: Parameters<SimulatedDisk["inject"]>[0]) {
    const disk = newDisk({ seed: fault.at ?? 0 });
    const time = new ManualTime();
    disk.inject(fault);
    const acknowledged: string[] = [];
    const store = await Store.open(disk.mount(), { time, snapshotEvery: 5 }).catch(() => undefined);
    for (let i = 1; store !== undefined && i <= 12; i++) {
      void store.create(`a${i}`).then(() => acknowledged.push(`a${i}`));
      await time.advanceAndSettle(1100);
    }
    disk.crash("power", { keepUnsynced: 0 });
    return { acknowledged, store, found: children(await reopen(disk)) };
  }

  test("whichever operation fails, what was acknowledged is there afterwards", async () => {
    for (let at = 1; at < 80; at++) {
      const { acknowledged, found } = await twelveWrites({ effect: "EIO", at });

      expect(found).toEqual(expect.arrayContaining(acknowledged));
    }
  });

  test("a want of space that is over soon costs nothing but time, wherever it strikes", async () => {
    for (const effect of ["ENOSPC", "shortWrite"] as const) {
      for (let at = 2; at < 30; at++) {
        const { acknowledged, found, store } = await twelveWrites({
          ...{ effect, at },
          operations: ["write"],
        });

        expect([effect, at, store?.failure, acknowledged.length]).toEqual([
          effect,
          at,
          undefined,
          12,
        ]);
        expect(found).toHaveLength(12);
      }
    }
  });
});

describe("room ahead", () => {
  test("small writes do not change the size of the file, and none of the zeros is read", async () => {
    const disk = newDisk();
    const store = await Store.open(disk.mount());
    await store.create("a1");
    const size = disk.contents(logs(disk)[0]!).length;

    for (let i = 2; i <= 20; i++) {
      await store.create(`a${i}`);
      expect(disk.contents(logs(disk)[0]!)).toHaveLength(size);
    }

    disk.crash("power", { keepUnsynced: 0 });
    expect(children(await reopen(disk))).toHaveLength(20);
  });

  test("a file that is closed in order ends with its last batch", async () => {
    const disk = newDisk();
    const store = await Store.open(disk.mount());
    await store.create("a1");
    await store.journal.close();

    expect(disk.contents(logs(disk)[0]!).length).toBeLessThan(500);
  });

  test("what grows past the room gets more, whatever a power cut leaves of it", async () => {
    for (let seed = 1; seed <= 20; seed++) {
      const disk = newDisk({ seed });
      const store = await Store.open(disk.mount());
      for (let i = 1; i <= 4; i++) await store.create(`a${i}`, "x".repeat(100_000));
      void store.create("a5", "x".repeat(100_000));
      await turns(seed % 7);

      disk.crash("power", { keepUnsynced: (seed % 4) / 3 });
      const found = children(await reopen(disk));
      expect(found).toEqual(expect.arrayContaining(["a1", "a2", "a3", "a4"]));
    }
  });

  test("where there is no room ahead, what fits is still written", async () => {
    const disk = newDisk({ capacityBytes: 3_000 });
    const store = await Store.open(disk.mount());

    for (const i of [1, 2, 3]) await store.create(`a${i}`, "x".repeat(500));

    disk.crash("power", { keepUnsynced: 0 });
    expect(children(await reopen(disk))).toHaveLength(3);
  });
});

test("what is recovered is what was there, stat by stat", async () => {
  const disk = newDisk();
  const store = await Store.open(disk.mount(), { snapshotEvery: 4 });
  await store.create("a1");
  await store.append({ type: "setData", path: "/a1", data: undefined, version: 1 });
  await store.append({
    type: "multi",
    changes: [
      {
        type: "setAcl",
        path: "/a1",
        acl: [{ scheme: "ip", id: "10.0.0.1", permissions: 3 }],
        version: 1,
      },
      { type: "check", path: "/a1" },
    ],
  });
  for (let i = 2; i < 8; i++) await store.create(`a${i}`);
  await store.append({ type: "delete", path: "/a3" });
  const before = ["/", "/a1", "/a2", "/a3"].map((path) => store.recovered.tree.get(path));
  disk.crash("power", { keepUnsynced: 0 });

  const { tree } = await reopen(disk);

  for (const [i, path] of ["/", "/a1", "/a2"].entries()) {
    expect(statOf(tree.get(path)!)).toEqual(statOf(before[i]!));
    expect(tree.get(path)!.acl).toEqual(before[i]!.acl);
  }
  expect(tree.get("/a1")?.data).toBeUndefined();
  expect(tree.get("/a3")).toBeUndefined();
});
