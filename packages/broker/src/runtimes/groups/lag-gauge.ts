import {
  errorMessage,
  type Logger,
  runInBackground,
  type Scheduler,
  type Timer,
} from "@zoolog/base";

/** `unanswered`: partitions of which it is not known. */
export type MeasuredLag = {
  readonly lag: number;
  readonly lagMs?: number;
  readonly unanswered: number;
};

export type LagGaugeDependencies = {
  /** The groups that this broker coordinates right now. */
  readonly groups: () => readonly string[];
  /** `undefined`: it cannot be told at the moment. */
  readonly measure: (groupId: string) => Promise<MeasuredLag | undefined>;
  readonly scheduler: Scheduler;
  readonly logger: Logger;
};

/**
 * Groups whose lag is a metric: each is two series for as long as the broker runs. More than these
 * are counted, and asked for one by one (`group-lag`).
 */
const MEASURED_GROUPS_MAX = 500;

/**
 * How far the groups of this broker are behind, for scrapes: measured in rounds of its own, as each
 * group is read from ZooKeeper and asked of the leaders. One group at a time, so that a round with
 * many groups takes long and nobody else's place.
 */
export class LagGauge {
  readonly #dependencies: LagGaugeDependencies;
  readonly #timer: Timer;
  #lags: ReadonlyMap<string, MeasuredLag> = new Map();
  #isMeasuring = false;
  #closed = false;

  constructor(options: { readonly intervalMs: number }, dependencies: LagGaugeDependencies) {
    this.#dependencies = dependencies;
    this.#timer = dependencies.scheduler.every(options.intervalMs, () => this.#measure());
  }

  /** Of the last round; groups that have gone elsewhere meanwhile are not in it. */
  get lags(): ReadonlyMap<string, MeasuredLag> {
    return this.#lags;
  }

  close(): void {
    this.#closed = true;
    this.#timer.cancel();
  }

  #measure(): void {
    if (this.#isMeasuring) return;
    this.#isMeasuring = true;
    runInBackground("measure lags", this.#dependencies.logger, async () => {
      try {
        this.#lags = await this.#round();
      } finally {
        this.#isMeasuring = false;
      }
    });
  }

  async #round(): Promise<ReadonlyMap<string, MeasuredLag>> {
    const { groups, measure, logger } = this.#dependencies;
    const lags = new Map<string, MeasuredLag>();
    for (const groupId of groups().slice(0, MEASURED_GROUPS_MAX)) {
      if (this.#closed) break;
      try {
        const lag = await measure(groupId);
        if (lag !== undefined) lags.set(groupId, lag);
      } catch (error) {
        logger.debug("lag not measured", { group: groupId, error: errorMessage(error) });
      }
    }
    return lags;
  }
}
