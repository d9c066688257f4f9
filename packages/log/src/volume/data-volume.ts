import {
  errorCode,
  type FileHandle,
  type FileSystem,
  type Logger,
  runInBackground,
  writeFileAtomically,
  type ZoologError,
} from "@zoolog/base";
import {
  diskFull,
  isMissing,
  isNoSpace,
  isOutOfHandles,
  logOffline,
  tooManyOpenFiles,
} from "../errors.ts";
import { FileHandleCache } from "./file-handle-cache.ts";
import { SYNC_FAILED_MARKER } from "./file-names.ts";
import { GroupCommit } from "./group-commit.ts";

export type DataVolumeLimits = {
  /** Log and index files open at a time. */
  readonly openFilesMax: number;
  /**
   * Bytes kept free on the volume: appends are refused before the disk is full, so that indexes,
   * checkpoints and the rest of the machine can still be written.
   */
  readonly reservedBytes: number;
};

/**
 * The disk under one data folder, and whether it can be trusted.
 *
 * A failed sync takes the folder offline until the process is started again. After it the kernel
 * counts the lost pages as clean: a second sync "succeeds", and acknowledging on its word would lose
 * records (fsyncgate). So every sync of the engine goes through here, and is never tried twice.
 */
export class DataVolume {
  readonly path: string;
  readonly fileSystem: FileSystem;
  readonly files: FileHandleCache;
  /** Partitions come and go many at a time: one sync covers all names that were there before it. */
  readonly #nameSyncs: GroupCommit;
  readonly #reservedBytes: number;
  readonly #logger: Logger;
  readonly #onOffline: (error: ZoologError) => void;
  #failure: ZoologError | undefined;
  /** A sync has failed, and there is no file yet that tells the next process of it. */
  #owesWord = false;
  /** What the volume had when last asked, less what was appended since. */
  #freeBytes = Number.POSITIVE_INFINITY;
  #totalBytes = Number.POSITIVE_INFINITY;
  #isRefreshing = false;

  constructor(
    options: DataVolumeLimits & { readonly path: string },
    dependencies: {
      readonly fileSystem: FileSystem;
      readonly logger: Logger;
      /** Called once, when the folder goes offline. */
      readonly onOffline: (error: ZoologError) => void;
    },
  ) {
    const { fileSystem, logger } = dependencies;
    this.path = options.path;
    this.#nameSyncs = new GroupCommit(() => this.syncDirectory(this.path));
    this.fileSystem = fileSystem;
    this.#logger = logger;
    this.#onOffline = dependencies.onOffline;
    this.#reservedBytes = options.reservedBytes;
    const sync = (file: FileHandle): Promise<void> => this.datasync(file);
    this.files = new FileHandleCache(options, { fileSystem, logger, sync });
  }

  /** Why the folder serves no more; `undefined` while it does. */
  get failure(): ZoologError | undefined {
    return this.#failure;
  }

  /** Takes the folder offline for good. */
  fail(cause: unknown): ZoologError {
    if (this.#failure === undefined) {
      this.#owesWord = true;
      runInBackground("leave word of a failed sync", this.#logger, () => this.leaveWord());
      this.#failure = logOffline(`data folder ${this.path}`, cause);
      this.#logger.error("data folder went offline", { path: this.path, cause: String(cause) });
      this.#onOffline(this.#failure);
    }
    return this.#failure;
  }

  /** fdatasync that is final when it fails. @throws ZoologError KAFKA_STORAGE_ERROR */
  async datasync(file: FileHandle): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    try {
      await file.datasync();
    } catch (error) {
      throw this.fail(error);
    }
  }

  /**
   * Likewise for the names in a folder. Without a file handle it has not begun: then it may be tried again.
   *
   * @throws ZoologError TOO_MANY_OPEN_FILES, KAFKA_STORAGE_ERROR
   */
  async syncDirectory(folder: string): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    try {
      await this.fileSystem.syncDirectory(folder);
    } catch (error) {
      throw isOutOfHandles(error) ? this.named(error) : this.fail(error);
    }
  }

  /** Makes the names of the partitions' folders survive a power cut. */
  syncNames(): Promise<void> {
    return this.#nameSyncs.request();
  }

  /**
   * Replaces a small file, atomically and durably.
   *
   * @throws ZoologError DISK_FULL: the old contents stand; KAFKA_STORAGE_ERROR
   */
  async writeFile(folder: string, name: string, contents: Uint8Array): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    try {
      await writeFileAtomically(this.fileSystem, folder, name, contents);
    } catch (error) {
      if (isNoSpace(error) || isOutOfHandles(error)) throw this.named(error);
      // A folder that was just deleted says nothing about the disk (KAFKA-15391).
      throw isMissing(error) ? error : this.fail(error);
    }
  }

  get freeBytes(): number | undefined {
    return Number.isFinite(this.#freeBytes) ? Math.max(0, this.#freeBytes) : undefined;
  }

  /** Of the whole volume, taken or free. */
  get totalBytes(): number | undefined {
    return Number.isFinite(this.#totalBytes) ? this.#totalBytes : undefined;
  }

  /** Asks the volume how much is free; appends go on or stop by the answer. */
  async refreshFreeSpace(): Promise<void> {
    const before = this.#freeBytes;
    const { freeBytes, totalBytes } = await this.fileSystem.space(this.path);
    this.#freeBytes = freeBytes;
    this.#totalBytes = totalBytes;
    const [was, is] = [before > this.#reservedBytes, freeBytes > this.#reservedBytes];
    const fields = { path: this.path, freeBytes, totalBytes, reserved: this.#reservedBytes };
    if (was && !is) this.#logger.error("data folder is full, appends are refused", fields);
    if (!was && is) this.#logger.info("data folder has room again", fields);
  }

  /** Takes `bytes` from the room for appends, or says why not (and asks the volume again). */
  admit(bytes: number): ZoologError | undefined {
    if (this.#freeBytes - bytes <= this.#reservedBytes) {
      this.#refreshInBackground();
      return diskFull(this.path, Math.max(0, this.#freeBytes - this.#reservedBytes));
    }
    this.#freeBytes -= bytes;
    return undefined;
  }

  /**
   * A full disk, or too few file handles, under our name of it, by which callers know that it passes;
   * anything else as it is. A full disk is noted: appends are refused until there is room.
   */
  named(error: unknown): unknown {
    const code = errorCode(error);
    if (code === "DISK_FULL" || code === "TOO_MANY_OPEN_FILES") return error;
    if (isOutOfHandles(error)) return tooManyOpenFiles(error);
    if (!isNoSpace(error)) return error;
    this.#freeBytes = 0;
    return diskFull(this.path, 0, error);
  }

  /**
   * True when an earlier process of this boot saw a sync fail. Its unsynced pages may be in the page
   * cache, readable and counted as clean: only writing them again makes a later sync cover them.
   */
  async hadFailedSync(): Promise<boolean> {
    try {
      await this.fileSystem.stat(`${this.path}/${SYNC_FAILED_MARKER}`);
      return true;
    } catch (error) {
      if (isMissing(error)) return false;
      throw error;
    }
  }

  /** Everything unsynced was written again and synced. */
  async forgetFailedSync(): Promise<void> {
    await this.fileSystem.remove(`${this.path}/${SYNC_FAILED_MARKER}`);
  }

  /**
   * Tells the next process of a sync that failed, unless it has been told. What failed the sync may
   * refuse this, too, so it is tried again for as long as this process lives. Needs no sync: when the
   * page cache is lost, so is the reason for it.
   */
  async leaveWord(): Promise<void> {
    if (!this.#owesWord) return;
    await (await this.fileSystem.open(`${this.path}/${SYNC_FAILED_MARKER}`, "write")).close();
    this.#owesWord = false;
  }

  #refreshInBackground(): void {
    if (this.#isRefreshing) return;
    this.#isRefreshing = true;
    runInBackground("ask for free space", this.#logger, async () => {
      try {
        await this.refreshFreeSpace();
      } finally {
        this.#isRefreshing = false;
      }
    });
  }
}
