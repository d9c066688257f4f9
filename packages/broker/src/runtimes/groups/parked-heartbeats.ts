import { type AbortSignalLike, type Deferred, deferred, type Scheduler } from "@zoolog/base";
import type { GroupBudget } from "./group-budget.ts";

/**
 * Heartbeats of one group that were heard and decided, and whose answers wait until their member
 * has something to hear: so it hears of a change when it happens, not an interval later. An answer
 * that has waited says nothing but "ask again": what is new is decided by the next heartbeat.
 */
export class ParkedHeartbeats {
  readonly #scheduler: Scheduler;
  readonly #budget: GroupBudget;
  /** The newest of each member: of an older one nobody reads the answer any more. */
  readonly #parked = new Map<string, Deferred<void>>();

  constructor(dependencies: { readonly scheduler: Scheduler; readonly budget: GroupBudget }) {
    this.#scheduler = dependencies.scheduler;
    this.#budget = dependencies.budget;
  }

  /**
   * Resolves when the member is woken or `waitMs` are over; answers false at once when this broker
   * has no room for one more that waits.
   *
   * @throws what `end` was given; the signal's reason.
   */
  async park(
    memberId: string,
    { waitMs, signal }: { readonly waitMs: number; readonly signal: AbortSignalLike },
  ): Promise<boolean> {
    this.#parked.get(memberId)?.resolve();
    if (!this.#budget.park()) return false;
    const woken = deferred<void>();
    this.#parked.set(memberId, woken);
    const timer = this.#scheduler.after(waitMs, () => woken.resolve());
    const onAbort = (): void => woken.reject(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      if (signal.aborted) onAbort();
      await woken.promise;
      return true;
    } finally {
      timer.cancel();
      signal.removeEventListener("abort", onAbort);
      this.#budget.unpark();
      if (this.#parked.get(memberId) === woken) this.#parked.delete(memberId);
    }
  }

  /** Answers those whose members have something to hear. */
  wake(hasNews: (memberId: string) => boolean): void {
    for (const [memberId, woken] of this.#parked) if (hasNews(memberId)) woken.resolve();
  }

  /** Everybody who waits is told `error`. */
  end(error: unknown): void {
    for (const woken of this.#parked.values()) woken.reject(error);
  }
}
