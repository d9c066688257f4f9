import {
  type Clock,
  errorCode,
  errorMessage,
  inParallel,
  type Logger,
  type Offset,
  type TopicId,
  type TopicPartition,
  topicPartitionKey,
  type ZoologError,
} from "@zoolog/base";
import type { Shutdown } from "../checkpoint/clean-shutdown.ts";
import { readTopicId, writeTopicId } from "../checkpoint/partition-metadata.ts";
import {
  inconsistentIdentity,
  isNoSpace,
  isOutOfHandles,
  logOffline,
  partitionFolderMissing,
} from "../errors.ts";
import { Log } from "../log.ts";
import type { LogConfig } from "../log-config.ts";
import type { LogDirectory } from "../log-directory.ts";
import type { ReadVerification } from "../segment/segment-read.ts";
import {
  closeUnwanted,
  type HostedLog,
  type HostedLogs,
  isOfAnother,
  LOGS_AT_ONCE_MAX,
  type LogCondition,
  logOf,
} from "./hosted-logs.ts";
import type { PartitionFolders } from "./partition-folders.ts";
import { UnrecoveredLogs } from "./unrecovered-logs.ts";

export type LogOpenerOptions = {
  /** For logs found on disk, until `getOrCreate` brings their topic's. */
  readonly defaultConfig: LogConfig;
  readonly verifyReads: ReadVerification;
};

/** Whose log is wanted, and its topic's settings. */
export type WantedLog = { readonly topicId: TopicId; readonly config: LogConfig };

export type LogOpenerDependencies = {
  readonly directory: LogDirectory;
  readonly folders: PartitionFolders;
  readonly hosted: HostedLogs;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly onRetentionChanged: (log: Log) => void;
};

/** Opens the logs of a data folder: all that a start finds, later the ones that are new. */
export class LogOpener {
  readonly #options: LogOpenerOptions;
  readonly #dependencies: LogOpenerDependencies;
  readonly #directory: LogDirectory;
  readonly #hosted: HostedLogs;
  #unrecovered: UnrecoveredLogs | undefined;

  constructor(options: LogOpenerOptions, dependencies: LogOpenerDependencies) {
    this.#options = options;
    this.#dependencies = dependencies;
    this.#directory = dependencies.directory;
    this.#hosted = dependencies.hosted;
  }

  /** The start: what is found and what is missed. A log that cannot be opened stops no other. */
  async openAll(shutdown: Shutdown): Promise<void> {
    const { folders } = this.#dependencies;
    const { fileSystem, path } = this.#directory.volume;
    const partitions = await folders.find();
    for (const gone of folders.missing(partitions)) this.#folderIsMissing(gone);
    if (partitions.length > 0) {
      this.#unrecovered = await UnrecoveredLogs.begin({ folder: path, shutdown }, fileSystem);
    }
    await inParallel(partitions, { atOnceMax: LOGS_AT_ONCE_MAX }, (partition) =>
      this.#openFound(partition),
    );
    await this.noteRecovered();
  }

  /** Another log that the start found is open, or given up. */
  async noteRecovered(): Promise<void> {
    await this.#unrecovered?.end(this.#hosted.unrecovered);
  }

  /** The partition's log, of that incarnation of the topic: the open one, else found or new. */
  async openOrCreate(topicPartition: TopicPartition, wanted: WantedLog): Promise<Log> {
    const { topicId } = wanted;
    const hosted = this.#hosted.get(topicPartition);
    const open = isOfAnother(hosted, topicId) ? undefined : logOf(hosted);
    const log = open ?? (await this.#create(topicPartition, wanted));
    await this.#checkTopicId(log, topicId);
    return log;
  }

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
      this.#hosted.wentOffline(hosted, {
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
    this.#hosted.wentOffline(hosted, { is: "missing", error: this.#named(hosted, gone) });
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
    const { clock, logger, onRetentionChanged } = this.#dependencies;
    const { defaultConfig: config, verifyReads } = this.#options;
    const log = await Log.open(
      { topicPartition, config, shutdown, verifyReads },
      {
        directory: this.#directory,
        clock,
        logger,
        onOffline: (error) => this.#hosted.wentOffline(hosted, { is: "offline", error, log }),
        onRetentionChanged,
      },
    );
    hosted.condition = { is: "open", log };
    return log;
  }

  /** Callers that want the same new log at the same time share one. */
  #create(topicPartition: TopicPartition, wanted: WantedLog): Promise<Log> {
    const { topicId } = wanted;
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
    const opening = this.#makeAndOpen(hosted, { stranger, wanted, foundAtStart }).catch(
      (error: unknown) => {
        hosted.condition = unopened;
        throw this.#directory.volume.named(error);
      },
    );
    hosted.condition = { is: "opening", opening };
    return opening;
  }

  async #makeAndOpen(
    hosted: HostedLog,
    from: {
      readonly stranger: HostedLog | undefined;
      readonly wanted: WantedLog;
      readonly foundAtStart: boolean;
    },
  ): Promise<Log> {
    const { wanted, foundAtStart } = from;
    const { topicId } = wanted;
    const { volume, path } = this.#directory;
    const key = topicPartitionKey(hosted.topicPartition);
    // The start may have had no file handle left to look: the folder can be any topic's of that name.
    if (foundAtStart) hosted.topicId ??= await readTopicId(`${path}/${key}`, volume);
    const stranger = isOfAnother(hosted, topicId) ? hosted : from.stranger;
    if (stranger !== undefined) {
      // Should it fail, the folder still has the stranger's records: never our id then.
      hosted.topicId = stranger.topicId;
      await this.#putAside(stranger, topicId);
      hosted.topicId = undefined;
    }
    const isOld = foundAtStart && stranger === undefined;
    if (hosted.topicId === undefined) {
      if (!isOld && wanted.config.flush === "fsync") await this.#claimSynced(hosted);
      await volume.fileSystem.makeDirectory(`${path}/${key}`);
      await writeTopicId(`${path}/${key}`, topicId, volume);
      hosted.topicId = topicId;
    }
    const log = await this.#openLog(hosted, isOld ? this.#lastEndOf(key) : "unclean");
    if (foundAtStart) await this.noteRecovered();
    return log;
  }

  /**
   * True of a log that is yet to be made, and said before there is a folder: one that a power cut leaves
   * without the claim is in doubt, as if it had lost records. Without room it is said later.
   */
  async #claimSynced({ topicPartition }: HostedLog): Promise<void> {
    await this.#directory.syncedClaims.make(topicPartition).catch((error: unknown) => {
      if (!isNoSpace(error) && !isOutOfHandles(error)) throw error;
    });
  }

  /** Nobody says that the records may go, so they stay, under a name that is nobody's. */
  async #putAside(stranger: HostedLog, wanted: TopicId): Promise<void> {
    const { topicPartition, topicId } = stranger;
    await closeUnwanted(stranger);
    const path = await this.#dependencies.folders.putAside(topicPartition);
    this.#dependencies.logger.error("folder of another topic was put aside", {
      topicPartition: topicPartitionKey(topicPartition),
      topicId,
      clusterTopicId: wanted,
      path,
      hint: "The cluster's topic of this name has another id. Remove the folder when nobody needs it.",
    });
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
}
