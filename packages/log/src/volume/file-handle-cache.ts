import {
  assert,
  type Deferred,
  deferred,
  type FileHandle,
  type FileSystem,
  type Logger,
  runInBackground,
} from "@zoolog/base";
import { isOutOfHandles, tooManyOpenFiles } from "../errors.ts";

type Mode = "read" | "write";

type Entry = {
  readonly path: string;
  readonly mode: Mode;
  readonly ready: Promise<FileHandle>;
  /** What `ready` resolved with. */
  file: FileHandle | undefined;
  /** Uses in progress, waiting for `ready` included; only an entry without any is closed. */
  pins: number;
  /** Used since the search for a file to close last passed it. */
  isRecent: boolean;
  /** Its name is gone: close it after its last use. */
  evicted: boolean;
};

export type FileHandleCacheOptions = {
  /** Files open at a time; the process needs others for its sockets. */
  readonly openFilesMax: number;
};

/**
 * The open files of all partitions of a data folder. A file is opened when it is used and stays open
 * until the limit wants its place: then one goes that was not used for long (second chance, an
 * approximation of LRU that costs a use nothing but a flag). Whoever needs a handle while all are in
 * use waits; a user holds one handle at a time, so waiting ends.
 */
export class FileHandleCache {
  readonly #openFilesMax: number;
  readonly #fileSystem: FileSystem;
  readonly #logger: Logger;
  readonly #sync: (file: FileHandle) => Promise<void>;
  /** By path. In the order in which the search for one to close passes them. */
  readonly #entries: Readonly<Record<Mode, Map<string, Entry>>> = {
    read: new Map(),
    write: new Map(),
  };
  readonly #waiting: Deferred<void>[] = [];
  #openFiles = 0;

  /**
   * @param dependencies.sync brings a file to the disk before it is closed. May reject: whoever syncs
   *   knows what that means, here the file is closed all the same.
   */
  constructor(
    options: FileHandleCacheOptions,
    dependencies: {
      readonly fileSystem: FileSystem;
      readonly logger: Logger;
      readonly sync: (file: FileHandle) => Promise<void>;
    },
  ) {
    assert(options.openFilesMax >= 1, "at least one file must be open to use one");
    this.#openFilesMax = options.openFilesMax;
    this.#fileSystem = dependencies.fileSystem;
    this.#logger = dependencies.logger;
    this.#sync = dependencies.sync;
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
    entry.isRecent = true;
    try {
      // Without waiting for what is there: the task begins before `use` returns.
      return await task(entry.file ?? (await entry.ready));
    } finally {
      entry.pins -= 1;
      if (entry.pins === 0 && (entry.evicted || this.#waiting.length > 0)) this.#retire(entry);
    }
  }

  /** Closes what is open of a file, or of all files in a folder, as soon as its uses have ended. */
  async evict(path: string): Promise<void> {
    const inside = `${path}/`;
    const closing: Promise<void>[] = [];
    for (const entry of [...this.#entries.read.values(), ...this.#entries.write.values()]) {
      if (entry.path !== path && !entry.path.startsWith(inside)) continue;
      entry.evicted = true;
      this.#forget(entry);
      if (entry.pins === 0) closing.push(this.#close(entry, "as it is"));
    }
    await Promise.all(closing);
  }

  #find(path: string, mode: Mode): Entry | undefined {
    const writable = this.#entries.write.get(path);
    return writable ?? (mode === "read" ? this.#entries.read.get(path) : undefined);
  }

  #add(path: string, mode: Mode): Entry {
    const ready = this.#open(path, mode);
    const uses = { pins: 0, isRecent: true, evicted: false };
    const entry: Entry = { path, mode, ready, file: undefined, ...uses };
    this.#entries[mode].set(path, entry);
    ready.then(
      (file) => {
        entry.file = file;
      },
      () => this.#forget(entry),
    );
    return entry;
  }

  #forget(entry: Entry): void {
    const entries = this.#entries[entry.mode];
    if (entries.get(entry.path) === entry) entries.delete(entry.path);
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
      const idle = this.#idle();
      if (idle === undefined) throw tooManyOpenFiles(error);
      this.#forget(idle);
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
    const idle = this.#idle();
    if (idle !== undefined) this.#retire(idle);
    await place.promise;
  }

  /** Hands the place of a closed file to who waits longest, or frees it. */
  #givePlace(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#openFiles -= 1;
    else next.resolve();
  }

  /** A file that nobody uses now: one not used for long, files that need no sync first. */
  #idle(): Entry | undefined {
    for (const entries of [this.#entries.read, this.#entries.write]) {
      // Twice around: the first time takes the flags away, the second finds who has none.
      for (let passes = 2 * entries.size; passes > 0; passes--) {
        const [entry] = entries.values();
        if (entry === undefined) break;
        if (entry.pins === 0 && !entry.isRecent) return entry;
        entry.isRecent = entry.pins > 0;
        entries.delete(entry.path);
        entries.set(entry.path, entry);
      }
    }
    return undefined;
  }

  #retire(entry: Entry): void {
    this.#forget(entry);
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
        await this.#sync(file).catch(() => {});
      }
      await file.close();
    } finally {
      this.#givePlace();
    }
  }
}
