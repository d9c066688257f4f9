import { type Logger, type Random, type TopicPartition, topicPartitionKey } from "@zoolog/base";
import { isMissing } from "../errors.ts";
import type { LogDirectory } from "../log-directory.ts";
import {
  isPendingDeletion,
  isStray,
  partitionOfFolder,
  pendingDeletionName,
  strayName,
} from "../volume/file-names.ts";

/** The folders of a data folder: which there are, and how one leaves its name to another. */
export class PartitionFolders {
  readonly #directory: LogDirectory;
  readonly #random: Random;
  readonly #logger: Logger;

  constructor(dependencies: {
    readonly directory: LogDirectory;
    readonly random: Random;
    readonly logger: Logger;
  }) {
    this.#directory = dependencies.directory;
    this.#random = dependencies.random;
    this.#logger = dependencies.logger;
  }

  /** Partitions that have a folder. What interrupted deletions left is removed on the way. */
  async find(): Promise<TopicPartition[]> {
    const { fileSystem, path } = this.#directory.volume;
    const found: TopicPartition[] = [];
    for (const name of await fileSystem.readDirectory(path)) {
      if (isPendingDeletion(name)) await fileSystem.removeTree(`${path}/${name}`);
      if (isStray(name)) {
        this.#logger.warn("folder was put aside by an earlier start", { path: `${path}/${name}` });
      }
      const topicPartition = partitionOfFolder(name);
      if (topicPartition === undefined) continue;
      const { kind } = await fileSystem.stat(`${path}/${name}`);
      if (kind === "directory") found.push(topicPartition);
    }
    return found;
  }

  /** Partitions that a checkpoint names and that are not among `present`. */
  missing(present: readonly TopicPartition[]): TopicPartition[] {
    const names = new Set(present.map(topicPartitionKey));
    return [...this.#directory.listedPartitions]
      .filter(([name]) => !names.has(name))
      .map(([, topicPartition]) => topicPartition);
  }

  /** Gives the folder a name that marks it for removal; answers it, unless there is no folder. */
  async markForDeletion(topicPartition: TopicPartition): Promise<string | undefined> {
    return await this.#rename(
      topicPartition,
      pendingDeletionName(topicPartition, this.#random.uuid()),
    );
  }

  /** Gives the folder a name that nobody uses, for an operator to look at; answers it. */
  async putAside(topicPartition: TopicPartition): Promise<string | undefined> {
    return await this.#rename(topicPartition, strayName(topicPartition, this.#random.uuid()));
  }

  async #rename(topicPartition: TopicPartition, name: string): Promise<string | undefined> {
    const { fileSystem, path, files } = this.#directory.volume;
    const from = `${path}/${topicPartitionKey(topicPartition)}`;
    await files.evict(from);
    // First the checkpoints: a new log of that name must not be measured by the old one's.
    await this.#directory.unlist(topicPartition);
    try {
      await fileSystem.rename(from, `${path}/${name}`);
    } catch (error) {
      if (!isMissing(error)) throw error;
      // An attempt before this one may have got so far, and no further.
      await this.#directory.volume.syncNames();
      return undefined;
    }
    await this.#directory.volume.syncNames();
    return `${path}/${name}`;
  }
}
