import {
  assert,
  type BrokerEpoch,
  type BrokerId,
  type Clock,
  errorCode,
  errorMessage,
  type FileSystem,
  inParallel,
  type Logger,
  type Machine,
  type Offset,
  type Random,
  type Scheduler,
  type TopicId,
  type TopicPartition,
  topicPartitionKey,
  type ZoologError,
} from "@zoolog/base";
import { leaveCleanShutdownMarker, type Shutdown } from "./checkpoint/clean-shutdown.ts";
import type { FolderGap, LossKind } from "./checkpoint/meta-properties.ts";
import { readTopicId, writeTopicId } from "./checkpoint/partition-metadata.ts";
import {
  inconsistentIdentity,
  isNoSpace,
  isOutOfHandles,
  logClosed,
  logOffline,
  noSpaceToOpen,
  partitionFolderMissing,
} from "./errors.ts";
import { failureOf, type HostedLog, HostedLogs, type LogCondition, logOf } from "./hosted-logs.ts";
import { Log } from "./log.ts";
import { DEFAULT_LOG_CONFIG, type LogConfig } from "./log-config.ts";
import { LogDirectory, type LogDirectoryLimits } from "./log-directory.ts";
import { LogTicks, type TickPeriods } from "./log-ticks.ts";
import type { ReadVerification } from "./segment/segment-read.ts";
import { type DataFolderBoot, OwnedFolder } from "./startup/owned-folder.ts";
import { PartitionFolders } from "./startup/partition-folders.ts";
import { UnrecoveredLogs } from "./startup/unrecovered-logs.ts";

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

/** Logs opened or closed at a time: enough to keep a disk busy. */
const PARALLEL_LOGS = 8;

/** All logs of a data folder. One process at a time has it. */
export class LogManager {
  /** UUID of the data folder: the same after a restart, new for a new folder. */
  readonly incarnationId: string;
  readonly #options: LogManagerOptions;
  readonly #dependencies: LogManagerDependencies;
  readonly #directory: LogDirectory;
  readonly #owned: OwnedFolder;
  readonly #hosted = new HostedLogs();
  readonly #folders: PartitionFolders;
  #unrecovered: UnrecoveredLogs | undefined;
  #ticks: LogTicks | undefined;
  #closing: Promise<void> | undefined;

  private constructor(
    options: LogManagerOptions,
    owned: OwnedFolder,
    dependencies: LogManagerDependencies,
  ) {
    const { fileSystem, logger } = dependencies;
    this.#options = options;
    this.#dependencies = dependencies;
    this.#owned = owned;
    this.incarnationId = owned.meta.incarnationId;
    const { dataFolder: path, limits = {} } = options;
    this.#directory = new LogDirectory(
      { path, limits, areStartsClaimed: owned.meta.areStartsClaimed },
      { fileSystem, logger, onOffline: (error) => this.#allOffline(error) },
    );
    const { random } = dependencies;
    this.#folders = new PartitionFolders({ directory: this.#directory, random, logger });
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

  /** The broker was registered under that epoch. */
  noteRegistered(brokerEpoch: BrokerEpoch): Promise<void> {
    return this.#owned.noteRegistered(brokerEpoch, this.#dependencies);
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
    const { topicId, config } = options;
    const hosted = this.#hosted.get(topicPartition);
    const wanted = isOfAnother(hosted, topicId) ? undefined : hosted;
    const failure = this.#directory.volume.failure ?? failureOf(wanted);
    if (failure !== undefined) throw failure;
    const log = logOf(wanted) ?? (await this.#create(topicPartition, topicId));
    await this.#checkTopicId(log, topicId);
    log.configure(config);
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
      await closeUnwanted(hosted);
      const path = await this.#folders.putAside(topicPartition);
      this.#hosted.delete(topicPartition);
      this.#dependencies.logger.error("damaged log was put aside, its replica starts over", {
        topicPartition: key,
        path,
        hint: "Remove the folder when the replica is in sync again and nobody wants to look at it.",
      });
      await this.#unrecovered?.end(this.#hosted.unrecovered);
    }
    return await this.getOrCreate(topicPartition, options);
  }

  /** Removes the partition: out of sight and renamed when it resolves, its files soon after. */
  async delete(topicPartition: TopicPartition): Promise<void> {
    const { fileSystem } = this.#directory.volume;
    await this.#forget(topicPartition);
    const path = await this.#folders.markForDeletion(topicPartition);
    if (path !== undefined) this.#ticks?.soon(`remove ${path}`, () => fileSystem.removeTree(path));
  }

  async #forget(topicPartition: TopicPartition): Promise<void> {
    let hosted = this.#hosted.get(topicPartition);
    while (hosted?.condition.is === "opening") {
      await hosted.condition.opening.catch(() => {}); // Whoever asked for it is told.
      hosted = this.#hosted.get(topicPartition);
    }
    this.#hosted.delete(topicPartition);
    await closeUnwanted(hosted);
  }

  /** Nobody says that the records may go, so they stay, under a name that is nobody's. */
  async #putAside(stranger: HostedLog, wanted: TopicId): Promise<void> {
    const { topicPartition, topicId } = stranger;
    await closeUnwanted(stranger);
    const path = await this.#folders.putAside(topicPartition);
    this.#dependencies.logger.error("folder of another topic was put aside", {
      topicPartition: topicPartitionKey(topicPartition),
      topicId,
      clusterTopicId: wanted,
      path,
      hint: "The cluster's topic of this name has another id. Remove the folder when nobody needs it.",
    });
  }

  /** Flushes and closes every log, then leaves word that all went well. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.#ticks?.stop();
    await Promise.allSettled(
      [...this.#hosted.values()].map(({ condition }) =>
        condition.is === "opening" ? condition.opening : undefined,
      ),
    );
    let allFlushed = this.#hosted.unrecovered.length === 0;
    await inParallel([...this.#hosted.logs()], { atOnceMax: PARALLEL_LOGS }, async (log) => {
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
    const { fileSystem, path } = directory.volume;
    const { logger, clock, scheduler } = this.#dependencies;
    const startedAt = clock.monotonic();
    await directory.loadCheckpoints();
    await directory.volume.refreshFreeSpace();
    const partitions = await this.#folders.find();
    for (const gone of this.#folders.missing(partitions)) this.#folderIsMissing(gone);
    if (partitions.length > 0) {
      this.#unrecovered = await UnrecoveredLogs.begin({ folder: path, shutdown }, fileSystem);
    }
    await inParallel(partitions, { atOnceMax: PARALLEL_LOGS }, (partition) =>
      this.#openFound(partition),
    );
    const { unrecovered } = this.#hosted;
    await this.#unrecovered?.end(unrecovered);
    if (unrecovered.length === 0) {
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

  /** Opens a log at the start. */
  async #openFound(topicPartition: TopicPartition): Promise<void> {
    const key = topicPartitionKey(topicPartition);
    const condition: LogCondition = { is: "unopened", foundAtStart: true };
    const hosted = this.#hosted.set({ topicPartition, topicId: undefined, condition });
    try {
      const { path, volume } = this.#directory;
      hosted.topicId = await readTopicId(`${path}/${key}`, volume);
      await this.#openLog(hosted, this.#lastEndOf(key));
    } catch (error) {
      if (isNoSpace(error) || isOutOfHandles(error)) {
        const fields = { topicPartition: key, cause: errorMessage(error) };
        this.#dependencies.logger.error("partition could not be opened yet", fields);
        return;
      }
      this.#wentOffline(hosted, {
        is: "offline",
        error: this.#named(hosted, error),
        log: undefined,
      });
    }
  }

  /** How the last process that had this log, found at the start, ended. */
  #lastEndOf(key: string): Shutdown {
    return this.#unrecovered?.shutdownOf(key) ?? "unclean";
  }

  #folderIsMissing(topicPartition: TopicPartition): void {
    const key = topicPartitionKey(topicPartition);
    const { recoveryPoint, highWatermark, logStartOffset } =
      this.#directory.checkpointed(topicPartition);
    const start = logStartOffset ?? (0 as Offset);
    const end = Math.max(start, recoveryPoint ?? 0, highWatermark ?? 0) as Offset;
    const condition: LogCondition = { is: "unopened", foundAtStart: true };
    const hosted = this.#hosted.set({ topicPartition, topicId: undefined, condition });
    const gone = partitionFolderMissing(`${this.#directory.path}/${key}`, { start, end });
    this.#wentOffline(hosted, { is: "missing", error: this.#named(hosted, gone) });
  }

  /** What is said of a partition that cannot be opened. */
  #named({ topicPartition }: HostedLog, cause: unknown): ZoologError {
    const key = topicPartitionKey(topicPartition);
    const error = logOffline(`partition ${key}`, cause);
    this.#dependencies.logger.error("partition is offline", {
      topicPartition: key,
      code: errorCode(cause),
      cause: errorMessage(cause),
      hint: error.hint,
    });
    return error;
  }

  async #openLog(hosted: HostedLog, shutdown: Shutdown): Promise<Log> {
    const { topicPartition } = hosted;
    const { clock, logger } = this.#dependencies;
    const { defaultConfig: config = DEFAULT_LOG_CONFIG, verifyReads = "checksum" } = this.#options;
    const log = await Log.open(
      { topicPartition, config, shutdown, verifyReads },
      {
        directory: this.#directory,
        clock,
        logger,
        onOffline: (error) => this.#wentOffline(hosted, { is: "offline", error, log }),
        onRetentionChanged: (changed) => this.#ticks?.configured(changed),
      },
    );
    hosted.condition = { is: "open", log };
    return log;
  }

  /** Callers that want the same new log at the same time share one. */
  #create(topicPartition: TopicPartition, topicId: TopicId): Promise<Log> {
    const before = this.#hosted.get(topicPartition);
    if (before?.condition.is === "opening") return before.condition.opening;
    const stranger = isOfAnother(before, topicId) ? before : undefined;
    const known = stranger === undefined ? before : undefined;
    const foundAtStart = known?.condition.is === "unopened" && known.condition.foundAtStart;
    const unopened: LogCondition = { is: "unopened", foundAtStart };
    const hosted = this.#hosted.set({
      topicPartition,
      topicId: known?.topicId,
      condition: unopened,
    });
    const opening = this.#makeAndOpen(hosted, { stranger, topicId, foundAtStart }).catch(
      (error: unknown) => {
        hosted.condition = unopened;
        throw error;
      },
    );
    hosted.condition = { is: "opening", opening };
    return opening;
  }

  async #makeAndOpen(
    hosted: HostedLog,
    from: {
      readonly stranger: HostedLog | undefined;
      readonly topicId: TopicId;
      readonly foundAtStart: boolean;
    },
  ): Promise<Log> {
    const { stranger, topicId, foundAtStart } = from;
    const { volume, path } = this.#directory;
    const key = topicPartitionKey(hosted.topicPartition);
    if (stranger !== undefined) {
      // Should it fail, the folder still has the stranger's records: never our id then.
      hosted.topicId = stranger.topicId;
      await this.#putAside(stranger, topicId);
      hosted.topicId = undefined;
    }
    if (hosted.topicId === undefined) {
      await volume.fileSystem.makeDirectory(`${path}/${key}`);
      await writeTopicId(`${path}/${key}`, topicId, volume);
      hosted.topicId = topicId;
    }
    const log = await this.#openLog(hosted, foundAtStart ? this.#lastEndOf(key) : "unclean");
    if (foundAtStart) await this.#unrecovered?.end(this.#hosted.unrecovered);
    return log;
  }

  async #checkTopicId(log: Log, wanted: TopicId): Promise<void> {
    const hosted = this.#hosted.get(log.topicPartition);
    const stored = hosted?.topicId;
    if (stored === undefined) {
      await writeTopicId(log.folder, wanted, this.#directory.volume);
      if (hosted !== undefined) hosted.topicId = wanted;
    } else if (stored !== wanted) {
      throw inconsistentIdentity({
        code: "INCONSISTENT_TOPIC_ID",
        path: log.folder,
        stored: `topic ${stored}`,
        wanted: `topic ${wanted}`,
      });
    }
  }

  #wentOffline(
    hosted: HostedLog,
    condition: Extract<LogCondition, { readonly error: ZoologError }>,
  ): void {
    if (failureOf(hosted) !== undefined || !this.#hosted.isCurrent(hosted)) return;
    hosted.condition = condition;
    this.#dependencies.onOffline?.(hosted.topicPartition, condition.error);
  }

  #allOffline(error: ZoologError): void {
    assert(this.#directory.volume.failure !== undefined, "the directory is offline");
    for (const hosted of this.#hosted.values()) {
      const log = logOf(hosted);
      if (log !== undefined) this.#wentOffline(hosted, { is: "offline", error, log });
    }
  }
}

/** Whether the folder has the records of another topic of that name. */
function isOfAnother(hosted: HostedLog | undefined, topicId: TopicId): boolean {
  return hosted?.topicId !== undefined && hosted.topicId !== topicId;
}

/** Its records are not wanted any more: nor whether they could be brought to the disk. */
async function closeUnwanted(hosted: HostedLog | undefined): Promise<void> {
  await logOf(hosted)
    ?.close()
    .catch(() => {});
}
