import fs, { readFileSync } from "node:fs";
import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { nodeFileSystem } from "./node-file-system.ts";

let place: string;

beforeEach(async () => {
  place = await mkdtemp(join(tmpdir(), "zoolog-folders-"));
});
afterEach(() => rm(place, { recursive: true }));

test("a folder is made with its parents, and once more does no harm", async () => {
  const folder = join(place, "a/b/c/");

  await nodeFileSystem.makeDirectory(folder);
  await nodeFileSystem.makeDirectory(folder);

  expect((await stat(folder)).isDirectory()).toBe(true);
  expect((await stat(folder)).mode & 0o777).toBe(0o750);
});

test("a file in the way is an error, as the folder itself and as a parent", async () => {
  await writeFile(join(place, "file"), "");

  const asFolder = nodeFileSystem.makeDirectory(join(place, "file"));
  await expect(asFolder).rejects.toMatchObject({ code: "EEXIST" });
  const asParent = nodeFileSystem.makeDirectory(join(place, "file/a/b"));
  await expect(asParent).rejects.toMatchObject({ code: "ENOTDIR" });
});

test("a place where no folder can be made is an error, not an endless attempt", async () => {
  if (process.platform !== "linux") return; // /proc is Linux's.

  const making = nodeFileSystem.makeDirectory("/proc/x/y");

  await expect(making).rejects.toMatchObject({ code: "ENOENT" });
});

test("a small write is in the file before its caller goes on", async () => {
  const file = await nodeFileSystem.open(join(place, "file"), "create");

  const one = file.write([Buffer.from("ab")], 0);
  const more = file.write([Buffer.from("c"), Buffer.from("de")], 2);

  expect(readFileSync(file.path, "latin1")).toBe("abcde");
  expect(await Promise.all([one, more])).toEqual([2, 3]);
  await file.close();
});

test("a write to a closed file is an error, and goes into no other file", async () => {
  const closed = await nodeFileSystem.open(join(place, "closed"), "create");
  await closed.close();
  const other = await nodeFileSystem.open(join(place, "other"), "create");

  await expect(closed.write([Buffer.from("ab")], 0)).rejects.toMatchObject({ code: "EBADF" });

  expect(await other.size()).toBe(0);
  await other.close();
});

test("a small write does not stop the event loop while the disk syncs", async () => {
  const file = await nodeFileSystem.open(join(place, "file"), "create");
  const stopping = jest.spyOn(fs, "writeSync");
  const syncing = file.datasync();

  const during = file.write([Buffer.from("ab")], 0);

  expect(stopping).not.toHaveBeenCalled();
  await Promise.all([syncing, during]);
  await file.write([Buffer.from("c")], 2);
  expect(stopping).toHaveBeenCalledTimes(1);
  expect(readFileSync(file.path, "latin1")).toBe("abc");
  stopping.mockRestore();
  await file.close();
});
