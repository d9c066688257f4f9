import { ManualTime, SimulatedDisk, seededRandom } from "@zoolog/testkit";
import { type Deferred, deferred } from "./deferred.ts";
import { lockFolder } from "./folder-lock.ts";
import type { FileSystem } from "./ports/file-system.ts";

const DEAD = JSON.stringify({ pid: 1, identity: "dead", bootId: "boot" });

/** Processes of one machine that want one folder. Time does not stand still for them. */
function machineRoom(seed = 1) {
  const disk = new SimulatedDisk({}, { random: seededRandom(seed) });
  const random = seededRandom(seed + 1);
  const { scheduler: manual } = new ManualTime();
  const after = (delayMs: number, task: () => void) => {
    setImmediate(task);
    return manual.after(delayMs, () => {});
  };
  const scheduler = { ...manual, after };
  const lock = (pid: number, fileSystem: FileSystem = disk.mount()) =>
    lockFolder("/data", {
      fileSystem,
      random,
      scheduler,
      machine: {
        pid,
        usage: () => ({ residentBytes: 0, heapBytes: 0, eventLoopDelayMs: undefined }),
        bootId: async () => "boot",
        processIdentity: async (of) => (of === 1 ? undefined : `process ${of}`),
        folderIdentity: async (path) => path,
      },
    });
  const write = async (name: string, text: string) => {
    await disk.mount().makeDirectory("/data");
    const file = await disk.mount().open(`/data/${name}`, "create");
    await file.write([Buffer.from(text)], 0);
  };
  return { disk, lock, write };
}

/** Stops before, or after, the first operation of a name until the test lets it go on. */
function stalling(fileSystem: FileSystem, operation: keyof FileSystem, when: "before" | "after") {
  const reached = deferred<void>();
  const goOn = deferred<void>();
  let isFirst = true;
  const stall = async (gate: Deferred<void>) => {
    reached.resolve();
    await gate.promise;
  };
  const proxy = new Proxy(fileSystem, {
    get: (target, name: keyof FileSystem) => {
      return async (...args: never[]) => {
        const stalls = name === operation && isFirst;
        if (stalls) isFirst = false;
        if (stalls && when === "before") await stall(goOn);
        const result: unknown = await (target[name] as (...a: never[]) => unknown)(...args);
        if (stalls && when === "after") await stall(goOn);
        return result;
      };
    },
  });
  return { fileSystem: proxy, reached: reached.promise, goOn: () => goOn.resolve() };
}

const LOCKED = { code: "DATA_FOLDER_LOCKED" };

test("a folder has one owner at a time, and nothing is left when it goes", async () => {
  const { disk, lock } = machineRoom();
  await disk.mount().makeDirectory("/data");

  const first = await lock(2);
  await expect(lock(3)).rejects.toMatchObject(LOCKED);
  await first.release();
  const second = await lock(3);

  await second.release();
  expect(disk.paths()).toEqual([]);
});

test("the lock of a dead process is taken over", async () => {
  const { disk, lock, write } = machineRoom();
  await write(".lock", DEAD);

  const taken = await lock(2);

  await taken.release();
  expect(disk.paths()).toEqual([]);
});

test("who stalls while it writes its lock does not come back to a folder that another one has", async () => {
  const { disk, lock } = machineRoom();
  await disk.mount().makeDirectory("/data");
  const slow = stalling(disk.mount(), "open", "after");
  const stalled = lock(2, slow.fileSystem);
  await slow.reached;

  const other = await lock(3);
  slow.goOn();

  await expect(stalled).rejects.toMatchObject(LOCKED);
  expect(disk.contents("/data/.lock").toString()).toContain('"pid":3');
  await other.release();
});

test("a live process's lock that was moved away by mistake keeps all others out", async () => {
  const { disk, lock, write } = machineRoom();
  await write(".lock", DEAD);
  const mistaken = stalling(disk.mount(), "rename", "before");
  const late = lock(2, mistaken.fileSystem);
  await mistaken.reached;
  const owner = await lock(3);
  const operations = disk.record(/\.lock/);
  const held = disk.hold("readFile", /\.lock\.[0-9a-f-]{36}$/);
  mistaken.goOn();
  while (!operations.some((operation) => operation.startsWith("rename"))) {
    await new Promise(setImmediate);
  }

  // The name is free now, and process 3 is at work in the folder.
  const third = lock(4);
  await new Promise(setImmediate);
  held.release();

  await expect(third).rejects.toMatchObject(LOCKED);
  await expect(late).rejects.toMatchObject(LOCKED);
  expect(disk.contents("/data/.lock").toString()).toContain('"pid":3');
  await owner.release();
  expect(disk.paths()).toEqual([]);
});

test("only the own lock is released", async () => {
  const { disk, lock } = machineRoom();
  await disk.mount().makeDirectory("/data");
  const first = await lock(2);
  await disk.mount().remove("/data/.lock"); // By an operator who knew better.
  const second = await lock(3);

  await first.release();

  expect(disk.contents("/data/.lock").toString()).toContain('"pid":3');
  await second.release();
});

test.each(["EPERM", "ENOTSUP"])(
  "a volume that answers links with %s is locked, too",
  async (code) => {
    const { disk, lock, write } = machineRoom();
    await write(".lock", DEAD);
    const mounted = disk.mount();
    const fileSystem = new Proxy(mounted, {
      get: (target, name: keyof FileSystem) =>
        name === "link"
          ? () => Promise.reject(Object.assign(new Error(code), { code }))
          : target[name].bind(target),
    });

    const taken = await lock(2, fileSystem);
    await expect(lock(3, fileSystem)).rejects.toMatchObject(LOCKED);
    await taken.release();

    expect(disk.paths()).toEqual([]);
  },
);

test("however processes interleave over a dead one's lock, one at most gets the folder", async () => {
  let taken = 0;
  for (let seed = 0; seed < 300; seed++) {
    const { disk, lock, write } = machineRoom(seed);
    if (seed % 3 > 0) await write(".lock", DEAD);
    else await disk.mount().makeDirectory("/data");
    if (seed % 3 > 1) await write(".lock.00000000-0000-4000-8000-000000000000", DEAD);
    let owners = 0;

    const tries = [2, 3, 4, 5].map(async (pid) => {
      const held = await lock(pid).catch((error: unknown) => {
        expect(error).toMatchObject(LOCKED);
      });
      if (held === undefined) return;
      owners += 1;
      expect(`${owners} owners at once, seed ${seed}`).toBe(`1 owners at once, seed ${seed}`);
      for (let turn = 0; turn < 5; turn++) await undefined;
      owners -= 1;
      taken += 1;
      await held.release();
    });
    await Promise.all(tries);

    expect(disk.paths()).toEqual([]);
  }
  expect(taken).toBeGreaterThan(150);
});
