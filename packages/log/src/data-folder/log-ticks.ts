import {
  errorCode,
  errorMessage,
  inParallel,
  type Logger,
  type Scheduler,
  type Timer,
} from "@zoolog/base";
import type { Log } from "../log.ts";
import type { LogDirectory } from "../log-directory.ts";

/** Milliseconds between the rounds of each chore. */
export type TickPeriods = {
  /**
   * Bring all logs to the disk, then save their recovery points: a start after a crash scans what
   * was appended since the last round, and up to 16 MiB of each log whose index files are behind.
   */
  readonly flushMs: number;
  /** Save the high watermarks (Kafka's `replica.high.watermark.checkpoint.interval.ms`). */
  readonly highWatermarkMs: number;
  /** Remove expired segments (Kafka's `log.retention.check.interval.ms`). */
  readonly retentionMs: number;
  /** Ask the volume for its free space; leave word of a failed sync where that was refused before. */
  readonly freeSpaceMs: number;
};

const DEFAULT_PERIODS: TickPeriods = {
  flushMs: 10_000,
  highWatermarkMs: 5_000,
  retentionMs: 300_000,
  freeSpaceMs: 1_000,
};

/** Logs a chore works on at a time: background work leaves the disk to the clients. */
const PARALLEL_LOGS = 2;

/** The regular chores of a data folder. A round that takes longer than its period is not doubled. */
export class LogTicks {
  readonly #logs: () => Iterable<Log>;
  readonly #directory: LogDirectory;
  readonly #logger: Logger;
  readonly #timers: Timer[];
  readonly #running = new Map<string, Promise<void>>();
  /** Logs whose settings have changed since they were looked at. */
  readonly #configured = new Set<Log>();
  #isApplying = false;
  #isStopped = false;

  constructor(
    options: { readonly periods: Partial<TickPeriods> },
    dependencies: {
      readonly logs: () => Iterable<Log>;
      readonly directory: LogDirectory;
      readonly scheduler: Scheduler;
      readonly logger: Logger;
    },
  ) {
    const { scheduler, logger, directory } = dependencies;
    this.#logs = dependencies.logs;
    this.#directory = directory;
    this.#logger = logger;
    const periods = { ...DEFAULT_PERIODS, ...options.periods };
    const every = (periodMs: number, name: string, chore: () => Promise<void>): Timer =>
      scheduler.every(periodMs, () => this.soon(name, chore));
    this.#timers = [
      every(periods.flushMs, "flush logs", () => this.#flush()),
      every(periods.highWatermarkMs, "save high watermarks", () => this.#saveHighWatermarks()),
      every(periods.retentionMs, "apply retention", () => this.#applyRetention()),
      every(periods.freeSpaceMs, "look at the volume", () => this.#lookAtVolume()),
    ];
  }

  /**
   * The settings of a log have changed: what they do not keep any more goes now, not with the next
   * round. A topic of many partitions changes them all at once, so they take turns.
   */
  configured(log: Log): void {
    this.#configured.add(log);
    if (this.#isApplying || this.#isStopped) return;
    this.#isApplying = true;
    this.#running.set("apply changed settings", this.#applyChanged());
  }

  /** Runs a chore now, unless one of that name is running. Failures are logged. */
  soon(name: string, chore: () => Promise<void>): void {
    if (this.#isStopped || this.#running.has(name)) return;
    const run = chore()
      .catch((error: unknown) => {
        this.#logger.error("background task failed", { task: name, error: errorMessage(error) });
      })
      .finally(() => this.#running.delete(name));
    this.#running.set(name, run);
  }

  /** Ends the chores and waits for those that run. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    for (const timer of this.#timers) timer.cancel();
    await Promise.all(this.#running.values());
  }

  async #flush(): Promise<void> {
    await this.#forEachLog((log) => log.flush());
    for (const log of this.#logs()) log.noteCheckpoints();
    await this.#directory.saveCheckpoints();
  }

  async #saveHighWatermarks(): Promise<void> {
    for (const log of this.#logs()) log.noteCheckpoints();
    await this.#directory.highWatermarks.save();
  }

  async #lookAtVolume(): Promise<void> {
    const { volume } = this.#directory;
    await volume.leaveWord();
    await volume.refreshFreeSpace();
  }

  async #applyRetention(): Promise<void> {
    await this.#forEachLog((log) => log.applyRetention());
  }

  async #applyChanged(): Promise<void> {
    while (this.#configured.size > 0 && !this.#isStopped) {
      const logs = [...this.#configured];
      this.#configured.clear();
      await this.#forEachLog((log) => log.applyRetention(), logs);
    }
    // In the same turn as the last look: who comes from now on begins anew.
    this.#isApplying = false;
  }

  /** One log's failure is that log's: the others get their turn. */
  async #forEachLog(
    task: (log: Log) => Promise<unknown>,
    logs: Iterable<Log> = this.#logs(),
  ): Promise<void> {
    const serving = [...logs].filter((log) => log.failure === undefined);
    await inParallel(serving, { atOnceMax: PARALLEL_LOGS }, async (log) => {
      await task(log).catch((error: unknown) => {
        if (errorCode(error) === "LOG_CLOSED") return; // Deleted while it waited for its turn.
        const fields = { topicPartition: log.folder, error: errorMessage(error) };
        this.#logger.error("background work on a log failed", fields);
      });
    });
  }
}
