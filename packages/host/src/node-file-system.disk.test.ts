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
