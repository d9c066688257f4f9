/**
 * As long as a batch waits at most between two attempts of an election (with its jitter): all that
 * wait for the broker go together then, in one request.
 */
const PAUSE_MS = 120;

/**
 * Brokers where nobody listens. Each batch for itself would find that out again, with a connection
 * and a request of its own, hundreds of them in one failover, while a new leader waits to be found.
 */
export class RefusedEndpoints {
  readonly #until = new Map<string, number>();

  /** @param now by the monotonic clock, ms. */
  refused(endpoint: string, now: number): void {
    this.#until.set(endpoint, now + PAUSE_MS);
  }

  answered(endpoint: string): void {
    this.#until.delete(endpoint);
  }

  /** Nothing is to be sent there before; 0 for most. */
  pausedUntil(endpoint: string): number {
    return this.#until.get(endpoint) ?? 0;
  }
}
