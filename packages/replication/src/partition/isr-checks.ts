import type { Clock, Scheduler, Timer } from "@zoolog/base";
import type { PartitionState } from "./partition-state.ts";

export type IsrChecksDependencies = {
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  /** The replicas here; leaders among them are checked. */
  readonly partitions: () => Iterable<{ readonly state: PartitionState }>;
};

/**
 * How often leaders look who lags: often enough that a change that got lost is soon asked for again,
 * and 10,000 leaders cost a millisecond each time.
 */
const CHECK_MS_MAX = 500;

/** Has the leaders here look, again and again, who lags and who may join. */
export class IsrChecks {
  readonly #lagTimeMaxMs: number;
  readonly #dependencies: IsrChecksDependencies;
  #timer: Timer | undefined;
  #checkedAt = 0;

  constructor(options: { readonly lagTimeMaxMs: number }, dependencies: IsrChecksDependencies) {
    this.#lagTimeMaxMs = options.lagTimeMaxMs;
    this.#dependencies = dependencies;
  }

  /** From the first replica on that has others. Idempotent. */
  start(): void {
    if (this.#timer !== undefined) return;
    const { scheduler, clock } = this.#dependencies;
    const periodMs = Math.min(CHECK_MS_MAX, Math.ceil(this.#lagTimeMaxMs / 2));
    this.#checkedAt = clock.monotonic();
    this.#timer = scheduler.every(periodMs, () => this.#check());
  }

  /** Others are there, or leave: the high watermark waits for nobody who will not join (`aboutToJoin`). */
  brokersChanged(): void {
    for (const { state } of this.#dependencies.partitions()) {
      const isWaiting = state.role === "leader" && state.isr.length < state.replicas.length;
      if (isWaiting) state.advanceHighWatermark();
    }
  }

  close(): void {
    this.#timer?.cancel();
  }

  #check(): void {
    const now = this.#dependencies.clock.monotonic();
    const sinceMs = now - this.#checkedAt;
    this.#checkedAt = now;
    // A process that stood still must not take its own absence for its followers'.
    const stoodStill = sinceMs > CHECK_MS_MAX + this.#lagTimeMaxMs / 4;
    for (const { state } of this.#dependencies.partitions()) {
      if (state.role !== "leader") continue;
      if (stoodStill) state.forgiveLag(now);
      state.checkIsr(now);
    }
  }
}
