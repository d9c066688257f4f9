import {
  errorCode,
  errorMessage,
  type FileSystem,
  type Logger,
  type Offset,
  type Scheduler,
  type TopicPartition,
  topicPartitionKey,
  type ZoologError,
} from "@zoolog/base";
import { LargeBuffers } from "@zoolog/protocol";
import { Checkpoint } from "./checkpoint/checkpoints.ts";
import { SyncedClaims } from "./checkpoint/synced-claims.ts";
import { IndexCache } from "./indexes/index-cache.ts";
import { ReadAhead } from "./read/read-ahead.ts";
import { TailCacheBudget } from "./tail/tail-cache-budget.ts";
import { DataVolume, type DataVolumeLimits } from "./volume/data-volume.ts";

export type LogDirectoryLimits = DataVolumeLimits & {
  /** Memory for the newest batches of all partitions. */
  readonly tailCacheBytesMax: number;
  /** Memory for what sequential readers will ask for next. */
  readonly readAheadBytesMax: number;
  /** Memory for indexes of closed segments. */
  readonly indexCacheBytesMax: number;
  /** A producer id that was silent so long is forgotten (`producer.id.expiration.ms`). */
  readonly producerIdExpirationMs: number;
};

export const DEFAULT_LOG_DIRECTORY_LIMITS: LogDirectoryLimits = {
  openFilesMax: 1024,
  tailCacheBytesMax: 128 * 1024 * 1024,
  readAheadBytesMax: 32 * 1024 * 1024,
  indexCacheBytesMax: 64 * 1024 * 1024,
  producerIdExpirationMs: 24 * 60 * 60 * 1000,
  reservedBytes: 128 * 1024 * 1024,
};

/** What the checkpoints say of a log: what must be there when it is opened. */
export type CheckpointedOffsets = {
  /** Below it everything was synced; `undefined` when the checkpoint is damaged. */
  readonly recoveryPoint: Offset | undefined;
  /** A recovery point stands there: the log had a segment file, and nobody was replacing it. */
  readonly isListed: boolean;
  readonly logStartOffset: Offset | undefined;
  /** The log start was raised before segments went; older versions did so afterwards. */
  readonly isStartClaimed: boolean;
  /** Records below it were acknowledged; a power cut may have taken those that were not synced. */
  readonly highWatermark: Offset | undefined;
};

/** One data folder: what its logs share. */
export class LogDirectory {
  readonly volume: DataVolume;
  readonly indexCache: IndexCache;
  readonly tailBudget: TailCacheBudget;
  /** Memory that reads with a lease are read into. */
  readonly readBuffers = new LargeBuffers();
  /** Absent without a scheduler. */
  readonly readAhead: ReadAhead | undefined;
  readonly recoveryPoints: Checkpoint;
  readonly logStartOffsets: Checkpoint;
  readonly highWatermarks: Checkpoint;
  readonly syncedClaims: SyncedClaims;
  readonly producerIdExpirationMs: number;
  readonly #logger: Logger;
  readonly #areStartsClaimed: boolean;
  #recoveryPointsLost = false;
  #mustRewrite = false;

  constructor(
    options: {
      readonly path: string;
      readonly limits?: Partial<LogDirectoryLimits>;
      /** See `CheckpointedOffsets.isStartClaimed`; true unless told. */
      readonly areStartsClaimed?: boolean;
    },
    dependencies: {
      readonly fileSystem: FileSystem;
      readonly logger: Logger;
      /** Without one nothing is read ahead. */
      readonly scheduler?: Scheduler;
      /** Called once, when the folder goes offline. */
      readonly onOffline?: (error: ZoologError) => void;
    },
  ) {
    this.#areStartsClaimed = options.areStartsClaimed ?? true;
    const limits = { ...DEFAULT_LOG_DIRECTORY_LIMITS, ...options.limits };
    const { fileSystem, logger, scheduler, onOffline = () => {} } = dependencies;
    this.#logger = logger;
    this.volume = new DataVolume(
      { ...limits, path: options.path },
      { fileSystem, logger, onOffline },
    );
    this.producerIdExpirationMs = limits.producerIdExpirationMs;
    this.indexCache = new IndexCache({ bytesMax: limits.indexCacheBytesMax });
    this.tailBudget = new TailCacheBudget({ bytesMax: limits.tailCacheBytesMax });
    const readAhead = { bytesMax: limits.readAheadBytesMax };
    this.readAhead = scheduler && new ReadAhead(readAhead, { scheduler });
    this.recoveryPoints = new Checkpoint("recoveryPoint", this.volume);
    this.logStartOffsets = new Checkpoint("logStartOffset", this.volume);
    this.highWatermarks = new Checkpoint("highWatermark", this.volume);
    this.syncedClaims = new SyncedClaims(this.volume);
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
   * unknown, log starts and high watermarks as lowest, and no log as always synced.
   */
  async loadCheckpoints(): Promise<void> {
    this.#mustRewrite = await this.volume.hadFailedSync();
    const { recoveryPoints, logStartOffsets, highWatermarks, syncedClaims } = this;
    for (const checkpoint of [recoveryPoints, logStartOffsets, highWatermarks, syncedClaims]) {
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
    await this.syncedClaims.save();
  }

  /** What the checkpoints say of a log. */
  checkpointed(topicPartition: TopicPartition): CheckpointedOffsets {
    const recoveryPoint = this.recoveryPoints.get(topicPartition);
    return {
      recoveryPoint: recoveryPoint ?? (this.#recoveryPointsLost ? undefined : (0 as Offset)),
      isListed: recoveryPoint !== undefined,
      logStartOffset: this.logStartOffsets.get(topicPartition),
      isStartClaimed: this.#areStartsClaimed,
      highWatermark: this.highWatermarks.get(topicPartition),
    };
  }

  /** Every partition that a checkpoint names. */
  get listedPartitions(): ReadonlyMap<string, TopicPartition> {
    const listed = new Map<string, TopicPartition>();
    for (const checkpoint of [this.recoveryPoints, this.logStartOffsets, this.highWatermarks]) {
      for (const named of checkpoint.topicPartitions) listed.set(topicPartitionKey(named), named);
    }
    return listed;
  }

  /**
   * Makes the checkpoints true of a log that was just loaded, before anybody appends: it is listed
   * from now on, and they claim nothing above its end. Otherwise the next start would miss what a
   * power cut took from the log before this one.
   */
  async list(
    topicPartition: TopicPartition,
    loaded: { readonly recoveryPoint: Offset; readonly logEndOffset: Offset },
  ): Promise<void> {
    // The damaged file stands until the first tick: a half-filled one would look whole.
    if (!this.#recoveryPointsLost && this.recoveryPoints.get(topicPartition) === undefined) {
      this.recoveryPoints.set(topicPartition, loaded.recoveryPoint);
      await this.recoveryPoints.save();
    }
    if ((this.highWatermarks.get(topicPartition) ?? 0) > loaded.logEndOffset) {
      this.highWatermarks.set(topicPartition, loaded.logEndOffset);
      await this.highWatermarks.save();
    }
  }

  /** Nothing is claimed of the log any more, durably. Its folder must not hold another one then. */
  async unlist(topicPartition: TopicPartition): Promise<void> {
    await this.syncedClaims.withdraw(topicPartition);
    for (const checkpoint of [this.recoveryPoints, this.logStartOffsets, this.highWatermarks]) {
      checkpoint.delete(topicPartition);
      await checkpoint.save();
    }
  }
}
