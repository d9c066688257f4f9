import type { Schedule } from "../schedule/schedule.ts";

/** What is on its way when a fault ends (a proposal, a session that ends) has arrived after it, ms. */
const CALM_AFTER_MS = 10_000;

/** All of ZooKeeper: disturbed while any of its servers is. */
export const ENSEMBLE = "zookeeper";

/**
 * Whom faults keep from being reached, from being heard or from going on, now or a moment ago: such a
 * one may be on its way out of its ISRs although ZooKeeper does not say so yet.
 */
export class Disturbances {
  readonly #schedule: Schedule;
  readonly #active = new Map<string, number>();
  readonly #endedAt = new Map<string, number>();

  constructor(dependencies: { readonly schedule: Schedule }) {
    this.#schedule = dependencies.schedule;
  }

  /** @returns to be called when the fault is over. */
  begin(struck: readonly string[]): () => void {
    const isOfEnsemble = struck.some((name) => name.startsWith(`${ENSEMBLE}-`));
    const names = isOfEnsemble ? [...struck, ENSEMBLE] : struck;
    for (const name of names) this.#active.set(name, (this.#active.get(name) ?? 0) + 1);
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      for (const name of names) {
        this.#active.set(name, (this.#active.get(name) ?? 1) - 1);
        this.#endedAt.set(name, this.#schedule.nowMs);
      }
    };
  }

  /** @param withinMs how long ago the last one may have ended. */
  has(name: string, withinMs = CALM_AFTER_MS): boolean {
    if ((this.#active.get(name) ?? 0) > 0) return true;
    const endedAt = this.#endedAt.get(name);
    return endedAt !== undefined && this.#schedule.nowMs - endedAt < withinMs;
  }
}
