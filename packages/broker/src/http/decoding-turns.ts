import type { Scheduler } from "@zoolog/base";

/**
 * Turns of the event loop that belong to everybody else after each decoding. libuv accepts one
 * connection per turn: with fewer, a health check would wait behind every reader that has just come.
 * Where nobody wants them they take a fraction of a millisecond.
 */
const TURNS_BETWEEN = 32;

/**
 * Decoding records for people keeps the event loop to itself: one batch may inflate to 64 MiB. At
 * most one answer is decoded at a time, in the order of asking and with room for others in between, so
 * that many readers at once wait for each other and nobody else (health checks, producers) for them.
 */
export class DecodingTurns {
  readonly #scheduler: Scheduler;
  /** At most as many as there are calls in flight. */
  readonly #waiting: (() => void)[] = [];
  /** Turns that are left to the others; 0 when whoever asks may decode at once. */
  #turnsLeft = 0;

  constructor(dependencies: { readonly scheduler: Scheduler }) {
    this.#scheduler = dependencies.scheduler;
  }

  /** Resolves when it is the caller's turn. Decode at once then, without another `await`. */
  take(): Promise<void> {
    if (this.#turnsLeft > 0) {
      return new Promise((resolve) => {
        this.#waiting.push(resolve);
      });
    }
    this.#rest();
    return Promise.resolve();
  }

  #rest(): void {
    this.#turnsLeft = TURNS_BETWEEN;
    this.#scheduler.soon(this.#turn);
  }

  readonly #turn = (): void => {
    this.#turnsLeft -= 1;
    if (this.#turnsLeft > 0) {
      this.#scheduler.soon(this.#turn);
      return;
    }
    const next = this.#waiting.shift();
    if (next === undefined) return;
    this.#rest();
    next();
  };
}
