import { writeFully } from "@zoolog/base";
import { seededRandom } from "../seeded-random.ts";
import { SimulatedDisk } from "./simulated-disk.ts";

function disk(options: { seed?: number; capacityBytes?: number } = {}) {
  const { seed = 1, ...rest } = options;
  return new SimulatedDisk(rest, { random: seededRandom(seed) });
}

async function syncedFile(subject: SimulatedDisk, contents: string) {
  const fileSystem = subject.mount();
  const file = await fileSystem.open("/a", "create");
  await writeFully(file, [Buffer.from(contents)], 0);
  await file.datasync();
  await fileSystem.syncDirectory("/");
  return { fileSystem, file };
}

test("a process crash keeps what was written, a power cut what was synced", async () => {
  const subject = disk();
  const { file } = await syncedFile(subject, "synced");
  await writeFully(file, [Buffer.from(" and not")], 6);

  subject.crash("process");
  expect(subject.contents("/a").toString()).toBe("synced and not");
  subject.crash("power", { keepUnsynced: 0 });

  expect(subject.contents("/a").toString()).toBe("synced");
});

test("a name that its folder did not sync is gone after a power cut", async () => {
  const subject = disk();
  const fileSystem = subject.mount();
  const file = await fileSystem.open("/a", "create");
  await writeFully(file, [Buffer.from("x")], 0);
  await file.datasync();

  subject.crash("power", { keepUnsynced: 0 });

  expect(subject.paths()).toEqual([]);
});

test("a rename without a sync of the folder is undone by a power cut", async () => {
  const subject = disk();
  const { fileSystem } = await syncedFile(subject, "x");
  await fileSystem.rename("/a", "/b");

  subject.crash("power", { keepUnsynced: 0 });

  expect(subject.paths()).toEqual(["/a"]);
});

test("unsynced bytes survive a power cut sector by sector", async () => {
  const outcomes = new Set<string>();
  for (let seed = 0; seed < 40; seed++) {
    const subject = disk({ seed });
    const { file } = await syncedFile(subject, "o".repeat(1024));
    await writeFully(file, [Buffer.alloc(1024, "n")], 0);

    subject.crash("power", { keepUnsynced: 0.5 });

    const bytes = subject.contents("/a").toString();
    expect(bytes).toHaveLength(1024);
    outcomes.add(`${bytes[0]}${bytes[511]} ${bytes[512]}${bytes[1023]}`);
  }
  expect([...outcomes].sort()).toEqual(["nn nn", "nn oo", "oo nn", "oo oo"]);
});

test("bytes written while a sync is in flight are not covered by it", async () => {
  const subject = disk();
  const { file } = await syncedFile(subject, "1");
  await writeFully(file, [Buffer.from("2")], 1);
  const hold = subject.hold("datasync");
  const sync = file.datasync();
  await writeFully(file, [Buffer.from("3")], 2);
  hold.release();
  await sync;

  subject.crash("power", { keepUnsynced: 0 });

  expect(subject.contents("/a").toString()).toBe("12");
});

test("after a failed sync a later one succeeds without saving the bytes", async () => {
  const subject = disk();
  const { file } = await syncedFile(subject, "old");
  await writeFully(file, [Buffer.from("new")], 0);
  subject.inject({ effect: "EIO", operations: ["datasync"] });

  await expect(file.datasync()).rejects.toMatchObject({ code: "EIO" });
  await file.datasync();
  expect(subject.contents("/a").toString()).toBe("new");
  subject.crash("power", { keepUnsynced: 1 });

  expect(subject.contents("/a").toString()).toBe("old");
});

test("a sticky fault strikes from the n-th matching operation on", async () => {
  const subject = disk();
  const { file } = await syncedFile(subject, "");
  const fault = subject.inject({ effect: "EROFS", operations: ["write"], at: 2, sticky: true });
  const write = () => file.write([Buffer.from("x")], 0);

  await expect(write()).resolves.toBe(1);
  await expect(write()).rejects.toMatchObject({ code: "EROFS" });
  await expect(write()).rejects.toMatchObject({ code: "EROFS" });
  fault.remove();

  await expect(write()).resolves.toBe(1);
  expect(fault.strikes()).toBe(2);
});

test("a full disk takes what fits without an error, then refuses", async () => {
  const subject = disk({ capacityBytes: 4 });
  const file = await subject.mount().open("/a", "create");

  expect(await file.write([Buffer.from("abcdef")], 0)).toBe(4);
  await expect(file.write([Buffer.from("ef")], 4)).rejects.toMatchObject({ code: "ENOSPC" });
  expect(await file.write([Buffer.from("AB")], 0)).toBe(2);
});

test("a full disk makes no new file, and opens those that are there", async () => {
  const subject = disk();
  const { fileSystem } = await syncedFile(subject, "x");
  subject.inject({ effect: "ENOSPC", operations: ["open"], sticky: true });

  await expect(fileSystem.open("/b", "write")).rejects.toMatchObject({ code: "ENOSPC" });
  await expect(fileSystem.open("/a", "write")).resolves.toMatchObject({ path: "/a" });
});

test("what a dead process still tries is refused", async () => {
  const subject = disk();
  const { fileSystem, file } = await syncedFile(subject, "x");

  subject.crash("process");

  await expect(file.write([Buffer.from("y")], 0)).rejects.toMatchObject({
    code: "SIMULATED_CRASH",
  });
  await expect(fileSystem.remove("/a")).rejects.toMatchObject({ code: "SIMULATED_CRASH" });
  expect(subject.contents("/a").toString()).toBe("x");
});

test("equal seeds lose the same bytes", async () => {
  const run = async () => {
    const subject = disk({ seed: 99 });
    const { file } = await syncedFile(subject, "o".repeat(5000));
    for (let i = 0; i < 10; i++) await writeFully(file, [Buffer.alloc(700, `${i}`)], i * 900);
    subject.crash("power");
    return subject.contents("/a").toString("latin1");
  };

  expect(await run()).toBe(await run());
});

test("a sync that its process did not live to see is as if it had not been asked for", async () => {
  const subject = disk();
  const { file } = await syncedFile(subject, "old");
  await writeFully(file, [Buffer.from("new")], 0);
  subject.hold("datasync");
  const sync = file.datasync();

  subject.crash("process");
  await expect(sync).rejects.toMatchObject({ code: "SIMULATED_CRASH" });
  const again = await subject.mount().open("/a", "write");
  await again.datasync();
  subject.crash("power", { keepUnsynced: 0 });

  expect(subject.contents("/a").toString()).toBe("new");
});

test.each(Array.from({ length: 12 }, (_, turns) => turns))(
  "a sync that a power cut overtakes is not reported as done (after %i turns)",
  async (turns) => {
    const subject = disk();
    const { file } = await syncedFile(subject, "x");
    await file.write([Buffer.from("y")], 0);
    const syncing = file.datasync().then(
      () => "y",
      () => "x",
    );

    for (let turn = 0; turn < turns; turn++) await undefined;
    subject.crash("power", { keepUnsynced: 0 });

    const outcome = await syncing;
    expect(subject.contents("/a").toString()).toBe(outcome);
  },
);
