import { deferred, type FileHandle, silentLogger } from "@zoolog/base";
import { SimulatedDisk, seededRandom } from "@zoolog/testkit";
import { FileHandleCache } from "./file-handle-cache.ts";

async function setUp(openFilesMax: number, names = ["/a", "/b", "/c", "/d"]) {
  const disk = new SimulatedDisk({}, { random: seededRandom(1) });
  const fileSystem = disk.mount();
  for (const name of names) await (await fileSystem.open(name, "create")).close();
  const cache = new FileHandleCache(
    { openFilesMax },
    { fileSystem, logger: silentLogger, sync: (file) => file.datasync() },
  );
  return { disk, cache, operations: disk.record() };
}

const opened = (operations: string[]) => operations.filter((o) => o.startsWith("open")).length;
const settle = () => new Promise((resolve) => setImmediate(resolve));
const nothing = async () => {};

test("a file that is used again is not opened again", async () => {
  const { cache, operations } = await setUp(2);

  await cache.use("/a", "read", nothing);
  await cache.use("/a", "read", nothing);
  await Promise.all([cache.use("/b", "read", nothing), cache.use("/b", "read", nothing)]);

  expect(operations).toEqual(["open a", "open b"]);
});

test("a file open for writing serves readers, too, but not the other way", async () => {
  const { cache, operations } = await setUp(4);

  await cache.use("/a", "write", nothing);
  await cache.use("/a", "read", nothing);
  await cache.use("/b", "read", nothing);
  await cache.use("/b", "write", nothing);

  expect(operations).toEqual(["open a", "open b", "open b"]);
});

test("never more files are open than allowed, and files in use stay open", async () => {
  const { cache } = await setUp(2);
  const gate = deferred<void>();
  const handles: FileHandle[] = [];
  const hold = cache.use("/a", "read", async (file) => {
    await gate.promise;
    handles.push(file);
    await file.size();
  });

  for (const name of ["/b", "/c", "/d", "/b"]) {
    await cache.use(name, "read", nothing);
    expect(cache.openFiles).toBeLessThanOrEqual(2);
  }
  gate.resolve();
  await hold;

  expect(handles).toHaveLength(1);
});

test("who needs a file while all are in use waits for the first that is free", async () => {
  const { cache } = await setUp(1);
  const gate = deferred<void>();
  const order: string[] = [];
  const first = cache.use("/a", "read", async () => {
    await gate.promise;
    order.push("a");
  });
  const waiting = ["/b", "/c"].map((name) =>
    cache.use(name, "read", async () => void order.push(name.slice(1))),
  );
  await settle();
  expect(order).toEqual([]);
  gate.resolve();

  await Promise.all([first, ...waiting]);

  expect(order).toEqual(["a", "b", "c"]);
  expect(cache.openFiles).toBe(1);
});

test("what was used lately stays longer", async () => {
  const { cache, operations } = await setUp(3);
  for (const name of ["/a", "/b", "/c", "/d"]) await cache.use(name, "read", nothing);
  await settle();
  // One had to go for d; from now on only a is used, and is still there after the next one went.
  await cache.use("/a", "read", nothing);
  await cache.use("/b", "read", nothing);
  await settle();
  await cache.use("/a", "read", nothing);
  const before = opened(operations);

  await cache.use("/a", "read", nothing);

  expect(opened(operations)).toBe(before);
});

test("a written file is synced before it loses its place", async () => {
  const { cache, operations } = await setUp(1);
  await cache.use("/a", "write", async (file) => void (await file.write([Buffer.from("x")], 0)));

  await cache.use("/b", "read", nothing);

  expect(operations).toEqual(["open a", "write a", "datasync a", "open b"]);
});

test("when that sync fails the file gives its place all the same", async () => {
  const { cache, disk } = await setUp(1);
  await cache.use("/a", "write", nothing);
  disk.inject({ effect: "EIO", operations: ["datasync"] });

  await cache.use("/b", "read", nothing);

  expect([cache.openFiles, disk.openFiles]).toEqual([1, ["/b"]]);
});

test("a file that cannot be opened fails its users and takes no place", async () => {
  const { cache } = await setUp(1);

  const uses = await Promise.allSettled([
    cache.use("/missing", "read", nothing),
    cache.use("/missing", "read", nothing),
  ]);

  expect(uses).toMatchObject([{ reason: { code: "ENOENT" } }, { reason: { code: "ENOENT" } }]);
  expect(cache.openFiles).toBe(0);
  await cache.use("/a", "read", nothing);
});

test("when the process is out of handles an idle file gives up its own", async () => {
  const { cache, disk } = await setUp(10);
  await cache.use("/a", "read", nothing);
  disk.inject({ effect: "EMFILE", operations: ["open"] });

  await cache.use("/b", "read", nothing);

  expect(cache.openFiles).toBe(1);
  disk.inject({ effect: "EMFILE", operations: ["open"], sticky: true });
  await expect(cache.use("/c", "read", nothing)).rejects.toMatchObject({
    code: "TOO_MANY_OPEN_FILES",
    retriable: true,
  });
});

test("evicting a folder closes what is open in it, what is in use after its use", async () => {
  const disk = new SimulatedDisk({}, { random: seededRandom(1) });
  const fileSystem = disk.mount();
  await fileSystem.makeDirectory("/x");
  await fileSystem.makeDirectory("/xy");
  for (const path of ["/x/1", "/x/2", "/xy/1"])
    await (await fileSystem.open(path, "create")).close();
  const cache = new FileHandleCache(
    { openFilesMax: 9 },
    { fileSystem, logger: silentLogger, sync: (file) => file.datasync() },
  );
  const gate = deferred<void>();
  await cache.use("/x/1", "read", nothing);
  await cache.use("/xy/1", "read", nothing);
  const inUse = cache.use("/x/2", "read", async (file) => {
    await gate.promise;
    return await file.size();
  });
  await settle();

  await cache.evict("/x");
  expect(cache.openFiles).toBe(2);
  gate.resolve();

  expect(await inUse).toBe(0);
  await settle();
  expect(cache.openFiles).toBe(1);
});
