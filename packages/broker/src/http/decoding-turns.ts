import type { Scheduler } from "@zoolog/base";

/**
 * Decoding records for people keeps the event loop to itself: one batch may inflate to 64 MiB. At
 * most one answer is decoded per turn of the event loop, in the order of asking, so that many
 * readers at once wait for each other and nobody else (health checks, producers) waits for them.
 */
export class DecodingTurns {
  readonly #scheduler: Scheduler;
  /** At most as many as there are calls in flight. */
  readonly #waiting: (() => void)[] = [];
  #isTaken = false;

  constructor(dependencies: { readonly scheduler: Scheduler }) {
    this.#scheduler = dependencies.scheduler;
  }

  /** Resolves when it is the caller's turn. Decode at once then, without another `await`. */
  take(): Promise<void> {
    if (this.#isTaken) {
      return new Promise((resolve) => {
        this.#waiting.push(resolve);
      });
    }
    this.#isTaken = true;
    this.#scheduler.soon(this.#passOn);
    return Promise.resolve();
  }

  readonly #passOn = (): void => {
    const next = this.#waiting.shift();
    this.#isTaken = next !== undefined;
    if (next === undefined) return;
    next();
    this.#scheduler.soon(this.#passOn);
  };
}
