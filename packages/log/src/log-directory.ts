import {
  errorCode,
  errorMessage,
  type FileSystem,
  type Logger,
  type Offset,
  type TopicPartition,
  type ZoologError,
} from "@zoolog/base";
import { Checkpoint } from "./checkpoints.ts";
import { DataVolume, type DataVolumeLimits } from "./data-volume.ts";
import { IndexCache } from "./index-cache.ts";
import { TailCacheBudget } from "./tail-cache.ts";

export type LogDirectoryLimits = DataVolumeLimits & {
  /** Memory for the newest batches of all partitions. */
  readonly tailCacheBytesMax: number;
  /** Memory for indexes of closed segments. */
  readonly indexCacheBytesMax: number;
};

export const DEFAULT_LOG_DIRECTORY_LIMITS: LogDirectoryLimits = {
  openFilesMax: 1024,
  tailCacheBytesMax: 128 * 1024 * 1024,
  indexCacheBytesMax: 64 * 1024 * 1024,
  reservedBytes: 128 * 1024 * 1024,
};

/** One data folder: what its logs share. */
export class LogDirectory {
  readonly volume: DataVolume;
  readonly indexCache: IndexCache;
  readonly tailBudget: TailCacheBudget;
  readonly recoveryPoints: Checkpoint;
  readonly logStartOffsets: Checkpoint;
  readonly highWatermarks: Checkpoint;
  readonly #logger: Logger;
  #recoveryPointsLost = false;
  #mustRewrite = false;

  constructor(
    options: { readonly path: string; readonly limits?: Partial<LogDirectoryLimits> },
    dependencies: {
      readonly fileSystem: FileSystem;
      readonly logger: Logger;
      /** Called once, when the folder goes offline. */
      readonly onOffline?: (error: ZoologError) => void;
    },
  ) {
    const limits = { ...DEFAULT_LOG_DIRECTORY_LIMITS, ...options.limits };
    const { fileSystem, logger, onOffline = () => {} } = dependencies;
    this.#logger = logger;
    this.volume = new DataVolume(
      { ...limits, path: options.path },
      { fileSystem, logger, onOffline },
    );
    this.indexCache = new IndexCache({ bytesMax: limits.indexCacheBytesMax });
    this.tailBudget = new TailCacheBudget({ bytesMax: limits.tailCacheBytesMax });
    this.recoveryPoints = new Checkpoint("recoveryPoint", this.volume);
    this.logStartOffsets = new Checkpoint("logStartOffset", this.volume);
    this.highWatermarks = new Checkpoint("highWatermark", this.volume);
  }

  get path(): string {
    return this.volume.path;
  }

  /** See `DataVolume.hadFailedSync`: logs that are opened write their unsynced part again. */
  get mustRewrite(): boolean {
    return this.#mustRewrite;
  }

  /** All logs are open. */
  async loaded(): Promise<void> {
    if (this.#mustRewrite) await this.volume.forgetFailedSync();
    this.#mustRewrite = false;
  }

  /**
   * Reads the checkpoints. A damaged one costs certainty, not records: recovery points count as
   * unknown, log starts and high watermarks as lowest.
   */
  async loadCheckpoints(): Promise<void> {
    this.#mustRewrite = await this.volume.hadFailedSync();
    for (const checkpoint of [this.recoveryPoints, this.logStartOffsets, this.highWatermarks]) {
      try {
        await checkpoint.load();
      } catch (error) {
        if (errorCode(error) !== "CORRUPT_FILE") throw this.volume.fail(error);
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
}
