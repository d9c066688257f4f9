import type { Clock, Scheduler, Timer } from "@zoolog/base";
import type { CoordinationStore } from "@zoolog/coordination";
import type { Authority } from "@zoolog/replication";
import { holdsLease, leaseMs } from "./lease.ts";

export type FreezeGuardDependencies = {
  readonly store: Pick<CoordinationStore, "leaseRemainingMs" | "sessionTimeoutMs">;
  /** The image that is followed knows this registration of ours, and what came with it. */
  readonly isKnown: () => boolean;
  /** The process stood still: the cluster image is to be confirmed as soon as can be. */
  readonly onThaw: () => void;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
};

/** Often enough that what the event loop does between two looks is no freeze. */
const LOOK_EVERY_MS = 200;

/**
 * What this broker may acknowledge (docs/decisions/015-authority-after-a-freeze.md). A process that
 * was stopped does not notice it: its timers and requests go on as if nothing had been, while others
 * were elected in its place. So each question looks at the clock first.
 */
export class FreezeGuard {
  readonly #dependencies: FreezeGuardDependencies;
  readonly #timer: Timer;
  #lookedAt: number;
  /** Since when nothing is acknowledged. */
  #thawedAt: number | undefined;

  constructor(dependencies: FreezeGuardDependencies) {
    this.#dependencies = dependencies;
    this.#lookedAt = dependencies.clock.monotonic();
    this.#timer = dependencies.scheduler.every(LOOK_EVERY_MS, () => this.#look());
  }

  /** Asked at the moment of each acknowledgement. */
  authority(): Authority {
    this.#look();
    const { store, isKnown } = this.#dependencies;
    if (holdsLease(store) && isKnown()) {
      this.#thawedAt = undefined;
      return "lease";
    }
    return this.#thawedAt === undefined ? "epochsOnly" : "none";
  }

  /** A controller has confirmed the image to a question asked at `askedAt` (monotonic). */
  confirmed(askedAt: number): void {
    if (this.#thawedAt !== undefined && askedAt >= this.#thawedAt) this.#thawedAt = undefined;
  }

  close(): void {
    this.#timer.cancel();
  }

  #look(): void {
    const { clock, store, onThaw } = this.#dependencies;
    const now = clock.monotonic();
    const stoodStillMs = now - this.#lookedAt;
    this.#lookedAt = now;
    if (stoodStillMs <= leaseMs(store)) return;
    this.#thawedAt = now;
    onThaw();
  }
}
