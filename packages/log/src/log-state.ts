import {
  assert,
  type Logger,
  type Offset,
  type TopicPartition,
  topicPartitionKey,
  type ZoologError,
} from "@zoolog/base";
import type { LeaderEpochs } from "./checkpoint/leader-epochs.ts";
import { logClosed, logOffline } from "./errors.ts";
import type { LogConfig } from "./log-config.ts";
import type { LogDirectory } from "./log-directory.ts";
import type { ProducerSnapshots } from "./producers/producer-snapshots.ts";
import type { ProducerStates } from "./producers/producer-states.ts";
import type { Segment } from "./segment/segment.ts";
import { TailCache } from "./tail/tail-cache.ts";

/** What loading a partition folder has found. */
export type LoadedLog = {
  /** By rising base offset; at least one, the last is the active one. */
  readonly segments: readonly Segment[];
  readonly logStartOffset: Offset;
  readonly logEndOffset: Offset;
  readonly recoveryPoint: Offset;
  readonly epochs: LeaderEpochs;
  /** Of all batches up to the log's end. */
  readonly producers: ProducerStates;
  readonly snapshots: ProducerSnapshots;
};

export type LogIdentity = {
  readonly topicPartition: TopicPartition;
  readonly folder: string;
};

/**
 * The state of one open log, shared by those who append, read, cut and sync.
 *
 * Invariants: `logStartOffset <= highWatermark <= logEndOffset`; `recoveryPoint <= logEndOffset`;
 * the segments are contiguous and the last one ends at `logEndOffset`. They change only from within
 * the log's append queue.
 */
export class LogState {
  readonly topicPartition: TopicPartition;
  readonly name: string;
  readonly folder: string;
  readonly directory: LogDirectory;
  readonly epochs: LeaderEpochs;
  readonly producers: ProducerStates;
  readonly snapshots: ProducerSnapshots;
  readonly tail: TailCache;
  config: LogConfig;
  segments: readonly Segment[];
  logStartOffset: Offset;
  logEndOffset: Offset;
  /** Everything below is on the disk, names included. */
  recoveryPoint: Offset;
  highWatermark: Offset;
  /** Rises when batches or segments go away: a read that began before looks again. */
  cuts = 0;
  /** While above 0 a change of the log keeps its own order of checkpoints: ticks leave them alone. */
  checkpointHolds = 0;
  /**
   * The log was emptied, and a full disk refused some of its new files: no checkpoint may claim
   * anything of it, and nothing is appended, until that is done (`LogCutter.finishStart`).
   */
  isStartUnfinished = false;
  /** The folder may claim it, on the disk, that all that was acknowledged was synced first. */
  isSyncedClaimed: boolean;
  /** Files were made or removed since the folder was last synced. */
  namesChanged = false;
  /** Rolled segments whose index files are behind. */
  readonly sealed = new Set<Segment>();
  readonly #logger: Logger;
  readonly #onOffline: (error: ZoologError) => void;
  #failure: ZoologError | undefined;
  #isClosed = false;

  constructor(
    options: LogIdentity & { readonly config: LogConfig; readonly loaded: LoadedLog },
    dependencies: {
      readonly directory: LogDirectory;
      readonly logger: Logger;
      readonly onOffline: (error: ZoologError) => void;
    },
  ) {
    const { topicPartition, folder, config, loaded } = options;
    this.topicPartition = topicPartition;
    this.name = topicPartitionKey(topicPartition);
    this.folder = folder;
    this.config = config;
    this.segments = loaded.segments;
    this.logStartOffset = loaded.logStartOffset;
    this.logEndOffset = loaded.logEndOffset;
    this.recoveryPoint = loaded.recoveryPoint;
    this.epochs = loaded.epochs;
    this.producers = loaded.producers;
    this.snapshots = loaded.snapshots;
    this.highWatermark = loaded.logStartOffset;
    this.directory = dependencies.directory;
    this.isSyncedClaimed = this.directory.syncedClaims.since(topicPartition) !== undefined;
    this.tail = new TailCache({ budget: dependencies.directory.tailBudget });
    this.#logger = dependencies.logger;
    this.#onOffline = dependencies.onOffline;
  }

  get activeSegment(): Segment {
    const active = this.segments.at(-1);
    assert(active !== undefined, "a log has at least one segment");
    return active;
  }

  /** Place of the segment that holds `offset`: the last one that begins at or below it. */
  segmentIndexOf(offset: Offset): number {
    let [low, high] = [0, this.segments.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if ((this.segments[middle]?.baseOffset ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** Why the log serves no more; `undefined` while it does. */
  get failure(): ZoologError | undefined {
    return this.#failure ?? this.directory.volume.failure;
  }

  /** Whether nothing is acknowledged before the disk has it; so, too, while that is still claimed. */
  get acknowledgesSynced(): boolean {
    return this.config.flush === "fsync" || this.isSyncedClaimed;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** @throws ZoologError KAFKA_STORAGE_ERROR, LOG_CLOSED */
  assertServing(): void {
    if (this.failure !== undefined) throw this.failure;
    if (this.#isClosed) throw logClosed(this.name);
  }

  /** Serves nothing from now on until the broker is started again; answers the error that says so. */
  takeOffline(cause: unknown): ZoologError {
    if (this.#failure === undefined) {
      this.#failure = this.directory.volume.failure ?? logOffline(`partition ${this.name}`, cause);
      this.tail.clear();
      const fields = { topicPartition: this.name, cause: String(cause) };
      this.#logger.error("partition went offline", fields);
      this.#onOffline(this.#failure);
    }
    return this.#failure;
  }

  close(): void {
    this.#isClosed = true;
    this.tail.clear();
  }

  /** The log now ends at `offset`, which is below where it ended. */
  cutEndTo(offset: Offset): void {
    this.cuts += 1;
    this.logEndOffset = offset;
    this.recoveryPoint = Math.min(this.recoveryPoint, offset) as Offset;
    this.clampHighWatermark();
    this.tail.truncateTo(offset);
  }

  /** The log is empty and begins with `segment`; nothing of it is on the disk yet. */
  startOverAt(segment: Segment): void {
    const { baseOffset: offset } = segment;
    this.cuts += 1;
    this.isStartUnfinished = true;
    this.segments = [segment];
    this.logStartOffset = offset;
    this.logEndOffset = offset;
    this.highWatermark = offset;
    this.recoveryPoint = 0 as Offset;
    this.epochs.forget();
    this.producers.reset([]);
    this.sealed.clear();
    this.tail.clear();
  }

  /** KAFKA-9491: a high watermark outside the log is neither served nor checkpointed. */
  clampHighWatermark(): void {
    const inside = Math.min(this.highWatermark, this.logEndOffset);
    this.highWatermark = Math.max(this.logStartOffset, inside) as Offset;
  }
}
