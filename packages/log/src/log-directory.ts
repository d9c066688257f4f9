import {
  errorCode,
  errorMessage,
  type FileHandle,
  type FileSystem,
  type Logger,
  type Offset,
  runInBackground,
  type TopicPartition,
  writeFileAtomically,
  type ZoologError,
} from "@zoolog/base";
import { Checkpoint } from "./checkpoints.ts";
import {
  diskFull,
  isMissing,
  isNoSpace,
  isOutOfHandles,
  logOffline,
  tooManyOpenFiles,
} from "./errors.ts";
import { FileHandleCache } from "./file-handle-cache.ts";
import { IndexCache } from "./index-cache.ts";
import { TailCacheBudget } from "./tail-cache.ts";

export type LogDirectoryLimits = {
  /** Log and index files open at a time. */
  readonly openFilesMax: number;
  /** Memory for the newest batches of all partitions. */
  readonly tailCacheBytesMax: number;
  /** Memory for indexes of closed segments. */
  readonly indexCacheBytesMax: number;
  /**
   * Bytes kept free on the volume: appends are refused before the disk is full, so that indexes,
   * checkpoints and the rest of the machine can still be written.
   */
  readonly reservedBytes: number;
};

export const DEFAULT_LOG_DIRECTORY_LIMITS: LogDirectoryLimits = {
  openFilesMax: 1024,
  tailCacheBytesMax: 128 * 1024 * 1024,
  indexCacheBytesMax: 64 * 1024 * 1024,
  reservedBytes: 128 * 1024 * 1024,
};

/**
 * One data folder: what its logs share, and whether its disk can be trusted.
 *
 * A failed sync takes the directory offline until the process is started again. After it the kernel
 * counts the lost pages as clean: a second sync "succeeds", and acknowledging on its word would lose
 * records (fsyncgate). So every sync of the engine goes through here, and is never tried twice.
 */
export class LogDirectory {
  readonly path: string;
  readonly fileSystem: FileSystem;
  readonly files: FileHandleCache;
  readonly indexCache: IndexCache;
  readonly tailBudget: TailCacheBudget;
  readonly recoveryPoints: Checkpoint;
  readonly logStartOffsets: Checkpoint;
  readonly highWatermarks: Checkpoint;
  readonly #reservedBytes: number;
  readonly #logger: Logger;
  readonly #onOffline: (error: ZoologError) => void;
  #failure: ZoologError | undefined;
  /** What the volume had when last asked, less what was appended since. */
  #freeBytes = Number.POSITIVE_INFINITY;
  #isRefreshing = false;
  #recoveryPointsLost = false;

  constructor(
    options: { readonly path: string; readonly limits?: Partial<LogDirectoryLimits> },
    dependencies: {
      readonly fileSystem: FileSystem;
      readonly logger: Logger;
      /** Called once, when the directory goes offline. */
      readonly onOffline?: (error: ZoologError) => void;
    },
  ) {
    const limits = { ...DEFAULT_LOG_DIRECTORY_LIMITS, ...options.limits };
    const { fileSystem, logger } = dependencies;
    this.path = options.path;
    this.fileSystem = fileSystem;
    this.#logger = logger;
    this.#onOffline = dependencies.onOffline ?? (() => {});
    this.#reservedBytes = limits.reservedBytes;
    const onSyncFailed = (error: unknown): void => void this.fail(error);
    this.files = new FileHandleCache(limits, { fileSystem, logger, onSyncFailed });
    this.indexCache = new IndexCache({ bytesMax: limits.indexCacheBytesMax });
    this.tailBudget = new TailCacheBudget({ bytesMax: limits.tailCacheBytesMax });
    this.recoveryPoints = new Checkpoint("recoveryPoint", this);
    this.logStartOffsets = new Checkpoint("logStartOffset", this);
    this.highWatermarks = new Checkpoint("highWatermark", this);
  }

  /**
   * Reads the checkpoints. A damaged one costs certainty, not records: recovery points count as
   * unknown, log starts and high watermarks as lowest.
   */
  async loadCheckpoints(): Promise<void> {
    for (const checkpoint of [this.recoveryPoints, this.logStartOffsets, this.highWatermarks]) {
      try {
        await checkpoint.load();
      } catch (error) {
        if (errorCode(error) !== "CORRUPT_FILE") throw this.fail(error);
        this.#logger.error("checkpoint is damaged", { cause: errorMessage(error) });
        if (checkpoint === this.recoveryPoints) this.#recoveryPointsLost = true;
      }
    }
  }

  async saveCheckpoints(): Promise<void> {
    await this.recoveryPoints.save();
    await this.logStartOffsets.save();
    await this.highWatermarks.save();
  }

  /** Below it the log was synced; 0 for a new one, `undefined` when the checkpoint is damaged. */
  recoveryPointOf(topicPartition: TopicPartition): Offset | undefined {
    const known = this.recoveryPoints.get(topicPartition);
    return known ?? (this.#recoveryPointsLost ? undefined : (0 as Offset));
  }

  /** Why the directory serves no more; `undefined` while it does. */
  get failure(): ZoologError | undefined {
    return this.#failure;
  }

  /** Takes the directory offline for good. */
  fail(cause: unknown): ZoologError {
    if (this.#failure === undefined) {
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

  /** Likewise for the names in a folder. */
  async syncDirectory(folder: string): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    try {
      await this.fileSystem.syncDirectory(folder);
    } catch (error) {
      throw this.fail(error);
    }
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
      if (isNoSpace(error)) throw this.noteFull(error);
      if (isOutOfHandles(error)) throw tooManyOpenFiles(error);
      // A folder that was just deleted says nothing about the disk (KAFKA-15391).
      throw isMissing(error) ? error : this.fail(error);
    }
  }

  /** Asks the volume how much is free; appends go on or stop by the answer. */
  async refreshFreeSpace(): Promise<void> {
    const before = this.#freeBytes;
    this.#freeBytes = await this.fileSystem.freeBytes(this.path);
    const [was, is] = [before > this.#reservedBytes, this.#freeBytes > this.#reservedBytes];
    const fields = { path: this.path, freeBytes: this.#freeBytes, reserved: this.#reservedBytes };
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

  /** The disk said that it is full: appends are refused until `refreshFreeSpace` finds room. */
  noteFull(cause: unknown): ZoologError {
    this.#freeBytes = 0;
    return diskFull(this.path, 0, cause);
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
