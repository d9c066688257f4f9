import {
  assert,
  type BrokerEpoch,
  type BrokerId,
  type Clock,
  type FileSystem,
  inParallel,
  type Logger,
  type Machine,
  type Random,
  type Scheduler,
  type TopicId,
  type TopicPartition,
  topicPartitionKey,
  type ZoologError,
} from "@zoolog/base";
import { leaveCleanShutdownMarker, type Shutdown } from "./checkpoint/clean-shutdown.ts";
import type { FolderGap, LossKind } from "./checkpoint/meta-properties.ts";
import {
  closeUnwanted,
  failureOf,
  HostedLogs,
  isOfAnother,
  LOGS_AT_ONCE_MAX,
  type LogCondition,
  logOf,
} from "./data-folder/hosted-logs.ts";
import { LogOpener } from "./data-folder/log-opener.ts";
import { LogTicks, type TickPeriods } from "./data-folder/log-ticks.ts";
import { type DataFolderBoot, OwnedFolder } from "./data-folder/owned-folder.ts";
import { PartitionFolders } from "./data-folder/partition-folders.ts";
import { isNoSpace, logClosed, noSpaceToOpen } from "./errors.ts";
import type { Log } from "./log.ts";
import { DEFAULT_LOG_CONFIG, type LogConfig } from "./log-config.ts";
import { LogDirectory, type LogDirectoryLimits } from "./log-directory.ts";
import type { ReadVerification } from "./segment/segment-read.ts";

export type LogManagerOptions = {
  readonly dataFolder: string;
  readonly clusterId: string;
  readonly brokerId: BrokerId;
  /** For logs found on disk, until `getOrCreate` brings their topic's. Kafka's defaults. */
  readonly defaultConfig?: LogConfig;
  readonly limits?: Partial<LogDirectoryLimits>;
  readonly verifyReads?: ReadVerification;
  readonly periods?: Partial<TickPeriods>;
};

export type LogManagerDependencies = {
  readonly fileSystem: FileSystem;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly machine: Machine;
  readonly logger: Logger;
  /** A partition stopped serving; once for each. */
  readonly onOffline?: (topicPartition: TopicPartition, error: ZoologError) => void;
};

/** All logs of a data folder. One process at a time has it. */
export class LogManager {
  /** UUID of the data folder: the same after a restart, new for a new folder. */
  readonly incarnationId: string;
  readonly #options: LogManagerOptions;
  readonly #dependencies: LogManagerDependencies;
  readonly #directory: LogDirectory;
  readonly #owned: OwnedFolder;
  readonly #hosted: HostedLogs;
  readonly #folders: PartitionFolders;
  readonly #opener: LogOpener;
  #ticks: LogTicks | undefined;
  #closing: Promise<void> | undefined;

  private constructor(
    options: LogManagerOptions,
    owned: OwnedFolder,
    dependencies: LogManagerDependencies,
  ) {
    const { fileSystem, clock, scheduler, random, logger, onOffline = () => {} } = dependencies;
    this.#options = options;
    this.#dependencies = dependencies;
    this.#owned = owned;
    this.incarnationId = owned.meta.incarnationId;
    const { dataFolder: path, limits = {} } = options;
    this.#directory = new LogDirectory(
      { path, limits, areStartsClaimed: owned.meta.areStartsClaimed },
      { fileSystem, scheduler, logger, onOffline: (error) => this.#allOffline(error) },
    );
    const directory = this.#directory;
    const hosted = new HostedLogs({ onOffline });
    const folders = new PartitionFolders({ directory, random, logger });
    this.#hosted = hosted;
    this.#folders = folders;
    const { defaultConfig = DEFAULT_LOG_CONFIG, verifyReads = "checksum" } = options;
    const onRetentionChanged = (log: Log) => this.#ticks?.configured(log);
    this.#opener = new LogOpener(
      { defaultConfig, verifyReads },
      { directory, folders, hosted, clock, logger, onRetentionChanged },
    );
  }

  /**
   * Takes the folder into possession (makes it when missing) and opens every log in it. A log that
   * cannot be opened does not stop the others: see `offlinePartitions`.
   *
   * @throws ZoologError DATA_FOLDER_LOCKED, INCONSISTENT_CLUSTER_ID, INCONSISTENT_BROKER_ID,
   *   CORRUPT_FILE (meta.properties), DISK_FULL; the file system's error when the folder is unusable.
   */
  static async open(
    options: LogManagerOptions,
    dependencies: LogManagerDependencies,
  ): Promise<LogManager> {
    try {
      return await LogManager.#open(options, dependencies);
    } catch (error) {
      throw isNoSpace(error) ? noSpaceToOpen(options.dataFolder, error) : error;
    }
  }

  static async #open(
    options: LogManagerOptions,
    dependencies: LogManagerDependencies,
  ): Promise<LogManager> {
    const owned = await OwnedFolder.take(options, dependencies);
    try {
      const manager = new LogManager(options, owned, dependencies);
      await manager.#load(owned.shutdown);
      return manager;
    } catch (error) {
      await owned.release();
      throw error;
    }
  }

  get boot(): DataFolderBoot {
    return this.#owned.boot;
  }

  /**
   * First broker epochs of the folder after records may have gone, as far as the cluster knows it, and
   * the lives of the broker that it has not seen.
   */
  get losses(): Partial<Record<LossKind, BrokerEpoch>> & { outdated?: readonly FolderGap[] } {
    const { losses, gaps } = this.#owned.meta;
    const known = Object.entries(losses).filter(([, since]) => since !== "pending");
    return { ...Object.fromEntries(known), ...(gaps.length === 0 ? {} : { outdated: gaps }) };
  }

  /**
   * This life of the folder, and the one before it while this one may not have been registered: what
   * ZooKeeper may remember of the broker if it has run on nothing newer.
   */
  get lives(): readonly [current: string, former?: string] {
    const { current, former } = this.#owned.meta.lives;
    return former === undefined ? [current] : [current, former];
  }

  /** The broker ran on a newer state of the folder, or on another one: this one lacks records. */
  noteOutdated(): Promise<void> {
    return this.#owned.noteOutdated(this.#dependencies.fileSystem);
  }

  /**
   * Logs of which all that was acknowledged was on the disk first, by `topicPartitionKey`, each since
   * which broker epoch: what a power cut cannot have taken.
   */
  get syncedSince(): ReadonlyMap<string, BrokerEpoch> {
    return this.#directory.syncedClaims.of(this.#hosted.keys);
  }

  /**
   * Every log of the folder, by `topicPartitionKey`: what has a folder, or a line in a checkpoint. Both
   * are durable before a log is opened for the first time, so one that is missing here never was.
   */
  get known(): readonly string[] {
    return this.#hosted.keys;
  }

  /** The broker was registered under that epoch. */
  async noteRegistered(brokerEpoch: BrokerEpoch): Promise<void> {
    await this.#owned.noteRegistered(brokerEpoch, this.#dependencies);
    this.#directory.syncedClaims.noteRegistered(brokerEpoch);
    await inParallel([...this.#hosted.logs()], { atOnceMax: LOGS_AT_ONCE_MAX }, (log) =>
      log.flushInForce(),
    );
  }

  /** Open logs, the ones that went offline since they were opened included. */
  logs(): IterableIterator<Log> {
    return this.#hosted.logs();
  }

  get(topicPartition: TopicPartition): Log | undefined {
    return logOf(this.#hosted.get(topicPartition));
  }

  /** The topic id in the partition's folder. */
  topicIdOf(topicPartition: TopicPartition): TopicId | undefined {
    return this.#hosted.get(topicPartition)?.topicId;
  }

  /** Partitions of one incarnation of a topic, the ones that are offline included. */
  partitionsOf(topicId: TopicId): TopicPartition[] {
    return [...this.#hosted.values()]
      .filter((hosted) => hosted.topicId === topicId)
      .map(({ topicPartition }) => topicPartition);
  }

  /** Partitions of a topic of that name whose folders are gone; which incarnation, nobody knows. */
  missingPartitionsOf(topic: string): TopicPartition[] {
    return [...this.#hosted.values()]
      .filter(({ condition }) => condition.is === "missing")
      .map(({ topicPartition }) => topicPartition)
      .filter((partition) => partition.topic === topic);
  }

  /** Why the whole data folder serves no more; `undefined` while it does. */
  get failure(): ZoologError | undefined {
    return this.#directory.volume.failure;
  }

  /** Why nothing can be appended or created for now; `undefined` while the volume has room. */
  get full(): ZoologError | undefined {
    return this.#directory.volume.admit(0);
  }

  /** Room on the volume as it was known last, within a second; `undefined` before. */
  get freeBytes(): number | undefined {
    return this.#directory.volume.freeBytes;
  }

  /** Of the whole volume, taken or free, likewise. */
  get totalBytes(): number | undefined {
    return this.#directory.volume.totalBytes;
  }

  /** By `topicPartitionKey`: why a partition does not serve. */
  get offlinePartitions(): ReadonlyMap<string, ZoologError> {
    return this.#hosted.failures;
  }

  /** Memory and files in use, for metrics. */
  get usage(): { openFiles: number; tailCacheBytes: number; indexCacheBytes: number } {
    const { volume, tailBudget, indexCache } = this.#directory;
    return {
      openFiles: volume.files.openFiles,
      tailCacheBytes: tailBudget.sizeInBytes,
      indexCacheBytes: indexCache.sizeInBytes,
    };
  }

  /**
   * The partition's log, made when it is new here; `config` is its topic's from now on. A folder of
   * an older topic of that name is put aside: renamed to `<folder>.<uuid>-stray`.
   *
   * @throws ZoologError KAFKA_STORAGE_ERROR when it is offline, DISK_FULL, LOG_CLOSED
   */
  async getOrCreate(
    topicPartition: TopicPartition,
    options: { readonly topicId: TopicId; readonly config: LogConfig },
  ): Promise<Log> {
    if (this.#closing !== undefined) throw logClosed(topicPartitionKey(topicPartition));
    const hosted = this.#hosted.get(topicPartition);
    const wanted = isOfAnother(hosted, options.topicId) ? undefined : hosted;
    const failure = this.#directory.volume.failure ?? failureOf(wanted);
    if (failure !== undefined) throw failure;
    const log = await this.#opener.openOrCreate(topicPartition, options);
    log.configure(options.config);
    await log.flushInForce();
    return log;
  }

  /**
   * Begins an empty log in place of one that failed, whose folder is put aside: for a replica that
   * other replicas have all records of. Nothing is deleted.
   *
   * @throws ZoologError as `getOrCreate`
   */
  async startOver(
    topicPartition: TopicPartition,
    options: { readonly topicId: TopicId; readonly config: LogConfig },
  ): Promise<Log> {
    const key = topicPartitionKey(topicPartition);
    if (this.#closing !== undefined) throw logClosed(key);
    const { failure } = this.#directory.volume;
    if (failure !== undefined) throw failure;
    const hosted = this.#hosted.get(topicPartition);
    if (failureOf(hosted) !== undefined) {
      await this.#retire(topicPartition);
      const path = await this.#folders.putAside(topicPartition);
      this.#hosted.delete(topicPartition);
      this.#dependencies.logger.error("damaged log was put aside, its replica starts over", {
        topicPartition: key,
        path,
        hint: "Remove the folder when the replica is in sync again and nobody wants to look at it.",
      });
      await this.#opener.noteRecovered();
    }
    return await this.getOrCreate(topicPartition, options);
  }

  /** Removes the partition: out of sight and renamed when it resolves, its files soon after. */
  async delete(topicPartition: TopicPartition): Promise<void> {
    const { fileSystem } = this.#directory.volume;
    await this.#retire(topicPartition);
    const path = await this.#folders.markForDeletion(topicPartition);
    this.#hosted.delete(topicPartition);
    if (path !== undefined) this.#ticks?.soon(`remove ${path}`, () => fileSystem.removeTree(path));
  }

  /**
   * Closes the log. Whose records the folder has stays known until they are out of sight: else a full
   * disk would leave them to the next topic of that name. The log itself is forgotten, also one that
   * has failed: else ticks would list again in the checkpoints what is being taken out of them.
   */
  async #retire(topicPartition: TopicPartition): Promise<void> {
    let hosted = this.#hosted.get(topicPartition);
    while (hosted?.condition.is === "opening") {
      await hosted.condition.opening.catch(() => {}); // Whoever asked for it is told.
      hosted = this.#hosted.get(topicPartition);
    }
    if (hosted === undefined) return;
    // A new entry: what the old log still fails at is nobody's business any more.
    const { topicId, condition } = hosted;
    this.#hosted.set({ topicPartition, topicId, condition: withoutLog(condition) });
    await closeUnwanted(hosted);
  }

  /** Flushes and closes every log, then leaves word that all went well. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.#ticks?.stop();
    await this.#directory.readAhead?.close();
    await Promise.allSettled(
      [...this.#hosted.values()].map(({ condition }) =>
        condition.is === "opening" ? condition.opening : undefined,
      ),
    );
    let allFlushed = this.#hosted.unrecovered.length === 0;
    await inParallel([...this.#hosted.logs()], { atOnceMax: LOGS_AT_ONCE_MAX }, async (log) => {
      await log.close().catch((error: unknown) => {
        allFlushed = false;
        this.#dependencies.logger.error("log did not close in order", { cause: String(error) });
      });
      log.noteCheckpoints();
    });
    try {
      if (this.#directory.volume.failure === undefined) {
        await this.#directory.saveCheckpoints();
        if (allFlushed) await leaveCleanShutdownMarker(this.#directory.volume);
      }
    } finally {
      await this.#directory.volume.files.evict(this.#directory.path);
      await this.#owned.release();
    }
  }

  async #load(shutdown: Shutdown): Promise<void> {
    const directory = this.#directory;
    const { path } = directory;
    const { logger, clock, scheduler } = this.#dependencies;
    const startedAt = clock.monotonic();
    await directory.loadCheckpoints();
    await directory.volume.refreshFreeSpace();
    await this.#opener.openAll(shutdown);
    if (this.#hosted.unrecovered.length === 0) {
      await directory.loaded();
      await this.#owned.claimStarts(this.#dependencies);
    }
    this.#ticks = new LogTicks(
      { periods: this.#options.periods ?? {} },
      { logs: () => this.#hosted.logs(), directory, scheduler, logger },
    );
    const durationMs = Math.round(clock.monotonic() - startedAt);
    const life = this.boot === "newFolder" ? "new" : shutdown;
    const logs = [...this.#hosted.logs()].length;
    logger.info("data folder loaded", { path, shutdown: life, logs, durationMs });
  }

  #allOffline(error: ZoologError): void {
    assert(this.#directory.volume.failure !== undefined, "the directory is offline");
    this.#hosted.allWentOffline(error);
  }
}

function withoutLog(condition: LogCondition): LogCondition {
  if (condition.is === "open") return { is: "unopened", foundAtStart: true };
  return condition.is === "offline" ? { ...condition, log: undefined } : condition;
}
