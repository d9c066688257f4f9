import type { Clock, Scheduler, Timer } from "@zoolog/base";

/**
 * For how long a member may trust that its partitions are its own. The coordinator counts a session
 * from when a heartbeat arrives, we from when it was sent: ours ends first.
 */
export class SessionLease {
  readonly #clock: Clock;
  readonly #scheduler: Scheduler;
  readonly #onExpired: () => void;
  #until = Number.NEGATIVE_INFINITY;
  #timer: Timer | undefined;

  constructor(
    options: { readonly onExpired: () => void },
    dependencies: { readonly clock: Clock; readonly scheduler: Scheduler },
  ) {
    this.#onExpired = options.onExpired;
    this.#clock = dependencies.clock;
    this.#scheduler = dependencies.scheduler;
  }

  /** By the monotonic clock, ms. */
  get until(): number {
    return this.#until;
  }

  /** What was sent then has been answered. */
  renew(sentAt: number, sessionTimeoutMs: number): void {
    this.#until = Math.max(this.#until, sentAt + sessionTimeoutMs);
    this.#timer?.cancel();
    const remainingMs = Math.max(0, Math.ceil(this.#until - this.#clock.monotonic()));
    this.#timer = this.#scheduler.after(remainingMs, () => {
      this.#timer = undefined;
      this.#onExpired();
    });
  }

  end(): void {
    this.#until = Number.NEGATIVE_INFINITY;
    this.#timer?.cancel();
    this.#timer = undefined;
  }
}
