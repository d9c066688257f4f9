import { type Clock, deferred, type Scheduler } from "@zoolog/base";

/**
 * How long the appends of one call keep the event loop to themselves. Walking an ordinary batch of
 * 1 MiB takes a few milliseconds, one that inflates to the limit of 64 MiB some sixty: a body of
 * 32 MiB has room for thousands of those.
 */
const TURN_MS = 20;

/**
 * Turns of the event loop that belong to everybody else after that. libuv accepts one connection per
 * turn: with one, a health check would wait behind every client that has just come.
 */
const TURNS_BETWEEN = 16;

/**
 * Does the appends of a call in order, and lets everybody else have the event loop in between when
 * they take long. Calls that come meanwhile wait behind it, so that the batches of a partition are
 * appended in the order in which their calls came.
 */
export class AppendTurns {
  readonly #clock: Clock;
  readonly #scheduler: Scheduler;
  /** Ends with the call that gave its turn away before it was done. */
  #paused: Promise<void> | undefined;

  constructor(dependencies: { readonly clock: Clock; readonly scheduler: Scheduler }) {
    this.#clock = dependencies.clock;
    this.#scheduler = dependencies.scheduler;
  }

  /** Where nothing takes long and nobody is paused, all is appended before this returns. */
  async run<Batch, Pending>(
    batches: readonly Batch[],
    append: (batch: Batch) => Pending,
  ): Promise<readonly Pending[]> {
    // Whoever is first in line may pause in turn; the others find that and wait on, in order.
    while (this.#paused !== undefined) await this.#paused;
    const pending: Pending[] = [];
    const done = deferred<void>();
    try {
      let turnBegan = this.#clock.monotonic();
      for (const batch of batches) {
        if (this.#clock.monotonic() - turnBegan >= TURN_MS) {
          this.#paused = done.promise;
          for (let turn = 0; turn < TURNS_BETWEEN; turn++) {
            await new Promise<void>((resolve) => this.#scheduler.soon(resolve));
          }
          turnBegan = this.#clock.monotonic();
        }
        pending.push(append(batch));
      }
    } finally {
      if (this.#paused === done.promise) this.#paused = undefined;
      done.resolve();
    }
    return pending;
  }
}
