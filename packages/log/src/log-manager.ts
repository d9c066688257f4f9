import {
  assert,
  type BrokerId,
  type Clock,
  errorCode,
  errorMessage,
  type FileSystem,
  type Logger,
  lockFolder,
  type Machine,
  type Offset,
  type Random,
  type Scheduler,
  type TopicId,
  type TopicPartition,
  topicPartitionKey,
  type ZoologError,
} from "@zoolog/base";
import { leaveCleanShutdownMarker, takeCleanShutdownMarker } from "./checkpoint/clean-shutdown.ts";
import {
  assertSameOwner,
  readMetaProperties,
  writeMetaProperties,
} from "./checkpoint/meta-properties.ts";
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
import { inParallel } from "./in-parallel.ts";
import { Log } from "./log.ts";
import { DEFAULT_LOG_CONFIG, type LogConfig } from "./log-config.ts";
import { LogDirectory, type LogDirectoryLimits } from "./log-directory.ts";
import { LogTicks, type TickPeriods } from "./log-ticks.ts";
import type { ReadVerification } from "./segment/segment-read.ts";
import type { Shutdown } from "./startup/log-loader.ts";
import { PartitionFolders } from "./startup/partition-folders.ts";
import { UnrecoveredLogs } from "./startup/unrecovered-logs.ts";
import { partitionOfFolder } from "./volume/file-names.ts";

/**
 * What this start means for the records of earlier lives.
 * - `"clean"`: all there: shut down in order, or only the process died.
 * - `"unclean"`: the machine went down; what was not synced may be gone.
 * - `"newFolder"`: the data folder was just made.
 */
export type DataFolderBoot = "clean" | "unclean" | "newFolder";

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
  readonly boot: DataFolderBoot;
  /** UUID of the data folder: the same after a restart, new for a new folder. */
  readonly incarnationId: string;
  readonly #options: LogManagerOptions;
  readonly #dependencies: LogManagerDependencies;
  readonly #directory: LogDirectory;
  readonly #release: () => Promise<void>;
  readonly #logs = new Map<string, Log>();
  readonly #topicIds = new Map<string, TopicId>();
  readonly #opening = new Map<string, Promise<Log>>();
  readonly #folders: PartitionFolders;
  /** Partitions that could not be opened, or went offline since. */
  readonly #offline = new Map<string, ZoologError>();
  /** Listed in a checkpoint, without a folder; all of them are offline. */
  readonly #missing = new Set<string>();
  /** Could not be opened for a reason that passes (a full disk): tried again when asked for. */
  readonly #unopened = new Set<string>();
  #unrecovered: UnrecoveredLogs | undefined;
  #ticks: LogTicks | undefined;
  #closing: Promise<void> | undefined;

  private constructor(
    options: LogManagerOptions,
    found: { readonly boot: DataFolderBoot; readonly incarnationId: string },
    dependencies: LogManagerDependencies & { readonly release: () => Promise<void> },
  ) {
    const { fileSystem, logger, release } = dependencies;
    this.#options = options;
    this.#dependencies = dependencies;
    this.#release = release;
    this.boot = found.boot;
    this.incarnationId = found.incarnationId;
    const { dataFolder: path, limits = {} } = options;
    this.#directory = new LogDirectory(
      { path, limits },
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
    const { fileSystem, random } = dependencies;
    const { dataFolder, clusterId, brokerId } = options;
    await fileSystem.makeDirectory(dataFolder);
    const lock = await lockFolder(dataFolder, dependencies);
    try {
      const stored = await readMetaProperties(fileSystem, dataFolder);
      if (stored !== undefined) assertSameOwner(dataFolder, stored, options);
      const incarnationId = stored?.incarnationId ?? random.uuid();
      if (stored === undefined) {
        await syncAncestors(dataFolder, fileSystem);
        await writeMetaProperties(fileSystem, dataFolder, { clusterId, brokerId, incarnationId });
      }
      const isClean = await takeCleanShutdownMarker(dataFolder, fileSystem);
      const survived = isClean || lock.previousOwner === "same boot";
      const boot = stored === undefined ? "newFolder" : survived ? "clean" : "unclean";
      const found = { boot, incarnationId } as const;
      const manager = new LogManager(options, found, { ...dependencies, release: lock.release });
      await manager.#load(isClean ? "clean" : survived ? "processDied" : "unclean");
      return manager;
    } catch (error) {
      await lock.release();
      throw error;
    }
  }

  /** Open logs, the ones that went offline since they were opened included. */
  logs(): IterableIterator<Log> {
    return this.#logs.values();
  }

  get(topicPartition: TopicPartition): Log | undefined {
    return this.#logs.get(topicPartitionKey(topicPartition));
  }

  /** The topic id in the partition's folder. */
  topicIdOf(topicPartition: TopicPartition): TopicId | undefined {
    return this.#topicIds.get(topicPartitionKey(topicPartition));
  }

  /** Partitions of one incarnation of a topic, the ones that are offline included. */
  partitionsOf(topicId: TopicId): TopicPartition[] {
    const keys = [...this.#topicIds].filter(([, id]) => id === topicId).map(([key]) => key);
    return keys.flatMap((key) => partitionOfFolder(key) ?? []);
  }

  /** Partitions of a topic of that name whose folders are gone; which incarnation, nobody knows. */
  missingPartitionsOf(topic: string): TopicPartition[] {
    const partitions = [...this.#missing].flatMap((key) => partitionOfFolder(key) ?? []);
    return partitions.filter((partition) => partition.topic === topic);
  }

  /** Why the whole data folder serves no more; `undefined` while it does. */
  get failure(): ZoologError | undefined {
    return this.#directory.volume.failure;
  }

  /** Why nothing can be appended or created for now; `undefined` while the volume has room. */
  get full(): ZoologError | undefined {
    return this.#directory.volume.admit(0);
  }

  /** By `topicPartitionKey`: why a partition does not serve. */
  get offlinePartitions(): ReadonlyMap<string, ZoologError> {
    return this.#offline;
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
    const key = topicPartitionKey(topicPartition);
    if (this.#closing !== undefined) throw logClosed(key);
    const { topicId } = options;
    const stored = this.#topicIds.get(key);
    const isStranger = stored !== undefined && stored !== topicId;
    const offline = isStranger ? undefined : this.#offline.get(key);
    const failure = this.#directory.volume.failure ?? offline;
    if (failure !== undefined) throw failure;
    const open = isStranger ? undefined : this.#logs.get(key);
    const log = open ?? (await this.#create(topicPartition, topicId));
    await this.#checkTopicId(log, options.topicId);
    log.configure(options.config);
    return log;
  }

  /** Removes the partition: out of sight and renamed when it resolves, its files soon after. */
  async delete(topicPartition: TopicPartition): Promise<void> {
    const { fileSystem } = this.#directory.volume;
    await this.#forget(topicPartition);
    const path = await this.#folders.markForDeletion(topicPartition);
    if (path !== undefined) this.#ticks?.soon(`remove ${path}`, () => fileSystem.removeTree(path));
  }

  async #forget(topicPartition: TopicPartition): Promise<void> {
    const key = topicPartitionKey(topicPartition);
    const log = this.#logs.get(key);
    this.#logs.delete(key);
    this.#offline.delete(key);
    this.#missing.delete(key);
    this.#unopened.delete(key);
    this.#topicIds.delete(key);
    await log?.close().catch(() => {}); // Its records are not wanted any more.
  }

  /** Nobody says that the records may go, so they stay, under a name that is nobody's. */
  async #putAside(topicPartition: TopicPartition, wanted: TopicId): Promise<void> {
    const topicId = this.#topicIds.get(topicPartitionKey(topicPartition));
    await this.#forget(topicPartition);
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
    await Promise.allSettled(this.#opening.values());
    let allFlushed = this.#offline.size === 0 && this.#unopened.size === 0;
    await inParallel(PARALLEL_LOGS, [...this.#logs.values()], async (log) => {
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
      await this.#release();
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
    await inParallel(PARALLEL_LOGS, partitions, (partition) => this.#openFound(partition));
    await this.#unrecovered?.end([...this.#offline.keys(), ...this.#unopened]);
    if (this.#offline.size === 0 && this.#unopened.size === 0) await directory.loaded();
    this.#ticks = new LogTicks(
      { periods: this.#options.periods ?? {} },
      { logs: () => this.#logs.values(), directory, scheduler, logger },
    );
    const durationMs = Math.round(clock.monotonic() - startedAt);
    const life = this.boot === "newFolder" ? "new" : shutdown;
    logger.info("data folder loaded", { path, shutdown: life, logs: this.#logs.size, durationMs });
  }

  /** Opens a log at the start. */
  async #openFound(topicPartition: TopicPartition): Promise<void> {
    const key = topicPartitionKey(topicPartition);
    try {
      const topicId = await readTopicId(`${this.#directory.path}/${key}`, this.#directory.volume);
      if (topicId !== undefined) this.#topicIds.set(key, topicId);
      await this.#openLog(topicPartition, this.#lastEndOf(key));
    } catch (error) {
      if (isNoSpace(error) || isOutOfHandles(error)) {
        this.#unopened.add(key);
        const fields = { topicPartition: key, cause: errorMessage(error) };
        this.#dependencies.logger.error("partition could not be opened yet", fields);
        return;
      }
      this.#cannotOpen(topicPartition, error);
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
    this.#missing.add(key);
    this.#cannotOpen(
      topicPartition,
      partitionFolderMissing(`${this.#directory.path}/${key}`, { start, end }),
    );
  }

  #cannotOpen(topicPartition: TopicPartition, cause: unknown): void {
    const key = topicPartitionKey(topicPartition);
    const error = logOffline(`partition ${key}`, cause);
    this.#dependencies.logger.error("partition is offline", {
      topicPartition: key,
      code: errorCode(cause),
      cause: errorMessage(cause),
      hint: error.hint,
    });
    this.#wentOffline(topicPartition, error);
  }

  async #openLog(topicPartition: TopicPartition, shutdown: Shutdown): Promise<Log> {
    const { clock, logger } = this.#dependencies;
    const { defaultConfig: config = DEFAULT_LOG_CONFIG, verifyReads = "checksum" } = this.#options;
    const log = await Log.open(
      { topicPartition, config, shutdown, verifyReads },
      {
        directory: this.#directory,
        clock,
        logger,
        onOffline: (error) => this.#wentOffline(topicPartition, error),
      },
    );
    this.#logs.set(topicPartitionKey(topicPartition), log);
    return log;
  }

  /** Callers that want the same new log at the same time share one. */
  #create(topicPartition: TopicPartition, topicId: TopicId): Promise<Log> {
    const key = topicPartitionKey(topicPartition);
    const known = this.#opening.get(key);
    if (known !== undefined) return known;
    const opening = (async () => {
      const { fileSystem, path } = this.#directory.volume;
      const stored = this.#topicIds.get(key);
      if (stored !== undefined && stored !== topicId) await this.#putAside(topicPartition, topicId);
      if (!this.#topicIds.has(key)) {
        await fileSystem.makeDirectory(`${path}/${key}`);
        await writeTopicId(`${path}/${key}`, topicId, this.#directory.volume);
        this.#topicIds.set(key, topicId);
      }
      const isFound = this.#unopened.has(key);
      const log = await this.#openLog(topicPartition, isFound ? this.#lastEndOf(key) : "unclean");
      if (this.#unopened.delete(key)) {
        await this.#unrecovered?.end([...this.#offline.keys(), ...this.#unopened]);
      }
      return log;
    })().finally(() => this.#opening.delete(key));
    this.#opening.set(key, opening);
    return opening;
  }

  async #checkTopicId(log: Log, wanted: TopicId): Promise<void> {
    const key = topicPartitionKey(log.topicPartition);
    const stored = this.#topicIds.get(key);
    if (stored === undefined) {
      await writeTopicId(log.folder, wanted, this.#directory.volume);
      this.#topicIds.set(key, wanted);
    } else if (stored !== wanted) {
      throw inconsistentIdentity({
        code: "INCONSISTENT_TOPIC_ID",
        path: log.folder,
        stored: `topic ${stored}`,
        wanted: `topic ${wanted}`,
      });
    }
  }

  #wentOffline(topicPartition: TopicPartition, error: ZoologError): void {
    const key = topicPartitionKey(topicPartition);
    if (this.#offline.has(key)) return;
    this.#offline.set(key, error);
    this.#dependencies.onOffline?.(topicPartition, error);
  }

  #allOffline(error: ZoologError): void {
    assert(this.#directory.volume.failure !== undefined, "the directory is offline");
    for (const log of this.#logs.values()) this.#wentOffline(log.topicPartition, error);
  }
}

/** A new folder is only as durable as its name, and its name as the folders above. */
async function syncAncestors(folder: string, fileSystem: FileSystem): Promise<void> {
  for (let path = folder; path.includes("/"); ) {
    path = path.slice(0, path.lastIndexOf("/"));
    await fileSystem.syncDirectory(path === "" ? "/" : path).catch((error: unknown) => {
      // A folder that we may not read is not ours to make, so it was there before.
      if (errorCode(error) !== "EACCES") throw error;
    });
  }
}
