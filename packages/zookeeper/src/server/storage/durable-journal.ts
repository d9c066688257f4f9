import {
  assert,
  errorCode,
  errorMessage,
  type FileSystem,
  type Logger,
  type Random,
  runInBackground,
  type Scheduler,
  type Timer,
} from "@zoolog/base";
import { storageFailed } from "../errors.ts";
import type { Journal } from "../pipeline/write-pipeline.ts";
import { ZXIDS_PER_EPOCH } from "../pipeline/write-pipeline.ts";
import type { LoggedTransaction } from "../tree/transaction.ts";
import { logFiles, snapshotFiles } from "./file-names.ts";
import { LogFile } from "./log-file.ts";
import { type SnapshotSource, writeSnapshot } from "./snapshot-file.ts";

export type DurableJournalOptions = {
  readonly folder: string;
  readonly epoch: number;
  /** The last transaction in the log so far. */
  readonly lastZxid: number;
  /** Transactions that a restart would have to replay already. */
  readonly replayed: number;
  readonly snapshotEveryTransactions: number;
};

export type DurableJournalDependencies = {
  readonly fileSystem: FileSystem;
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly logger: Logger;
  readonly onFailure: (error: Error) => void;
};

/** A restart reads this much at most besides a snapshot. */
const LOG_BYTES_BETWEEN_SNAPSHOTS = 64 * 1024 * 1024;

/** The newest one could be damaged, and so could the one before. */
const SNAPSHOTS_KEPT = 3;

/** How long a full disk is left alone before the same write is tried again. */
const FULL_DISK_RETRY_MS = 1000;

/** Who is told what is durable, and whose state snapshots hold. `ServerCore`, seen from here. */
export interface JournalOwner {
  committed(zxid: number): void;
  beginSnapshot(): SnapshotSource;
}

/**
 * The transaction log with group commit: while one batch is written and fsynced, what comes in
 * meanwhile gathers for the next. Takes snapshots and removes what they make superfluous.
 *
 * A full disk holds up writes until there is room again; any other failure of the disk ends the
 * server (`onFailure`), because after a failed fsync nobody knows what is on the disk.
 */
export class DurableJournal implements Journal {
  readonly #options: DurableJournalOptions;
  readonly #dependencies: DurableJournalDependencies;
  #log: LogFile;
  #owner: JournalOwner | undefined;
  #gathering: LoggedTransaction[] = [];
  #running: Promise<void> | undefined;
  #snapshot: Promise<void> | undefined;
  #transactionsSinceSnapshot: number;
  #bytesSinceSnapshot = 0;
  #state: "open" | "closing" | "failed" = "open";
  #wakeFromFullDisk: (() => void) | undefined;

  private constructor(
    options: DurableJournalOptions,
    dependencies: DurableJournalDependencies,
    log: LogFile,
  ) {
    this.#options = options;
    this.#dependencies = dependencies;
    this.#log = log;
    this.#transactionsSinceSnapshot = options.replayed;
  }

  /** Begins the epoch's log file: from here on the epoch is taken, whatever happens. */
  static async open(
    options: DurableJournalOptions,
    dependencies: DurableJournalDependencies,
  ): Promise<DurableJournal> {
    const { folder, epoch, lastZxid } = options;
    const log = await LogFile.create(
      { folder, baseZxid: epoch * ZXIDS_PER_EPOCH, previousZxid: lastZxid },
      dependencies,
    );
    return new DurableJournal(options, dependencies, log);
  }

  /** To be called before the first `append`. */
  attach(owner: JournalOwner): void {
    this.#owner = owner;
  }

  append(logged: LoggedTransaction): void {
    if (this.#state !== "open") return;
    this.#gathering.push(logged);
    if (this.#running !== undefined) return;
    const { logger } = this.#dependencies;
    const running = this.#commitAll();
    this.#running = running;
    runInBackground(
      "zookeeper log",
      logger,
      () => running,
      (error) => this.#fail(error),
    );
  }

  /** What was appended is made durable first, unless the disk is full. Idempotent. */
  async close(): Promise<void> {
    if (this.#state === "open") this.#state = "closing";
    this.#wakeFromFullDisk?.();
    await this.#running?.catch(() => {});
    await this.#snapshot;
    await this.#log.close();
  }

  async #commitAll(): Promise<void> {
    const owner = this.#owner;
    assert(owner !== undefined, "attach comes before append");
    // One turn of the event loop: requests that have arrived together are committed together.
    await new Promise<void>((resolve) => this.#dependencies.scheduler.soon(resolve));
    while (this.#gathering.length > 0 && this.#state !== "failed") {
      const batch = this.#gathering;
      this.#gathering = [];
      if (!(await this.#commit(batch))) return;
      owner.committed(this.#log.lastZxid);
      if (this.#isSnapshotDue()) await this.#beginSnapshot(owner);
    }
    this.#running = undefined;
  }

  /** False when it was given up because the server closes. */
  async #commit(batch: readonly LoggedTransaction[]): Promise<boolean> {
    for (let attempt = 1; ; attempt++) {
      try {
        const before = this.#log.sizeBytes;
        await this.#log.append(batch);
        this.#transactionsSinceSnapshot += batch.length;
        this.#bytesSinceSnapshot += this.#log.sizeBytes - before;
        return true;
      } catch (error) {
        if (errorCode(error) !== "ENOSPC") throw error;
        await this.#log.undoWrite();
        if (this.#state !== "open") return false;
        const { logger } = this.#dependencies;
        logger.error("the disk is full: writes wait", { folder: this.#options.folder, attempt });
        await this.#waitForSpace();
      }
    }
  }

  async #waitForSpace(): Promise<void> {
    let timer: Timer | undefined;
    await new Promise<void>((resolve) => {
      this.#wakeFromFullDisk = resolve;
      timer = this.#dependencies.scheduler.after(FULL_DISK_RETRY_MS, resolve);
    });
    timer?.cancel();
    this.#wakeFromFullDisk = undefined;
  }

  #isSnapshotDue(): boolean {
    if (this.#snapshot !== undefined || this.#state !== "open") return false;
    return (
      this.#transactionsSinceSnapshot >= this.#options.snapshotEveryTransactions ||
      this.#bytesSinceSnapshot >= LOG_BYTES_BETWEEN_SNAPSHOTS
    );
  }

  /**
   * A new log file begins exactly where the snapshot stands, so that with the snapshot all files
   * before it can go one day.
   */
  async #beginSnapshot(owner: JournalOwner): Promise<void> {
    const source = owner.beginSnapshot();
    this.#transactionsSinceSnapshot = 0;
    this.#bytesSinceSnapshot = 0;
    try {
      await this.#roll(source.zxid);
    } catch (error) {
      source.znodes.end();
      if (errorCode(error) !== "ENOSPC") throw error;
      this.#dependencies.logger.error("no room for a snapshot", { folder: this.#options.folder });
      return;
    }
    this.#snapshot = this.#writeSnapshot(source).finally(() => {
      this.#snapshot = undefined;
    });
  }

  async #roll(baseZxid: number): Promise<void> {
    const full = this.#log;
    const { folder } = this.#options;
    const previousZxid = full.lastZxid;
    this.#log = await LogFile.create({ folder, baseZxid, previousZxid }, this.#dependencies);
    await full.close();
  }

  /** Never rejects: a snapshot that fails is a pity, not a danger, because the log has it all. */
  async #writeSnapshot(source: SnapshotSource): Promise<void> {
    const { folder } = this.#options;
    const { fileSystem, logger } = this.#dependencies;
    try {
      const isAborted = (): boolean => this.#state !== "open";
      await writeSnapshot({ folder, isAborted }, source, fileSystem);
      await this.#removeSuperfluous();
      logger.info("snapshot written", { folder, zxid: source.zxid });
    } catch (error) {
      if (this.#state !== "open") return;
      logger.error("snapshot failed", { folder, error: errorMessage(error) });
    }
  }

  async #removeSuperfluous(): Promise<void> {
    const { folder } = this.#options;
    const { fileSystem } = this.#dependencies;
    const names = await fileSystem.readDirectory(folder);
    const snapshots = snapshotFiles(names);
    const oldestKept = snapshots.at(-SNAPSHOTS_KEPT);
    if (oldestKept === undefined) return;
    const logs = logFiles(names);
    const firstNeeded = logs.findLastIndex(({ zxid }) => zxid <= oldestKept.zxid);
    const superfluous = [
      ...snapshots.slice(0, -SNAPSHOTS_KEPT),
      ...logs.slice(0, Math.max(0, firstNeeded)),
    ];
    if (superfluous.length === 0) return;
    for (const { name } of superfluous) await fileSystem.remove(`${folder}/${name}`);
    await fileSystem.syncDirectory(folder);
  }

  #fail(error: unknown): void {
    if (this.#state === "failed") return;
    this.#state = "failed";
    this.#dependencies.onFailure(storageFailed(error));
  }
}
