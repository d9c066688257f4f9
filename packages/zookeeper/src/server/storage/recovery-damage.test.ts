import { silentLogger } from "@zoolog/base";
import { children, FOLDER, logs, newDisk, reopen, Store, turns } from "./recovery.fixture.ts";
import { recover } from "./recovery.ts";

describe("damage", () => {
  /** Two log files, several batches in each. */
  async function twoLogs() {
    const disk = newDisk();
    for (let start = 0; start < 2; start++) {
      const store = await Store.open(disk.mount());
      for (let i = 1; i <= 5; i++) await store.create(`a${start * 5 + i}`);
      await store.journal.close();
    }
    const [first, last] = logs(disk) as [string, string];
    return { disk, first, last };
  }

  const corrupt = { code: "ZOOKEEPER_DATA_CORRUPT" };

  test("a torn last batch is cut off, once and for all", async () => {
    const { disk, last } = await twoLogs();
    const size = disk.contents(last).length;
    disk.corrupt(last, (bytes) => bytes.subarray(0, size - 5));

    expect(children(await reopen(disk))).toHaveLength(9);
    expect(children(await reopen(disk))).toHaveLength(9);
    const store = await Store.open(disk.mount());
    await store.create("after1");
    expect(children(await reopen(disk))).toHaveLength(10);
  });

  test("a transaction that does not follow from those before it is corruption", async () => {
    const disk = newDisk();
    const store = await Store.open(disk.mount());
    await store.create("a1");
    const transaction = { type: "delete", path: "/missing" } as const;
    store.journal.append({ zxid: store.committedZxid + 1, time: 0, transaction });
    await turns(10);
    await store.journal.close();

    await expect(reopen(disk)).rejects.toMatchObject(corrupt);
  });

  test("noise at the end is a torn tail", async () => {
    const { disk, last } = await twoLogs();
    const noise = Buffer.from("ZLBT".repeat(1000));
    disk.corrupt(last, (bytes) => Buffer.concat([bytes, noise]));

    expect(children(await reopen(disk))).toHaveLength(10);
    expect(disk.contents(last)).not.toContain(noise);
  });

  test("a torn batch of nothing but beginnings of batches is not searched for ever", async () => {
    const disk = newDisk();
    const store = await Store.open(disk.mount());
    const beginning = Buffer.from("ZLBT\0\0\0\x09\0\x01\0\0abcd");
    await store.create("a1", beginning.toString("latin1").repeat(16 * 1024));
    await store.journal.close();
    const [file] = logs(disk) as [string];
    disk.flipBit(file, disk.contents(file).length - 1, 0);

    await expect(reopen(disk)).rejects.toMatchObject({
      ...corrupt,
      message: expect.stringContaining("looks like batches"),
    });
  });

  test("zeros at the end of any file are room that was not used, and no damage", async () => {
    for (const bytes of [1, 15, 16, 5_000, 3 * 1024 * 1024]) {
      const { disk, first, last } = await twoLogs();
      const sizes = [first, last].map((path) => disk.contents(path).length);
      for (const path of [first, last]) {
        disk.corrupt(path, (file) => Buffer.concat([file, Buffer.alloc(bytes)]));
      }
      const warnings: string[] = [];
      const logger = { ...silentLogger, warn: (message: string) => void warnings.push(message) };

      const recovered = await recover(FOLDER, { fileSystem: disk.mount(), logger });

      expect([children(recovered).length, warnings]).toEqual([10, []]);
      expect(disk.contents(last)).toHaveLength(sizes[1]!);
    }
  });

  test("a piece that was turned into zeros is noticed by what follows it", async () => {
    const { disk, first, last } = await twoLogs();
    const zeroed = (file: Uint8Array, from: number, to: number): Buffer =>
      Buffer.concat([file.subarray(0, from), Buffer.alloc(to - from), file.subarray(to)]);
    const original = new Map([first, last].map((path) => [path, disk.contents(path)]));
    for (const path of [first, last]) {
      const file = original.get(path)!;
      const batches = [...file.toString("latin1").matchAll(/ZLBT/g)].map(({ index }) => index);
      const ends = [...batches.slice(1), file.length];
      for (const [i, from] of batches.entries()) {
        disk.corrupt(path, (bytes) => zeroed(bytes, from, ends[i]!));
        const outcome = await reopen(disk).then(
          (recovered) => children(recovered).length,
          (error) => error.code,
        );
        const isLastBatch = path === last && i === batches.length - 1;
        expect([path, i, outcome]).toEqual([path, i, isLastBatch ? 9 : corrupt.code]);
        for (const [file, bytes] of original) disk.corrupt(file, () => Buffer.from(bytes));
      }
    }
  });

  test("any flipped bit is noticed: a torn tail in the last batch, else a refusal", async () => {
    const { disk, first, last } = await twoLogs();
    const original = new Map([first, last].map((path) => [path, disk.contents(path)]));
    for (const path of [first, last]) {
      const { length } = original.get(path)!;
      for (let byte = 0; byte < length; byte += 7) {
        disk.flipBit(path, byte, byte % 8);
        const outcome = await reopen(disk).then(
          (recovered) => children(recovered).length,
          (error) => error.code,
        );
        const isLastBatch = path === last && byte >= length - lastBatchBytes(original.get(last)!);
        expect([path, byte, outcome]).toEqual([path, byte, isLastBatch ? 9 : corrupt.code]);
        for (const [file, bytes] of original) disk.corrupt(file, () => Buffer.from(bytes));
      }
    }
  });

  test("a refusal changes nothing on disk", async () => {
    const { disk, first } = await twoLogs();
    disk.flipBit(first, 100, 1);
    const before = disk.paths().map((path) => [path, disk.contents(path).toString("hex")]);

    await expect(reopen(disk)).rejects.toMatchObject(corrupt);

    const after = disk.paths().map((path) => [path, disk.contents(path).toString("hex")]);
    expect(after).toEqual(before);
  });

  test("a log file that is missing is noticed", async () => {
    const { disk, first } = await twoLogs();
    await disk.mount().remove(first);

    await expect(reopen(disk)).rejects.toMatchObject(corrupt);
  });

  test("a log that ends within the header of its last file was never used", async () => {
    const { disk, last } = await twoLogs();
    disk.corrupt(last, (bytes) => bytes.subarray(0, 20));

    const recovered = await reopen(disk);

    expect(children(recovered)).toHaveLength(5);
    expect(recovered.epoch).toBe(3);
  });

  test("a client's data that looks like a batch is not taken for one", async () => {
    const { disk, last } = await twoLogs();
    const store = await Store.open(disk.mount());
    const forged = disk.contents(last).subarray(56);
    await store.create("a11", forged.toString("latin1"));
    await store.journal.close();
    const newest = logs(disk).at(-1)!;
    disk.corrupt(newest, (bytes) => bytes.subarray(0, bytes.length - 5));

    expect(children(await reopen(disk))).toHaveLength(10);
  });

  function lastBatchBytes(file: Buffer): number {
    return file.length - file.lastIndexOf("ZLBT");
  }
});
