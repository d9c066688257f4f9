/**
 * Until when, by the own monotonic clock, no server can have expired the session.
 *
 * A server starts the session's timeout again when it *receives* a request, which is after we sent
 * it. So an answer proves: the session lives until the request's sending plus the timeout. Counting
 * from the answer's arrival would promise more than the server does.
 */
export class SessionLease {
  #endsAt = 0;
  #granted = false;

  /** A request sent at `sentAt` was answered. Older answers never shorten the lease. */
  renew(sentAt: number, timeoutMs: number): void {
    this.#endsAt = this.#granted ? Math.max(this.#endsAt, sentAt + timeoutMs) : sentAt + timeoutMs;
    this.#granted = true;
  }

  /** Nobody may count on the session any more. */
  end(): void {
    this.#granted = false;
  }

  /** Milliseconds left; 0 when it is over or never began. */
  remainingMs(now: number): number {
    return this.#granted ? Math.max(0, this.#endsAt - now) : 0;
  }
}
