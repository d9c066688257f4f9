import {
  assert,
  type Deferred,
  deferred,
  type FileHandle,
  type FileSystem,
  type Logger,
  runInBackground,
} from "@zoolog/base";
import { isOutOfHandles, tooManyOpenFiles } from "./errors.ts";

type Mode = "read" | "write";

type Entry = {
  readonly path: string;
  readonly mode: Mode;
  readonly ready: Promise<FileHandle>;
  /** Uses in progress, waiting for `ready` included; only an entry without any is closed. */
  pins: number;
  /** Its name is gone: close it after its last use. */
  evicted: boolean;
};

export type FileHandleCacheOptions = {
  /** Files open at a time; the process needs others for its sockets. */
  readonly openFilesMax: number;
};

/**
 * The open files of all partitions of a data folder, least recently used first. A file is opened
 * when it is used and stays open until the limit wants its place. Whoever needs a handle while all
 * are in use waits; a user holds one handle at a time, so waiting ends.
 */
export class FileHandleCache {
  readonly #openFilesMax: number;
  readonly #fileSystem: FileSystem;
  readonly #logger: Logger;
  readonly #onSyncFailed: (error: unknown) => void;
  /** Insertion order is order of use: an entry that is used is deleted and inserted again. */
  readonly #entries = new Map<string, Entry>();
  readonly #waiting: Deferred<void>[] = [];
  #openFiles = 0;

  /** @param dependencies.onSyncFailed the bytes of some file may be lost: stop acknowledging. */
  constructor(
    options: FileHandleCacheOptions,
    dependencies: {
      readonly fileSystem: FileSystem;
      readonly logger: Logger;
      readonly onSyncFailed: (error: unknown) => void;
    },
  ) {
    assert(options.openFilesMax >= 1, "at least one file must be open to use one");
    this.#openFilesMax = options.openFilesMax;
    this.#fileSystem = dependencies.fileSystem;
    this.#logger = dependencies.logger;
    this.#onSyncFailed = dependencies.onSyncFailed;
  }

  /** Files open now, or about to be. */
  get openFiles(): number {
    return this.#openFiles;
  }

  /**
   * Runs `task` with the file; it stays open at least until the task has settled. The file must
   * exist in mode `"read"`; in mode `"write"` it is created.
   */
  async use<T>(path: string, mode: Mode, task: (file: FileHandle) => Promise<T>): Promise<T> {
    const entry = this.#find(path, mode) ?? this.#add(path, mode);
    entry.pins += 1;
    try {
      return await task(await entry.ready);
    } finally {
      entry.pins -= 1;
      if (entry.pins === 0 && (entry.evicted || this.#waiting.length > 0)) this.#retire(entry);
    }
  }

  /** Closes what is open of a file, or of all files in a folder, as soon as its uses have ended. */
  async evict(path: string): Promise<void> {
    const inside = `${path}/`;
    const closing: Promise<void>[] = [];
    for (const entry of [...this.#entries.values()]) {
      if (entry.path !== path && !entry.path.startsWith(inside)) continue;
      entry.evicted = true;
      this.#entries.delete(keyOf(entry));
      if (entry.pins === 0) closing.push(this.#close(entry, "as it is"));
    }
    await Promise.all(closing);
  }

  #find(path: string, mode: Mode): Entry | undefined {
    const entry =
      this.#entries.get(`write:${path}`) ??
      (mode === "read" ? this.#entries.get(`read:${path}`) : undefined);
    if (entry === undefined) return undefined;
    this.#entries.delete(keyOf(entry));
    this.#entries.set(keyOf(entry), entry);
    return entry;
  }

  #add(path: string, mode: Mode): Entry {
    const entry: Entry = { path, mode, ready: this.#open(path, mode), pins: 0, evicted: false };
    this.#entries.set(keyOf(entry), entry);
    entry.ready.catch(() => {
      if (this.#entries.get(keyOf(entry)) === entry) this.#entries.delete(keyOf(entry));
    });
    return entry;
  }

  async #open(path: string, mode: Mode): Promise<FileHandle> {
    await this.#takePlace();
    try {
      return await this.#openFile(path, mode);
    } catch (error) {
      this.#givePlace();
      throw error;
    }
  }

  async #openFile(path: string, mode: Mode): Promise<FileHandle> {
    try {
      return await this.#fileSystem.open(path, mode);
    } catch (error) {
      if (!isOutOfHandles(error)) throw error;
      // The process has fewer handles than our limit says: give one of ours back and try again.
      const idle = this.#leastRecentlyUsedIdle();
      if (idle === undefined) throw tooManyOpenFiles(error);
      this.#entries.delete(keyOf(idle));
      await this.#close(idle, "synced");
      return await this.#fileSystem.open(path, mode).catch((again: unknown) => {
        throw isOutOfHandles(again) ? tooManyOpenFiles(again) : again;
      });
    }
  }

  async #takePlace(): Promise<void> {
    if (this.#openFiles < this.#openFilesMax) {
      this.#openFiles += 1;
      return;
    }
    const place = deferred<void>();
    this.#waiting.push(place);
    const idle = this.#leastRecentlyUsedIdle();
    if (idle !== undefined) this.#retire(idle);
    await place.promise;
  }

  /** Hands the place of a closed file to who waits longest, or frees it. */
  #givePlace(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#openFiles -= 1;
    else next.resolve();
  }

  #leastRecentlyUsedIdle(): Entry | undefined {
    for (const entry of this.#entries.values()) if (entry.pins === 0) return entry;
    return undefined;
  }

  #retire(entry: Entry): void {
    if (this.#entries.get(keyOf(entry)) === entry) this.#entries.delete(keyOf(entry));
    const how = entry.evicted ? "as it is" : "synced";
    runInBackground("close a log file", this.#logger, () => this.#close(entry, how));
  }

  /**
   * A file that goes on existing is synced before it is closed: an error of writing its pages back
   * is told to whoever has the file open, and might be told to nobody after the close.
   */
  async #close(entry: Entry, how: "synced" | "as it is"): Promise<void> {
    const file = await entry.ready.catch(() => undefined);
    if (file === undefined) return; // Opening failed and gave its place back.
    try {
      if (how === "synced" && entry.mode === "write") {
        await file.datasync().catch((error: unknown) => this.#onSyncFailed(error));
      }
      await file.close();
    } finally {
      this.#givePlace();
    }
  }
}

function keyOf(entry: { readonly mode: Mode; readonly path: string }): string {
  return `${entry.mode}:${entry.path}`;
}
