import type { FileHandle, FileStat, FileSystem, OpenMode, Random, VolumeSpace } from "@zoolog/base";
import {
  type DiskFaultEffect,
  type DiskFaults,
  type DiskOperation,
  diskError,
} from "./disk-faults.ts";
import { SimulatedFile } from "./simulated-file.ts";
import { SimulatedFolder, type SimulatedNode } from "./simulated-folder.ts";

/** What a mount needs of its disk. */
export type MountedDisk = {
  readonly root: SimulatedFolder;
  readonly faults: DiskFaults;
  readonly random: Random;
  readonly capacityBytes: number;
  readonly usedBytes: number;
  /** Waits as a real operation would. */
  delay(generation: number, operation: DiskOperation, path: string): Promise<void> | undefined;
  /** @throws when the process that mounted the disk is dead. */
  assertAlive(generation: number, operation: string, path: string): void;
  opened(generation: number, path: string): void;
  closed(generation: number, path: string): void;
  readonly onLostPagesSynced: ((path: string) => void) | undefined;
};

/** One process's view of a `SimulatedDisk`. Made by `SimulatedDisk.mount()`. */
export class SimulatedFileSystem implements FileSystem {
  readonly #disk: MountedDisk;
  readonly #generation: number;

  constructor(disk: MountedDisk, generation: number) {
    this.#disk = disk;
    this.#generation = generation;
  }

  async open(path: string, mode: OpenMode): Promise<FileHandle> {
    const effect = await this.#take("open", path);
    this.#assertAlive("open", path);
    const { folder, name } = this.#parentOf(path, "open");
    const existing = folder.entries.get(name);
    // A file that is there takes no room: a full volume opens it.
    const isFull = effect === "ENOSPC" && existing === undefined && mode !== "read";
    if (isFull || (effect !== undefined && effect !== "ENOSPC")) {
      throw diskError(effect, "open", path);
    }
    if (existing instanceof SimulatedFolder) throw diskError("EISDIR", "open", path);
    if (existing === undefined && mode === "read") throw diskError("ENOENT", "open", path);
    if (existing !== undefined && mode === "create") throw diskError("EEXIST", "open", path);
    const file = existing ?? new SimulatedFile();
    if (existing === undefined) folder.link(name, file);
    this.#disk.opened(this.#generation, path);
    return new SimulatedFileHandle(path, mode, file, this.#disk, this.#generation);
  }

  async readFile(path: string): Promise<Uint8Array> {
    await this.#begin("readFile", path);
    const node = this.#node(path, "readFile");
    if (node instanceof SimulatedFolder) throw diskError("EISDIR", "readFile", path);
    return node.contents();
  }

  async readDirectory(path: string): Promise<string[]> {
    await this.#begin("readDirectory", path);
    return [...this.#folder(path, "readDirectory").entries.keys()].sort();
  }

  async stat(path: string): Promise<FileStat> {
    await this.#begin("stat", path);
    const node = this.#node(path, "stat");
    if (node instanceof SimulatedFolder) return { kind: "directory", sizeBytes: 0, modifiedAt: 0 };
    return { kind: "file", sizeBytes: node.size, modifiedAt: node.modifiedAt };
  }

  async makeDirectory(path: string): Promise<void> {
    await this.#begin("makeDirectory", path);
    this.#assertAlive("makeDirectory", path);
    let folder = this.#disk.root;
    for (const name of namesOf(path)) {
      const child = folder.entries.get(name) ?? new SimulatedFolder();
      if (child instanceof SimulatedFile) throw diskError("EEXIST", "makeDirectory", path);
      if (!folder.entries.has(name)) folder.link(name, child);
      folder = child;
    }
  }

  async rename(from: string, to: string): Promise<void> {
    await this.#begin("rename", from);
    this.#assertAlive("rename", from);
    const source = this.#parentOf(from, "rename");
    const target = this.#parentOf(to, "rename");
    const node = source.folder.entries.get(source.name);
    if (node === undefined) throw diskError("ENOENT", "rename", from);
    const replaced = target.folder.entries.get(target.name);
    if (replaced instanceof SimulatedFolder && replaced.entries.size > 0) {
      throw diskError("ENOTEMPTY", "rename", to);
    }
    if (source.folder === target.folder) {
      source.folder.rename(source.name, target.name);
    } else {
      target.folder.link(target.name, node);
      source.folder.unlink(source.name);
    }
  }

  async link(from: string, to: string): Promise<void> {
    await this.#begin("link", to);
    this.#assertAlive("link", to);
    const node = this.#node(from, "link");
    if (node instanceof SimulatedFolder) throw diskError("EPERM", "link", from);
    const { folder, name } = this.#parentOf(to, "link");
    if (folder.entries.has(name)) throw diskError("EEXIST", "link", to);
    folder.link(name, node);
  }

  async remove(path: string): Promise<void> {
    await this.#begin("remove", path);
    this.#assertAlive("remove", path);
    const { folder, name } = this.#parentOf(path, "remove");
    const node = folder.entries.get(name);
    if (node === undefined) throw diskError("ENOENT", "remove", path);
    if (node instanceof SimulatedFolder) throw diskError("EISDIR", "remove", path);
    folder.unlink(name);
  }

  async removeTree(path: string): Promise<void> {
    await this.#begin("removeTree", path);
    this.#assertAlive("removeTree", path);
    const { folder, name } = this.#parentOf(path, "removeTree");
    const node = folder.entries.get(name);
    if (node instanceof SimulatedFolder) unlinkAll(node);
    if (node !== undefined) folder.unlink(name);
  }

  async syncDirectory(path: string): Promise<void> {
    await this.#begin("syncDirectory", path);
    this.#assertAlive("syncDirectory", path);
    this.#folder(path, "syncDirectory").sync();
  }

  async space(path: string): Promise<VolumeSpace> {
    await this.#begin("space", path);
    const { capacityBytes: totalBytes, usedBytes } = this.#disk;
    return { totalBytes, freeBytes: Math.max(0, totalBytes - usedBytes) };
  }

  async #begin(operation: DiskOperation, path: string): Promise<void> {
    const effect = await this.#take(operation, path);
    if (effect !== undefined) throw diskError(effect, operation, path);
  }

  /** @returns how the operation is to fail. */
  async #take(
    operation: DiskOperation,
    path: string,
  ): Promise<Exclude<DiskFaultEffect, "shortWrite"> | undefined> {
    const took = this.#disk.delay(this.#generation, operation, path);
    if (took !== undefined) await took;
    this.#disk.assertAlive(this.#generation, operation, path);
    const effect = this.#disk.faults.strike(operation, path);
    return effect === "shortWrite" ? undefined : effect;
  }

  /** Right before an operation changes the disk: its process may have died since it began. */
  #assertAlive(operation: DiskOperation, path: string): void {
    this.#disk.assertAlive(this.#generation, operation, path);
  }

  #node(path: string, operation: string): SimulatedNode {
    let node: SimulatedNode = this.#disk.root;
    for (const name of namesOf(path)) {
      if (node instanceof SimulatedFile) throw diskError("ENOTDIR", operation, path);
      const child: SimulatedNode | undefined = node.entries.get(name);
      if (child === undefined) throw diskError("ENOENT", operation, path);
      node = child;
    }
    return node;
  }

  #folder(path: string, operation: string): SimulatedFolder {
    const node = this.#node(path, operation);
    if (node instanceof SimulatedFile) throw diskError("ENOTDIR", operation, path);
    return node;
  }

  #parentOf(path: string, operation: string): { folder: SimulatedFolder; name: string } {
    const names = namesOf(path);
    const name = names.pop();
    if (name === undefined) throw diskError("EINVAL", operation, path);
    return { folder: this.#folder(names.join("/"), operation), name };
  }
}

function namesOf(path: string): string[] {
  return path.split("/").filter((name) => name !== "" && name !== ".");
}

function unlinkAll(folder: SimulatedFolder): void {
  for (const [name, node] of [...folder.entries]) {
    if (node instanceof SimulatedFolder) unlinkAll(node);
    folder.unlink(name);
  }
}

class SimulatedFileHandle implements FileHandle {
  readonly path: string;
  readonly #mode: OpenMode;
  readonly #file: SimulatedFile;
  readonly #disk: MountedDisk;
  readonly #generation: number;
  #closed = false;

  constructor(
    path: string,
    mode: OpenMode,
    file: SimulatedFile,
    disk: MountedDisk,
    generation: number,
  ) {
    this.path = path;
    this.#mode = mode;
    this.#file = file;
    this.#disk = disk;
    this.#generation = generation;
  }

  async read(target: Uint8Array, position: number): Promise<number> {
    const effect = await this.#begin("read");
    if (effect !== undefined) throw diskError(effect, "read", this.path);
    return this.#file.read(target, position);
  }

  async write(chunks: readonly Uint8Array[], position: number): Promise<number> {
    const effect = await this.#begin("write");
    this.#assertAlive("write");
    if (this.#mode === "read") throw diskError("EBADF", "write", this.path);
    const bytes = Buffer.concat(chunks);
    const room = this.#room(position);
    if (effect === "ENOSPC" || (room === 0 && bytes.length > 0)) {
      throw diskError("ENOSPC", "write", this.path);
    }
    let taken = Math.min(bytes.length, room);
    if (effect !== undefined) taken = Math.floor(this.#disk.random.next() * taken);
    if (effect === "shortWrite") taken = Math.max(taken, Math.min(1, bytes.length));
    this.#file.write(bytes.subarray(0, taken), position);
    if (effect !== undefined && effect !== "shortWrite") {
      throw diskError(effect, "write", this.path);
    }
    return taken;
  }

  async truncate(sizeBytes: number): Promise<void> {
    const effect = await this.#begin("truncate");
    this.#assertAlive("truncate");
    if (effect !== undefined) throw diskError(effect, "truncate", this.path);
    this.#file.truncate(sizeBytes);
  }

  async datasync(): Promise<void> {
    if (this.#file.hasLostPages) this.#disk.onLostPagesSynced?.(this.path);
    // What is written after this moment is not covered by this sync, however long it takes.
    const sync = this.#file.beginSync();
    // A process that dies here leaves the sync undone, neither ended nor failed.
    const effect = await this.#begin("datasync");
    this.#assertAlive("datasync");
    if (effect === undefined) {
      this.#file.endSync(sync);
      return;
    }
    this.#file.failSync(sync);
    throw diskError(effect, "datasync", this.path);
  }

  async size(): Promise<number> {
    const effect = await this.#begin("size");
    if (effect !== undefined) throw diskError(effect, "size", this.path);
    return this.#file.size;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#disk.closed(this.#generation, this.path);
    await this.#disk.delay(this.#generation, "close", this.path);
  }

  async #begin(operation: DiskOperation): Promise<DiskFaultEffect | undefined> {
    const took = this.#disk.delay(this.#generation, operation, this.path);
    if (took !== undefined) await took;
    this.#disk.assertAlive(this.#generation, operation, this.path);
    if (this.#closed) throw diskError("EBADF", operation, this.path);
    const effect = this.#disk.faults.strike(operation, this.path);
    return effect === "shortWrite" && operation !== "write" ? undefined : effect;
  }

  /** Right before an operation changes the disk: its process may have died since it began. */
  #assertAlive(operation: DiskOperation): void {
    this.#disk.assertAlive(this.#generation, operation, this.path);
  }

  #room(position: number): number {
    if (this.#disk.capacityBytes === Number.POSITIVE_INFINITY) return Number.POSITIVE_INFINITY;
    const free = this.#disk.capacityBytes - this.#disk.usedBytes;
    return Math.max(0, this.#file.size - position) + Math.max(0, free);
  }
}
