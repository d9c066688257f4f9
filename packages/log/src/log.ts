import {
  type Clock,
  type LeaderEpoch,
  type Logger,
  type Offset,
  type Timestamp,
  type TopicPartition,
  topicPartitionKey,
  type ZoologError,
} from "@zoolog/base";
import type { RecordBatch } from "@zoolog/protocol";
import type { AppendInfo } from "./append/append-info.ts";
import { AppendQueue } from "./append/append-queue.ts";
import { followerAppends } from "./append/follower-batches.ts";
import { LogWriter } from "./append/log-writer.ts";
import type { Shutdown } from "./checkpoint/clean-shutdown.ts";
import { isNoSpace, isOutOfHandles, recordListTooLarge } from "./errors.ts";
import { FlushInForce } from "./flush/flush-in-force.ts";
import { LogFlusher } from "./flush/log-flusher.ts";
import { type LeaderEpochHistory, leaderEpochsOf } from "./leader-epoch-history.ts";
import type { LogConfig } from "./log-config.ts";
import type { LogDirectory } from "./log-directory.ts";
import { type LoadedLog, LogState } from "./log-state.ts";
import type { ProducerEntry } from "./producers/producer-entry.ts";
import { LogReader } from "./read/log-reader.ts";
import { timestampAt } from "./read/offset-timestamp.ts";
import type { ReadRequest, ReadResult } from "./read/read-result.ts";
import type { TimestampedOffset } from "./read/timestamp-lookup.ts";
import { findMaxTimestamp, findTimestamp } from "./read/timestamp-lookup.ts";
import { LogCutter } from "./retention/log-cutter.ts";
import { applyRetention } from "./retention/retention-rounds.ts";
import { BATCH_BYTES_LIMIT } from "./segment/batch-scan.ts";
import type { ReadVerification } from "./segment/segment-read.ts";
import { loadLog } from "./startup/log-loader.ts";

export type LogOptions = {
  readonly topicPartition: TopicPartition;
  readonly config: LogConfig;
  /** `"inOrder"`: the process that wrote the folder closed every log of it. */
  readonly shutdown: Shutdown;
  /** What reads from the disk check; `"checksum"` unless told. */
  readonly verifyReads?: ReadVerification;
};

export type LogDependencies = {
  readonly directory: LogDirectory;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Called once, when the log has to stop serving. */
  readonly onOffline?: (error: ZoologError) => void;
  /** Other settings may keep less: `applyRetention` is due. */
  readonly onRetentionChanged?: (log: Log) => void;
};

/**
 * One partition on disk: `<topic>-<partition>/` in a data folder.
 *
 * Appends are written in the order of the calls, those that wait together as one vectored write.
 * Reads run beside them. After a failure that could cost records the log goes offline: every call
 * rejects with KAFKA_STORAGE_ERROR until the broker is started again.
 */
export class Log {
  readonly leaderEpochs: LeaderEpochHistory;
  readonly #state: LogState;
  readonly #queue: AppendQueue;
  readonly #flusher: LogFlusher;
  readonly #writer: LogWriter;
  readonly #reader: LogReader;
  readonly #cutter: LogCutter;
  readonly #onRetentionChanged: () => void;
  readonly #flushInForce: FlushInForce;
  #closing: Promise<void> | undefined;

  private constructor(options: LogOptions, loaded: LoadedLog, dependencies: LogDependencies) {
    const { topicPartition, config, verifyReads: verify = "checksum" } = options;
    const { directory, clock, logger, onOffline = () => {} } = dependencies;
    const folder = folderOf(directory, topicPartition);
    const state = new LogState(
      { topicPartition, folder, config, loaded },
      { directory, logger, onOffline },
    );
    // A file that a crashed process made may have a name that only the page cache knows.
    state.namesChanged = options.shutdown !== "inOrder";
    this.#onRetentionChanged = () => dependencies.onRetentionChanged?.(this);
    this.#state = state;
    const flusher = new LogFlusher(state, { logger });
    this.#flusher = flusher;
    this.#flushInForce = new FlushInForce(state, { flusher, logger });
    const alone = (task: () => Promise<void>) => flusher.betweenSyncs(task);
    const cutter = new LogCutter({ state, alone, clock, logger });
    this.#cutter = cutter;
    const finishStart = () => cutter.finishStart();
    this.#writer = new LogWriter(state, { flusher, finishStart, clock, logger });
    const write = this.#writer.write.bind(this.#writer);
    this.#queue = new AppendQueue({ name: state.name }, { write });
    const { readAhead, readBuffers: buffers } = directory;
    const reading = { state, queue: this.#queue, buffers, readAhead };
    this.#reader = new LogReader({ verify }, reading);
    this.leaderEpochs = leaderEpochsOf(state);
    this.updateHighWatermark(directory.highWatermarks.get(topicPartition) ?? state.logStartOffset);
  }

  /**
   * Opens the partition's folder, or creates it.
   *
   * @throws ZoologError CORRUPT_MESSAGE: synced records are damaged; RECORDS_MISSING. Nothing was
   *   cut then.
   */
  static async open(options: LogOptions, dependencies: LogDependencies): Promise<Log> {
    const { directory, clock, logger } = dependencies;
    const { topicPartition, config, shutdown } = options;
    const folder = folderOf(directory, topicPartition);
    await directory.volume.fileSystem.makeDirectory(folder);
    await directory.volume.syncNames();
    const loaded = await loadLog(
      {
        folder,
        config,
        shutdown,
        now: clock.now(),
        topicPartition,
        checkpointed: directory.checkpointed(topicPartition),
      },
      { directory, logger },
    );
    await directory.list(topicPartition, loaded);
    const log = new Log(options, loaded, dependencies);
    // A process that died may have left what it had not acknowledged yet, and what counts from now on.
    if (log.#state.isSyncedClaimed && shutdown !== "inOrder") await log.sync();
    return log;
  }

  get topicPartition(): TopicPartition {
    return this.#state.topicPartition;
  }

  get folder(): string {
    return this.#state.folder;
  }

  /** As set last. */
  get config(): LogConfig {
    return this.#state.config;
  }

  /** First offset that can be read. */
  get logStartOffset(): Offset {
    return this.#state.logStartOffset;
  }

  /** Offset of the next record. */
  get logEndOffset(): Offset {
    return this.#state.logEndOffset;
  }

  /** Everything below is on the disk. With flush `"fsync"`, everything acknowledged. */
  get recoveryPoint(): Offset {
    return this.#state.recoveryPoint;
  }

  get highWatermark(): Offset {
    return this.#state.highWatermark;
  }

  /** Bytes of all segments, indexes aside. */
  get sizeInBytes(): number {
    return this.#state.segments.reduce((sum, segment) => sum + segment.sizeInBytes, 0);
  }

  get segmentCount(): number {
    return this.#state.segments.length;
  }

  /** Why the log is offline; `undefined` while it serves. */
  get failure(): ZoologError | undefined {
    return this.#state.failure;
  }

  /** The idempotent producers that the log remembers. */
  get producers(): readonly ProducerEntry[] {
    return [...this.#state.producers.entries()];
  }

  /**
   * Settings for what is appended from now on, and for what is kept. The one for flushing is in force a
   * little later: see `flushInForce`.
   */
  configure(config: LogConfig): void {
    const state = this.#state;
    const before = state.config;
    state.config = config;
    if (!keepsTheSame(before, config)) this.#onRetentionChanged();
    this.#flushInForce.noteSettings();
  }

  /** Resolves once the flush setting is in force: all that is there is on the disk, or need not be. */
  flushInForce(): Promise<void> {
    return this.#flushInForce.settle();
  }

  /**
   * Appends validated batches as the leader of `leaderEpoch`: gives them offsets and epoch in place.
   * Their bytes are the log's until the promise settles, the caller's again afterwards. With flush
   * `"os"` resolves when the operating system has them, with `"fsync"` when the disk has.
   *
   * A batch of an idempotent producer that is in the log already is answered with the original's
   * offsets. Such an append is one batch.
   *
   * @throws ZoologError FENCED_LEADER_EPOCH, RECORD_LIST_TOO_LARGE, OUT_OF_ORDER_SEQUENCE_NUMBER,
   *   DUPLICATE_SEQUENCE_NUMBER, INVALID_PRODUCER_EPOCH, DISK_FULL, QUEUE_FULL,
   *   KAFKA_STORAGE_ERROR, LOG_CLOSED. After KAFKA_STORAGE_ERROR the batches may or may not be kept.
   */
  async append(
    batches: readonly RecordBatch[],
    options: { readonly leaderEpoch: LeaderEpoch },
  ): Promise<AppendInfo> {
    const sizeInBytes = batches.reduce((sum, batch) => sum + batch.sizeInBytes, 0);
    const { segmentBytes } = this.#state.config;
    if (sizeInBytes > Math.min(segmentBytes, BATCH_BYTES_LIMIT)) {
      throw recordListTooLarge(sizeInBytes, segmentBytes);
    }
    this.#admit(sizeInBytes);
    const { leaderEpoch } = options;
    return await this.#queue.append({ batches, sizeInBytes, leaderEpoch, origin: "leader" });
  }

  /**
   * Appends what a leader sent, as it is. The batches must follow the log's end without a gap; their
   * checksums are verified. A batch whose end is missing is left out. The bytes are the log's until
   * the promise settles.
   *
   * @returns `undefined` when there was no whole batch.
   * @throws ZoologError CORRUPT_MESSAGE, UNEXPECTED_APPEND_OFFSET, and those of `append`.
   */
  async appendAsFollower(bytes: Buffer): Promise<AppendInfo | undefined> {
    const appends = followerAppends(bytes, this.#state.config.segmentBytes);
    this.#admit(bytes.length);
    const [only] = appends;
    if (appends.length === 1 && only !== undefined) return await this.#queue.append(only);
    const infos = await Promise.all(appends.map((append) => this.#queue.append(append)));
    const [first, last] = [infos[0], infos.at(-1)];
    if (first === undefined || last === undefined) return undefined;
    return { ...last, baseOffset: first.baseOffset };
  }

  /** @throws ZoologError KAFKA_STORAGE_ERROR, LOG_CLOSED, TOO_MANY_OPEN_FILES */
  read(request: ReadRequest): Promise<ReadResult> {
    return this.#reader.read(request);
  }

  /** The first record whose timestamp is at least `target`; it may be above the high watermark. */
  offsetForTimestamp(target: Timestamp): Promise<TimestampedOffset | undefined> {
    return this.#guarded(() => findTimestamp(target, { state: this.#state, reader: this.#reader }));
  }

  /** When the first record at or after the offset was written: `read/offset-timestamp.ts`. */
  timestampAt(offset: Offset): Promise<Timestamp | undefined> {
    return this.#guarded(() => timestampAt(offset, this.#state));
  }

  /** The first record with the greatest timestamp. */
  offsetOfMaxTimestamp(): Promise<TimestampedOffset | undefined> {
    return this.#guarded(() => findMaxTimestamp({ state: this.#state, reader: this.#reader }));
  }

  /** Clamped to the log. Kept here for retention and the checkpoint; replication moves it. */
  updateHighWatermark(offset: Offset): void {
    this.#state.highWatermark = offset;
    this.#state.clampHighWatermark();
  }

  /**
   * A leadership begins: the epoch starts at the log's end, also without a write (KAFKA-7415). Known
   * when it resolves; on the disk with the next flush (why that is enough: `LeaderEpochs`).
   */
  assignLeaderEpoch(epoch: LeaderEpoch): Promise<void> {
    return this.#change(async () => this.#state.epochs.assign(epoch, this.#state.logEndOffset));
  }

  /** Removes the batch that contains `offset` and all after it; durable when it resolves. */
  truncateTo(offset: Offset): Promise<void> {
    return this.#change(() => this.#cutter.truncateTo(offset));
  }

  /** Removes all records; the next one gets `offset`. Durable when it resolves. */
  truncateFullyAndStartAt(offset: Offset): Promise<void> {
    return this.#change(() => this.#cutter.truncateFullyAndStartAt(offset));
  }

  /** Moves the log start offset forward, durably; the files of segments below it go soon after. */
  deleteBefore(offset: Offset): Promise<void> {
    return this.#change(() => this.#cutter.deleteBefore(offset));
  }

  /** Begins a new segment, unless the active one is empty. */
  roll(): Promise<void> {
    return this.#change(() => this.#writer.roll());
  }

  /**
   * Removes what retention does not keep, silent producers, too, and files that are still to go;
   * answers how many segments went.
   */
  async applyRetention(): Promise<number> {
    const change = this.#change.bind(this);
    return await applyRetention({ cutter: this.#cutter, writer: this.#writer, change });
  }

  /** Brings everything appended before the call to the disk. */
  async sync(): Promise<void> {
    this.#state.assertServing();
    await this.#flusher.sync();
  }

  /**
   * Likewise, and the epochs. Index files and producers' states follow when some MiB were appended,
   * at roll and at close.
   */
  async flush(): Promise<void> {
    await this.#flusher.flush();
    await this.#flushInForce.settle();
  }

  /** Notes recovery point, log start and high watermark for the next save of the checkpoints. */
  noteCheckpoints(): void {
    this.#flusher.noteCheckpoints();
  }

  /** Flushes and lets go of the files. Appends that were accepted are settled first. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#queue.exclusive(async () => {
      try {
        if (this.failure === undefined) {
          this.#state.activeSegment.seal();
          this.#flusher.takeSnapshot();
          await this.flush();
        }
      } finally {
        // In the queues of all: syncs and removals that still wait find the log closed.
        await this.#cutter.undisturbed(async () => {
          this.#state.close();
          await this.#state.directory.volume.files.evict(this.folder);
        });
      }
    });
    return this.#closing;
  }

  #admit(bytes: number): void {
    this.#state.assertServing();
    const refusal = this.#state.directory.volume.admit(bytes);
    if (refusal !== undefined) throw refusal;
  }

  /** Runs a change of the log in its place among the appends. */
  #change<T>(task: () => Promise<T>): Promise<T> {
    return this.#queue.exclusive(() => this.#guarded(task));
  }

  /** A failure that may have left memory and disk apart, or that says the disk fails, is final. */
  async #guarded<T>(task: () => Promise<T>): Promise<T> {
    const state = this.#state;
    state.assertServing();
    const { cuts } = state;
    try {
      return await task();
    } catch (error) {
      const isSound = state.cuts === cuts || state.isStartUnfinished;
      if (isSound && (isNoSpace(error) || isOutOfHandles(error))) {
        throw state.directory.volume.named(error);
      }
      throw state.isClosed ? error : state.takeOffline(error);
    }
  }
}

/** Of the settings by which `applyRetention` goes. */
function keepsTheSame(a: LogConfig, b: LogConfig): boolean {
  return a.retentionMs === b.retentionMs && a.retentionBytes === b.retentionBytes;
}

function folderOf(directory: LogDirectory, topicPartition: TopicPartition): string {
  return `${directory.path}/${topicPartitionKey(topicPartition)}`;
}
