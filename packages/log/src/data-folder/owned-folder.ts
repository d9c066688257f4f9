import {
  type BrokerEpoch,
  type BrokerId,
  errorCode,
  type FileSystem,
  type Logger,
  lockFolder,
  type Machine,
  type Random,
  type Scheduler,
} from "@zoolog/base";
import {
  hasCleanShutdownMarker,
  type Shutdown,
  takeCleanShutdownMarker,
} from "../checkpoint/clean-shutdown.ts";
import {
  assertSameOwner,
  type FolderGap,
  type FolderLives,
  type FolderLosses,
  type MetaProperties,
  readMetaProperties,
  writeMetaProperties,
} from "../checkpoint/meta-properties.ts";
import { isNoSpace } from "../errors.ts";

/**
 * What this start means for the records of earlier lives. It stays until the broker was registered,
 * should it have to be started again before.
 * - `"clean"`: all there: shut down in order, or only the process died.
 * - `"unclean"`: the machine went down; what was not synced may be gone.
 * - `"newFolder"`: the data folder was just made.
 */
export type DataFolderBoot = "clean" | "unclean" | "newFolder";

/** A data folder that this process has, and nobody else until `release`. */
export class OwnedFolder {
  readonly path: string;
  #meta: MetaProperties;
  /** How the process that had it before ended. */
  readonly shutdown: Shutdown;
  readonly release: () => Promise<void>;

  private constructor(
    found: Pick<OwnedFolder, "path" | "meta" | "shutdown">,
    dependencies: { readonly release: () => Promise<void> },
  ) {
    this.path = found.path;
    this.#meta = found.meta;
    this.shutdown = found.shutdown;
    this.release = dependencies.release;
  }

  get boot(): DataFolderBoot {
    const { newFolder, unclean } = this.#meta.losses;
    if (newFolder === "pending") return "newFolder";
    return unclean === "pending" ? "unclean" : "clean";
  }

  get meta(): MetaProperties {
    return this.#meta;
  }

  /**
   * The cluster knows this life: what was lost, was lost before that epoch. Without room for it the
   * next start counts as another loss. Later epochs are of a ZooKeeper that was made anew or restored
   * since: left as they are they would put in doubt, for ever, what comes now.
   */
  async noteRegistered(
    brokerEpoch: BrokerEpoch,
    dependencies: { readonly fileSystem: FileSystem; readonly logger: Logger },
  ): Promise<void> {
    const { losses, lives, gaps } = this.#meta;
    const upToNow = (epoch: BrokerEpoch | "pending" | undefined) =>
      typeof epoch === "number" && epoch < brokerEpoch ? epoch : brokerEpoch;
    const settled = Object.entries(losses).map(([kind, since]) => [kind, upToNow(since)]);
    const changed = {
      losses: Object.fromEntries(settled),
      lives: { ...lives, former: undefined },
      registeredEpoch: brokerEpoch,
      gaps: gaps.map(({ after, before }) => ({ after, before: upToNow(before) })),
    };
    await this.#bringUpToDate(changed, dependencies);
  }

  /**
   * The broker ran on another folder last, or on a newer state of this one: what it acknowledged
   * there is not here. Durable when it resolves: the next start will find its own life in ZooKeeper.
   */
  async noteOutdated(fileSystem: FileSystem): Promise<void> {
    const { gaps, registeredEpoch } = this.#meta;
    if (gaps.some(({ before }) => before === undefined)) return;
    const gap = { after: registeredEpoch, before: undefined };
    const meta = { ...this.#meta, gaps: joinedGaps([...gaps, gap]) };
    await writeMetaProperties(fileSystem, this.path, meta);
    this.#meta = meta;
  }

  /**
   * From the next start on log start checkpoints are believed: all logs were opened in this one.
   * Without room for it a later start is told.
   */
  async claimStarts(dependencies: {
    readonly fileSystem: FileSystem;
    readonly logger: Logger;
  }): Promise<void> {
    if (this.#meta.areStartsClaimed) return;
    await this.#bringUpToDate({ areStartsClaimed: true }, dependencies);
  }

  async #bringUpToDate(
    changed: Partial<MetaProperties>,
    { fileSystem, logger }: { readonly fileSystem: FileSystem; readonly logger: Logger },
  ): Promise<void> {
    this.#meta = { ...this.#meta, ...changed };
    await writeMetaProperties(fileSystem, this.path, this.#meta).catch((error: unknown) => {
      if (!isNoSpace(error)) throw error;
      logger.warn("meta.properties could not be brought up to date", { cause: String(error) });
    });
  }

  /**
   * Makes the folder when it is missing.
   *
   * @throws ZoologError DATA_FOLDER_LOCKED, INCONSISTENT_CLUSTER_ID, INCONSISTENT_BROKER_ID,
   *   CORRUPT_FILE (meta.properties); the file system's error when the folder is unusable.
   */
  static async take(
    options: {
      readonly dataFolder: string;
      readonly clusterId: string;
      readonly brokerId: BrokerId;
    },
    dependencies: {
      readonly fileSystem: FileSystem;
      readonly random: Random;
      readonly machine: Machine;
      readonly scheduler: Scheduler;
    },
  ): Promise<OwnedFolder> {
    const { fileSystem, machine, random } = dependencies;
    const { dataFolder, clusterId, brokerId } = options;
    await fileSystem.makeDirectory(dataFolder);
    const { release } = await lockFolder(dataFolder, dependencies);
    try {
      const stored = await readMetaProperties(fileSystem, dataFolder);
      if (stored !== undefined) assertSameOwner(dataFolder, stored, options);
      const losses: FolderLosses = { newFolder: "pending" };
      const owner = { clusterId, brokerId, incarnationId: random.uuid() };
      const bootId = await machine.bootId();
      const made: MetaProperties = {
        ...owner,
        areStartsClaimed: true,
        bootId,
        losses,
        lives: { current: random.uuid(), former: undefined },
        registeredEpoch: undefined,
        gaps: [],
      };
      if (stored === undefined) {
        await syncAncestors(dataFolder, fileSystem);
        await writeMetaProperties(fileSystem, dataFolder, made);
      }
      const isClean = await hasCleanShutdownMarker(dataFolder, fileSystem);
      const isSameBoot = bootId !== undefined && stored?.bootId === bootId;
      const survived = isClean || isSameBoot;
      let meta = stored ?? made;
      if (stored !== undefined) {
        const found = { ...(survived ? stored : uncleanBoot(stored)), bootId };
        const next = { ...found, lives: nextLife(found.lives, random) };
        // On a full disk a broker can still serve, as the life that it was before.
        const isWritten = await hadRoom(writeMetaProperties(fileSystem, dataFolder, next));
        meta = isWritten ? next : found;
      }
      // Only now: whenever the process dies, the marker or the boot's name tells the next one.
      await takeCleanShutdownMarker(dataFolder, fileSystem);
      // A start that died before it was registered may not have recovered what the power cut has torn.
      const isTorn = !survived || meta.losses.unclean === "pending";
      return new OwnedFolder(
        {
          path: dataFolder,
          meta,
          shutdown: isClean ? "inOrder" : isTorn ? "unclean" : "processDied",
        },
        { release },
      );
    } catch (error) {
      await release();
      throw error;
    }
  }
}

/** A life that may not have been registered goes on: ZooKeeper has it, or still the one before. */
function nextLife(lives: FolderLives, random: Random): FolderLives {
  if (lives.former !== undefined) return lives;
  return { current: random.uuid(), former: lives.current };
}

/** Somebody who changes folders that often has other worries; the line stays short. */
const GAPS_MAX = 16;

/** The two oldest become one, from the beginning of the first to the end of the second. */
function joinedGaps(gaps: readonly FolderGap[]): readonly FolderGap[] {
  const [first, second, ...rest] = gaps;
  if (first === undefined || second === undefined || gaps.length <= GAPS_MAX) return gaps;
  return [{ after: first.after, before: second.before }, ...rest];
}

/** Whether there was room for it. */
async function hadRoom(writing: Promise<void>): Promise<boolean> {
  try {
    await writing;
    return true;
  } catch (error) {
    if (isNoSpace(error)) return false;
    throw error;
  }
}

function uncleanBoot(meta: MetaProperties): MetaProperties {
  return { ...meta, losses: { ...meta.losses, unclean: "pending" } };
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
