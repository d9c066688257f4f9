import type { FileHandle } from "@zoolog/base";
import { SimulatedDisk, seededRandom } from "@zoolog/testkit";
import fc from "fast-check";
import { EntryTable } from "./entry-table.ts";

async function emptyFile(contents: Buffer = Buffer.alloc(0)) {
  const disk = new SimulatedDisk({}, { random: seededRandom(1) });
  const file = await disk.mount().open("/index", "create");
  if (contents.length > 0) await file.write([contents], 0);
  return { file, contents: () => disk.contents("/index") };
}

function append(table: EntryTable, value: number): void {
  const position = table.append();
  table.bytes.writeInt32BE(value, position);
}

const valuesOf = (bytes: Buffer) =>
  Array.from({ length: bytes.length / 4 }, (_, i) => bytes.readInt32BE(i * 4));

test("after any appends and cuts the file written is the table", async () => {
  const step = fc.oneof(
    fc.record({ append: fc.integer({ min: 0, max: 2 ** 31 - 1 }) }),
    fc.record({ keep: fc.double({ min: 0, max: 1, noNaN: true }) }),
    fc.record({ write: fc.constant(true) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const { file, contents } = await emptyFile(Buffer.alloc(100, 7));
      const table = new EntryTable(4);
      const model: number[] = [];
      for (const each of steps) {
        if ("append" in each) {
          append(table, each.append);
          model.push(each.append);
        } else if ("keep" in each) {
          model.length = Math.floor(each.keep * model.length);
          table.truncate(model.length);
        } else {
          await table.writeTo(file);
          expect(valuesOf(contents())).toEqual(model);
        }
      }
      await table.writeTo(file);

      expect(valuesOf(contents())).toEqual(model);
      expect(table.isDirty).toBe(false);
    }),
  );
});

test("entries made while the file is written stay dirty and come next", async () => {
  const { file, contents } = await emptyFile();
  const table = new EntryTable(4);
  append(table, 1);
  const slow: FileHandle = Object.assign(Object.create(file) as FileHandle, {
    write: async (chunks: readonly Uint8Array[], position: number) => {
      append(table, 2);
      return await file.write(chunks, position);
    },
    truncate: (size: number) => file.truncate(size),
  });

  await table.writeTo(slow);
  expect(valuesOf(contents())).toEqual([1]);
  expect(table.isDirty).toBe(true);
  await table.writeTo(file);

  expect(valuesOf(contents())).toEqual([1, 2]);
});

test("what a failed write has left is known to be there, and goes with the next one", async () => {
  const { file, contents } = await emptyFile();
  const table = new EntryTable(4);
  append(table, 1);
  await table.writeTo(file);
  append(table, 2);
  append(table, 3);
  const full: FileHandle = Object.assign(Object.create(file) as FileHandle, {
    write: async ([bytes = Buffer.alloc(0)]: readonly Uint8Array[], position: number) => {
      await file.write([bytes.subarray(0, 4)], position);
      throw new Error("no room");
    },
  });
  const before = table.isContradicted;

  await expect(table.writeTo(full)).rejects.toThrow("no room");
  table.truncate(1);

  expect([before, table.isContradicted, table.isDirty]).toEqual([false, true, true]);
  await table.writeTo(file);
  expect(valuesOf(contents())).toEqual([1]);
  expect([table.isContradicted, table.isDirty]).toEqual([false, false]);
});

test("a table that was read from its file is clean", () => {
  expect(new EntryTable(4, Buffer.alloc(8)).isDirty).toBe(false);
  expect(new EntryTable(4, Buffer.alloc(9)).isDirty).toBe(true);
  expect(new EntryTable(4).isDirty).toBe(true);
});
