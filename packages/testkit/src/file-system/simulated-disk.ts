import { assert, type Deferred, deferred, type FileSystem, type Random } from "@zoolog/base";
import { DiskDamage } from "./disk-damage.ts";
import {
  type DiskFault,
  DiskFaults,
  type DiskOperation,
  diskError,
  type InjectedFault,
} from "./disk-faults.ts";
import type { SimulatedFile } from "./simulated-file.ts";
import { SimulatedFileSystem } from "./simulated-file-system.ts";
import { SimulatedFolder } from "./simulated-folder.ts";

export type SimulatedDiskOptions = {
  /** Bytes that all files together may have; unlimited when absent. */
  readonly capacityBytes?: number;
  /**
   * What becomes of operations of a process that is dead: they fail, so that a test can wait for its
   * end, or they never end, as nothing of a dead process does any more. Default `"fails"`.
   */
  readonly afterCrash?: "fails" | "silent";
};

export type PowerCutOptions = {
  /**
   * Chance, 0 to 1, of each unsynced 512-byte sector, size and name to have reached the platter.
   * 0 keeps exactly what was synced. Drawn at random when absent.
   */
  readonly keepUnsynced?: number;
};

/**
 * How long an operation takes, `undefined` for no time at all; without it some turns of the microtask
 * queue.
 */
export type DiskTime = (operation: DiskOperation, path: string) => Promise<void> | undefined;

type Hold = {
  readonly operation: DiskOperation;
  readonly path: RegExp;
  readonly gate: Deferred<void>;
};

/**
 * A disk that lives in memory and fails on demand, the same way for the same seed.
 *
 * Programs use it through `mount()`. `crash()` ends them: whatever an old mount still tries is
 * rejected, like the work of a dead process. What the next mount finds follows the promises of the
 * `FileSystem` port to the letter and no further (see there).
 */
export class SimulatedDisk {
  readonly root = new SimulatedFolder();
  readonly faults = new DiskFaults();
  readonly damage = new DiskDamage({ root: this.root });
  readonly random: Random;
  readonly #takesTime: DiskTime | undefined;
  capacityBytes: number;
  /** Told when a file is synced of which an earlier sync has lost pages: it writes none of them. */
  onLostPagesSynced: ((path: string) => void) | undefined;
  /** Files that the present process has open. */
  openFiles: string[] = [];
  #generation = 0;
  readonly #afterCrash: "fails" | "silent";
  readonly #holds = new Set<Hold>();

  constructor(
    options: SimulatedDiskOptions,
    dependencies: { readonly random: Random; readonly takesTime?: DiskTime },
  ) {
    this.capacityBytes = options.capacityBytes ?? Number.POSITIVE_INFINITY;
    this.#afterCrash = options.afterCrash ?? "fails";
    this.random = dependencies.random;
    this.#takesTime = dependencies.takesTime;
  }

  /** The disk as one running process sees it. */
  mount(): FileSystem {
    return new SimulatedFileSystem(this, this.#generation);
  }

  /**
   * `"process"`: kill -9; what was written is still in the page cache. `"power"`: unsynced sectors,
   * sizes and names are kept or lost by chance. Handles and mounts of before are dead.
   */
  crash(kind: "process" | "power", options: PowerCutOptions = {}): void {
    this.#generation += 1;
    this.openFiles = [];
    this.releaseAll();
    this.faults.removeAll();
    if (kind === "power") {
      this.root.losePower(this.random, options.keepUnsynced ?? this.random.next());
    }
  }

  /** See `DiskFault`. Removed by a crash. */
  inject(fault: DiskFault): InjectedFault {
    return this.faults.inject(fault);
  }

  /** The operations from now on as `"<operation> <file name>"`, in the order they take effect. */
  record(path: RegExp = /./): string[] {
    const operations: string[] = [];
    this.faults.observer = (operation, of) => {
      if (path.test(of)) operations.push(`${operation} ${of.slice(of.lastIndexOf("/") + 1)}`);
    };
    return operations;
  }

  /** Keeps matching operations from ending until `release`; others go on. */
  hold(operation: DiskOperation, path: RegExp = /./): { readonly release: () => void } {
    const hold: Hold = { operation, path, gate: deferred<void>() };
    this.#holds.add(hold);
    return {
      release: () => {
        this.#holds.delete(hold);
        hold.gate.resolve();
      },
    };
  }

  releaseAll(): void {
    for (const hold of this.#holds) hold.gate.resolve();
    this.#holds.clear();
  }

  /** Waits as a real operation would, and for any hold. `undefined`: it ends at once. */
  delay(generation: number, operation: DiskOperation, path: string): Promise<void> | undefined {
    const took = this.#takesTime === undefined ? this.#turns() : this.#takesTime(operation, path);
    const isFree = this.#holds.size === 0 && generation === this.#generation;
    if (took === undefined && isFree) return undefined;
    return this.#end(generation, operation, path, took);
  }

  opened(generation: number, path: string): void {
    if (generation === this.#generation) this.openFiles.push(path);
  }

  closed(generation: number, path: string): void {
    const index = generation === this.#generation ? this.openFiles.indexOf(path) : -1;
    if (index >= 0) this.openFiles.splice(index, 1);
  }

  /** @throws when the process behind a mount of `generation` is dead. */
  assertAlive(generation: number, operation: string, path: string): void {
    if (generation !== this.#generation) throw diskError("SIMULATED_CRASH", operation, path);
  }

  /** Bytes of all files that have a name. */
  get usedBytes(): number {
    let used = 0;
    for (const [, file] of this.root.files()) used += file.size;
    return used;
  }

  /** Somewhere bytes can be read that no sync will bring to the platter: one has failed before. */
  get hasLostPages(): boolean {
    for (const [, file] of this.root.files()) if (file.hasLostPages) return true;
    return false;
  }

  /** Live contents of a file, for assertions. */
  contents(path: string): Buffer {
    return this.#file(path).contents();
  }

  /** Paths of all files, sorted. */
  paths(): string[] {
    return [...this.root.files("/")].map(([path]) => path).sort();
  }

  /** Turns over one bit, on the platter and in the page cache. */
  flipBit(path: string, byte: number, bit: number): void {
    this.corrupt(path, (bytes) => {
      assert(byte < bytes.length, `${path} has only ${bytes.length} bytes`);
      bytes[byte] = bytes[byte]! ^ (1 << bit);
      return bytes;
    });
  }

  /** Replaces a file's bytes behind the back of every program. */
  corrupt(path: string, change: (bytes: Buffer) => Buffer): void {
    const file = this.#file(path);
    const before = file.contents();
    file.corrupt(change);
    this.damage.note(file, before, file.contents());
  }

  async #turns(): Promise<void> {
    const turns = 1 + Math.floor(this.random.next() * 3);
    for (let i = 0; i < turns; i++) await undefined;
  }

  async #end(
    generation: number,
    operation: DiskOperation,
    path: string,
    took: Promise<void> | undefined,
  ): Promise<void> {
    await took;
    for (const hold of this.#holds) {
      if (hold.operation === operation && hold.path.test(path)) await hold.gate.promise;
    }
    const isDead = generation !== this.#generation;
    if (isDead && this.#afterCrash === "silent") await new Promise(() => {});
  }

  #file(path: string): SimulatedFile {
    for (const [candidate, file] of this.root.files("/")) if (candidate === path) return file;
    throw diskError("ENOENT", "inspect", path);
  }
}
