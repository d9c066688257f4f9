import { ZoologError } from "./errors.ts";

/**
 * Runs tasks one after the other, in the order of `run`. One per partition, per group, per
 * connection: whoever runs inside owns the state, with no other lock.
 */
export class SerialQueue {
  readonly #waitingMax: number;
  #tail: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  /** @param options.waitingMax tasks that may wait; one more is refused with `QUEUE_FULL`. */
  constructor(options: { readonly waitingMax: number }) {
    this.#waitingMax = options.waitingMax;
  }

  /** Tasks that have not ended yet. */
  get size(): number {
    return this.#waiting;
  }

  /** Settles as `task` does. A failed task does not stop the ones behind it. */
  run<T>(task: () => Promise<T> | T): Promise<T> {
    if (this.#waiting >= this.#waitingMax) {
      return Promise.reject(
        new ZoologError({
          code: "QUEUE_FULL",
          message: `${this.#waiting} tasks are waiting already`,
          retriable: true,
          hint: "Slow down and try again.",
        }),
      );
    }
    this.#waiting += 1;
    const result = this.#tail.then(task);
    this.#tail = result.then(this.#ended, this.#ended);
    return result;
  }

  /** Resolves when every task that was given before has ended. */
  async idle(): Promise<void> {
    await this.#tail;
  }

  readonly #ended = (): void => {
    this.#waiting -= 1;
  };
}
