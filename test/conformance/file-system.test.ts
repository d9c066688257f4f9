/** What the `FileSystem` port promises, asked of the real disk and of the simulated one. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type FileSystem, writeFileAtomically, writeFully } from "@zoolog/base";
import { nodeFileSystem } from "@zoolog/host";
import { SimulatedDisk, seededRandom } from "@zoolog/testkit";

type Subject = { fileSystem: FileSystem; folder: string; end: () => void };

const subjects: Record<string, () => Subject> = {
  "the machine's disk": () => {
    const folder = mkdtempSync(join(tmpdir(), "zoolog-fs-"));
    return {
      fileSystem: nodeFileSystem,
      folder,
      end: () => rmSync(folder, { recursive: true, force: true }),
    };
  },
  "the simulated disk": () => {
    const disk = new SimulatedDisk({}, { random: seededRandom(1) });
    return { fileSystem: disk.mount(), folder: "/data", end: () => {} };
  },
};

describe.each(Object.keys(subjects))("%s", (name) => {
  let fileSystem: FileSystem;
  let folder: string;
  let end: () => void;

  beforeEach(async () => {
    ({ fileSystem, folder, end } = subjects[name]!());
    await fileSystem.makeDirectory(folder);
  });
  afterEach(() => end());

  const text = async (file: string) => Buffer.from(await fileSystem.readFile(file)).toString();
  const writeText = async (file: string, contents: string) => {
    const handle = await fileSystem.open(file, "write");
    await writeFully(handle, [Buffer.from(contents)], 0);
    await handle.close();
  };

  test("a vectored write puts its chunks one behind the other, and a read finds them", async () => {
    const file = await fileSystem.open(`${folder}/a`, "create");

    const written = await file.write([Buffer.from("ab"), Buffer.from("cde"), Buffer.from("f")], 0);
    const target = Buffer.alloc(10);
    const read = await file.read(target, 1);
    await file.datasync();
    await file.close();

    expect(written).toBe(6);
    expect(read).toBe(5);
    expect(target.subarray(0, 5).toString()).toBe("bcdef");
  });

  test("a read at or past the end answers 0 bytes", async () => {
    await writeText(`${folder}/a`, "abc");
    const file = await fileSystem.open(`${folder}/a`, "read");

    expect(await file.read(Buffer.alloc(4), 3)).toBe(0);
    expect(await file.read(Buffer.alloc(4), 100)).toBe(0);
    await file.close();
  });

  test("a write past the end leaves zeros in between", async () => {
    const file = await fileSystem.open(`${folder}/a`, "create");

    await file.write([Buffer.from("x")], 3);

    expect(await file.size()).toBe(4);
    expect(await fileSystem.readFile(`${folder}/a`)).toEqual(Buffer.from([0, 0, 0, 120]));
    await file.close();
  });

  test("truncate cuts and extends, and the extension is zeros", async () => {
    const file = await fileSystem.open(`${folder}/a`, "create");
    await file.write([Buffer.from("abcdef")], 0);

    await file.truncate(2);
    await file.truncate(4);

    expect(Buffer.from(await fileSystem.readFile(`${folder}/a`))).toEqual(
      Buffer.from([97, 98, 0, 0]),
    );
    await file.close();
  });

  test("open answers ENOENT, EEXIST and EISDIR by its mode", async () => {
    await writeText(`${folder}/a`, "kept");

    await expect(fileSystem.open(`${folder}/b`, "read")).rejects.toMatchObject({ code: "ENOENT" });
    await expect(fileSystem.open(`${folder}/a`, "create")).rejects.toMatchObject({
      code: "EEXIST",
    });
    await expect(fileSystem.open(folder, "write")).rejects.toMatchObject({ code: "EISDIR" });
    await expect(fileSystem.open(`${folder}/no/a`, "write")).rejects.toMatchObject({
      code: "ENOENT",
    });
    const again = await fileSystem.open(`${folder}/a`, "write");
    await again.close();
    expect(await text(`${folder}/a`)).toBe("kept");
  });

  test("a handle opened for reading cannot write", async () => {
    await writeText(`${folder}/a`, "abc");
    const file = await fileSystem.open(`${folder}/a`, "read");

    await expect(file.write([Buffer.from("x")], 0)).rejects.toMatchObject({ code: "EBADF" });
    await file.close();
  });

  test("a second name is the same file, and never takes the place of another one", async () => {
    await writeText(`${folder}/a`, "first");
    await writeText(`${folder}/b`, "second");

    await fileSystem.link(`${folder}/a`, `${folder}/c`);

    const taken = fileSystem.link(`${folder}/a`, `${folder}/b`);
    await expect(taken).rejects.toMatchObject({ code: "EEXIST" });
    const missing = fileSystem.link(`${folder}/x`, `${folder}/y`);
    await expect(missing).rejects.toMatchObject({ code: "ENOENT" });
    await fileSystem.remove(`${folder}/a`);
    expect([await text(`${folder}/b`), await text(`${folder}/c`)]).toEqual(["second", "first"]);
    expect(await fileSystem.readDirectory(folder)).toEqual(["b", "c"]);
  });

  test("close is idempotent", async () => {
    const file = await fileSystem.open(`${folder}/a`, "create");

    await file.close();
    await file.close();
  });

  test("an open handle goes on reading after its file was removed", async () => {
    await writeText(`${folder}/a`, "abc");
    const file = await fileSystem.open(`${folder}/a`, "read");

    await fileSystem.remove(`${folder}/a`);
    const target = Buffer.alloc(3);
    await file.read(target, 0);

    expect(target.toString()).toBe("abc");
    await file.close();
  });

  test("rename replaces a file, and moves a folder with all that is in it", async () => {
    await writeText(`${folder}/a`, "new");
    await writeText(`${folder}/b`, "old");
    await fileSystem.makeDirectory(`${folder}/sub/deep`);
    await writeText(`${folder}/sub/deep/c`, "c");

    await fileSystem.rename(`${folder}/a`, `${folder}/b`);
    await fileSystem.rename(`${folder}/sub`, `${folder}/moved`);
    await fileSystem.syncDirectory(folder);

    expect(await text(`${folder}/b`)).toBe("new");
    expect(await text(`${folder}/moved/deep/c`)).toBe("c");
    expect(await fileSystem.readDirectory(folder)).toEqual(["b", "moved"]);
  });

  test("missing names are ENOENT", async () => {
    await expect(fileSystem.stat(`${folder}/x`)).rejects.toMatchObject({ code: "ENOENT" });
    await expect(fileSystem.remove(`${folder}/x`)).rejects.toMatchObject({ code: "ENOENT" });
    await expect(fileSystem.readFile(`${folder}/x`)).rejects.toMatchObject({ code: "ENOENT" });
    await expect(fileSystem.readDirectory(`${folder}/x`)).rejects.toMatchObject({
      code: "ENOENT",
    });
    await expect(fileSystem.rename(`${folder}/x`, `${folder}/y`)).rejects.toMatchObject({
      code: "ENOENT",
    });
  });

  test("stat tells files from folders and knows sizes", async () => {
    await writeText(`${folder}/a`, "12345");

    expect(await fileSystem.stat(`${folder}/a`)).toMatchObject({ kind: "file", sizeBytes: 5 });
    expect(await fileSystem.stat(folder)).toMatchObject({ kind: "directory" });
  });

  test("makeDirectory makes parents and is content with what exists", async () => {
    await fileSystem.makeDirectory(`${folder}/x/y`);
    await fileSystem.makeDirectory(`${folder}/x/y`);

    expect(await fileSystem.readDirectory(`${folder}/x`)).toEqual(["y"]);
  });

  test("removeTree removes everything below, and a missing folder is fine", async () => {
    await fileSystem.makeDirectory(`${folder}/x/y`);
    await writeText(`${folder}/x/y/a`, "a");

    await fileSystem.removeTree(`${folder}/x`);
    await fileSystem.removeTree(`${folder}/x`);

    expect(await fileSystem.readDirectory(folder)).toEqual([]);
  });

  test("writeFileAtomically replaces a file and leaves nothing beside it", async () => {
    await writeText(`${folder}/a`, "a much longer text than the new one");

    await writeFileAtomically(fileSystem, folder, "a", Buffer.from("short"));

    expect(await text(`${folder}/a`)).toBe("short");
    expect(await fileSystem.readDirectory(folder)).toEqual(["a"]);
  });

  test("there is free space, and not more than there is in all", async () => {
    const { freeBytes, totalBytes } = await fileSystem.space(folder);

    expect(freeBytes).toBeGreaterThan(0);
    expect(totalBytes).toBeGreaterThanOrEqual(freeBytes);
  });
});
