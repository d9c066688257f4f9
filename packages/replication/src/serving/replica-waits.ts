import type { AbortSignalLike, BrokerId, Clock, Scheduler, Timer } from "@zoolog/base";

/**
 * How long news of a high watermark may wait for company: under load the records that follow carry
 * it. Consumers that read from the follower see records by it. Where there are none, it only has to be
 * there before the follower leads, and not even that: a new leader learns it from those who fetch.
 */
const HIGH_WATERMARK_NEWS_MS = { whereConsumersRead: 10, elsewhere: 200 } as const;

/**
 * Calls of one broker that may wait. It has one under way; others are left over from connections that
 * broke, and the oldest is answered when there are too many.
 */
const WAITING_CALLS_MAX = 4;

export type ReplicaWaitsDependencies = {
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  /** Whether consumers may read from the follower. */
  readonly servesConsumers: (follower: BrokerId) => boolean;
};

/**
 * Followers' calls that wait for news. Not a purgatory with its keys: one call names thousands of
 * partitions, and a leader knows who follows a partition.
 */
export class ReplicaWaits {
  readonly #dependencies: ReplicaWaitsDependencies;
  readonly #waits = new Map<BrokerId, Set<ReplicaWait>>();

  constructor(dependencies: ReplicaWaitsDependencies) {
    this.#dependencies = dependencies;
  }

  /** Calls that wait now. */
  get size(): number {
    let size = 0;
    for (const waits of this.#waits.values()) for (const wait of waits) size += +wait.isWaiting;
    return size;
  }

  /** Begins to listen, before the logs are read: what comes meanwhile must not be missed. */
  listen(follower: BrokerId, watches: (partition: string) => boolean): ReplicaWait {
    const ofBroker = this.#waits.get(follower) ?? new Set();
    this.#waits.set(follower, ofBroker);
    const [oldest] = ofBroker;
    if (ofBroker.size >= WAITING_CALLS_MAX && oldest !== undefined) oldest.end();
    const { clock, scheduler, servesConsumers } = this.#dependencies;
    const where = servesConsumers(follower) ? "whereConsumersRead" : "elsewhere";
    const highWatermarkMs = HIGH_WATERMARK_NEWS_MS[where];
    const wait = new ReplicaWait({ watches, highWatermarkMs }, { clock, scheduler });
    ofBroker.add(wait);
    return wait;
  }

  /** The call is answered. */
  leave(follower: BrokerId, wait: ReplicaWait): void {
    const ofBroker = this.#waits.get(follower);
    ofBroker?.delete(wait);
    if (ofBroker?.size === 0) this.#waits.delete(follower);
  }

  /** Something has come for this follower of the partition. */
  notice(partition: string, follower: BrokerId, what: "records" | "highWatermark"): void {
    for (const wait of this.#waits.get(follower) ?? []) wait.notice(partition, what);
  }

  /** Something that concerns whoever asks for the partition. */
  noticeAll(partition: string): void {
    for (const waits of this.#waits.values()) {
      for (const wait of waits) wait.notice(partition, "records");
    }
  }

  /** Answers everything that waits, and lets nothing wait any more. */
  close(): void {
    for (const waits of this.#waits.values()) for (const wait of waits) wait.end();
  }
}

/** One call of a follower: whether there is news for it since it last looked. */
export class ReplicaWait {
  readonly #watches: (partition: string) => boolean;
  readonly #highWatermarkMs: number;
  readonly #clock: Clock;
  readonly #scheduler: Scheduler;
  #news: "none" | "highWatermark" | "records" = "none";
  #ended = false;
  #waiting: { readonly resolve: () => void; readonly timer: Timer } | undefined;
  #soon: Timer | undefined;

  constructor(
    options: {
      readonly watches: (partition: string) => boolean;
      /** How long news of a high watermark may wait. */
      readonly highWatermarkMs: number;
    },
    dependencies: { readonly clock: Clock; readonly scheduler: Scheduler },
  ) {
    this.#watches = options.watches;
    this.#highWatermarkMs = options.highWatermarkMs;
    this.#clock = dependencies.clock;
    this.#scheduler = dependencies.scheduler;
  }

  /** There are too many, or the broker closes: answer now. */
  get isEnded(): boolean {
    return this.#ended;
  }

  get isWaiting(): boolean {
    return this.#waiting !== undefined;
  }

  /** The logs are read from now on: only what comes later is news. */
  look(): void {
    this.#news = "none";
  }

  /** A high watermark that the last look found counts as news of now. */
  sawHighWatermark(): void {
    if (this.#news === "none") this.#news = "highWatermark";
  }

  notice(partition: string, what: "records" | "highWatermark"): void {
    if (this.#news === "records" || this.#news === what || !this.#watches(partition)) return;
    this.#news = what;
    if (what === "records") this.#wake();
    else if (this.#waiting !== undefined) this.#wakeSoon();
  }

  /** The call has to be answered, whatever there is. */
  end(): void {
    this.#ended = true;
    this.#wake();
  }

  /** Resolves at news, at the deadline (monotonic), or when the caller has gone. */
  async until(deadline: number, signal: AbortSignalLike | undefined): Promise<void> {
    const leftMs = deadline - this.#clock.monotonic();
    if (this.#ended || this.#news === "records" || leftMs <= 0 || signal?.aborted === true) return;
    const onAbort = (): void => this.#wake();
    signal?.addEventListener("abort", onAbort, { once: true });
    await new Promise<void>((resolve) => {
      const timer = this.#scheduler.after(Math.ceil(leftMs), () => this.#wake());
      this.#waiting = { resolve, timer };
      if (this.#news === "highWatermark") this.#wakeSoon();
    });
    signal?.removeEventListener("abort", onAbort);
  }

  #wakeSoon(): void {
    this.#soon ??= this.#scheduler.after(this.#highWatermarkMs, () => this.#wake());
  }

  #wake(): void {
    this.#soon?.cancel();
    this.#soon = undefined;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.timer.cancel();
    waiting?.resolve();
  }
}
