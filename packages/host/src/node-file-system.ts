import { constants, writeSync, writevSync } from "node:fs";
import * as fs from "node:fs/promises";
import { dirname, join } from "node:path";
import {
  errorCode,
  type FileHandle,
  type FileStat,
  type FileSystem,
  type OpenMode,
} from "@zoolog/base";
import { DirectWrites } from "./direct-writes.ts";
import { systemClock } from "./system-clock.ts";

const OPEN_FLAGS: Record<OpenMode, number> = {
  read: constants.O_RDONLY,
  write: constants.O_RDWR | constants.O_CREAT,
  create: constants.O_RDWR | constants.O_CREAT | constants.O_EXCL,
};

/** Data of others is none of our business: files are the owner's and the group's to read. */
const FILE_MODE = 0o640;
const FOLDER_MODE = 0o750;

/** Of the whole process: one slow disk is enough to stop its event loop. */
const directWrites = new DirectWrites({ clock: systemClock });

/** The real disk. */
export const nodeFileSystem: FileSystem = {
  open: async (path, mode) =>
    new NodeFileHandle(path, await fs.open(path, OPEN_FLAGS[mode], FILE_MODE)),
  readFile: (path) => fs.readFile(path),
  readDirectory: async (path) => (await fs.readdir(path)).sort(),
  stat: async (path): Promise<FileStat> => {
    const stat = await fs.stat(path);
    return {
      kind: stat.isDirectory() ? "directory" : "file",
      sizeBytes: stat.size,
      modifiedAt: stat.mtimeMs,
    };
  },
  makeDirectory,
  rename: (from, to) => fs.rename(from, to),
  link: (from, to) => fs.link(from, to),
  remove: (path) => fs.unlink(path),
  removeTree: (path) => fs.rm(path, { recursive: true, force: true }),
  syncDirectory: async (path) => {
    const folder = await fs.open(path, constants.O_RDONLY);
    try {
      await directWrites.whileSyncing(() => folder.sync());
    } finally {
      await folder.close();
    }
  },
  space: async (path) => {
    const { bavail, bfree, blocks, bsize } = await fs.statfs(join(path, "."));
    return { totalBytes: (blocks - bfree + bavail) * bsize, freeBytes: bavail * bsize };
  },
};

/**
 * With its parents. Not Node's `recursive`: where a folder refuses new names with ENOENT, as /proc
 * does, that one tries for ever, and no signal ends it.
 */
async function makeDirectory(path: string): Promise<void> {
  try {
    await makeFolder(path);
  } catch (error) {
    const parent = dirname(path);
    if (errorCode(error) !== "ENOENT" || parent === path) throw error;
    await makeDirectory(parent);
    await makeFolder(path);
  }
}

/** In a folder that exists. @throws the file system's error: EEXIST for a file of that name, … */
async function makeFolder(path: string): Promise<void> {
  try {
    await fs.mkdir(path, { mode: FOLDER_MODE });
  } catch (error) {
    if (errorCode(error) === "ENOENT") throw error;
    // Not only after EEXIST: some volumes say EROFS or EACCES of folders that are there.
    const isThere = await fs.stat(path).then(
      (found) => found.isDirectory(),
      () => false,
    );
    if (!isThere) throw error;
  }
}

class NodeFileHandle implements FileHandle {
  readonly path: string;
  readonly #file: fs.FileHandle;
  #closing: Promise<void> | undefined;

  constructor(path: string, file: fs.FileHandle) {
    this.path = path;
    this.#file = file;
  }

  async read(target: Uint8Array, position: number): Promise<number> {
    const { bytesRead } = await this.#file.read(target, 0, target.length, position);
    return bytesRead;
  }

  async write(chunks: readonly Uint8Array[], position: number): Promise<number> {
    const { fd } = this.#file;
    const bytes = chunks.reduce((sum, { length }) => sum + length, 0);
    // A closed file has no descriptor; the pool's way says so.
    if (fd >= 0 && directWrites.allows(bytes)) {
      return directWrites.run(() => writeNow(fd, chunks, position));
    }
    const only = chunks.length === 1 ? chunks[0] : undefined;
    const { bytesWritten } =
      only === undefined
        ? await this.#file.writev(chunks, position)
        : await this.#file.write(only, 0, only.length, position);
    return bytesWritten;
  }

  truncate(sizeBytes: number): Promise<void> {
    return this.#file.truncate(sizeBytes);
  }

  datasync(): Promise<void> {
    return directWrites.whileSyncing(() => this.#file.datasync());
  }

  async size(): Promise<number> {
    return (await this.#file.stat()).size;
  }

  close(): Promise<void> {
    this.#closing ??= this.#file.close();
    return this.#closing;
  }
}

function writeNow(fd: number, chunks: readonly Uint8Array[], position: number): number {
  const only = chunks.length === 1 ? chunks[0] : undefined;
  if (only === undefined) return writevSync(fd, chunks, position);
  return writeSync(fd, only, 0, only.length, position);
}
