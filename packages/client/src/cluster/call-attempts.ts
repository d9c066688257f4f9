import { type AbortSignalLike, type Clock, errorCode, type Random } from "@zoolog/base";
import type { AttemptOptions } from "@zoolog/calls";
import { type BackoffOptions, backoffDelayMs } from "../backoff.ts";
import { brokersUnreachable, callTimedOut } from "../errors.ts";

/** How long a call may take with all its attempts, and who may end it. */
export type CallLimits = {
  readonly timeoutMs: number;
  readonly signal?: AbortSignalLike | undefined;
};

export type CallAttemptsOptions = BackoffOptions & {
  /** One attempt, ms. */
  readonly requestTimeoutMs: number;
  /** How long a call goes on while no broker can be connected to at all, ms. */
  readonly unreachableTimeoutMs: number;
};

/** The attempts of one call, whichever brokers they go to: how long each may take, when to end. */
export class CallAttempts {
  readonly #options: CallAttemptsOptions;
  readonly #call: string;
  readonly #limits: CallLimits;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #startedAt: number;
  #failures = 0;
  /** Somebody was there, even if the answer was of no use. */
  #answered = false;
  #reason: unknown;

  constructor(
    options: CallAttemptsOptions & { readonly call: string; readonly limits: CallLimits },
    dependencies: { readonly clock: Clock; readonly random: Random },
  ) {
    this.#options = options;
    this.#call = options.call;
    this.#limits = options.limits;
    this.#clock = dependencies.clock;
    this.#random = dependencies.random;
    this.#startedAt = this.#clock.monotonic();
  }

  /** What the next attempt is given. */
  next(): AttemptOptions {
    const { signal, timeoutMs } = this.#limits;
    const remainingMs = Math.ceil(this.#startedAt + timeoutMs - this.#clock.monotonic());
    const { requestTimeoutMs } = this.#options;
    return { timeoutMs: Math.min(requestTimeoutMs, Math.max(1, remainingMs)), signal };
  }

  /**
   * An attempt failed in a way that may pass. Answers how long to wait before the next one, ms: the
   * next broker is asked at once, and after all of them have failed it is time to wait.
   *
   * @throws ZoologError `REQUEST_TIMED_OUT`, `BROKER_UNREACHABLE` when there shall be no next one.
   */
  failed(error: unknown, attempt: AttemptOptions, endpoints: readonly string[]): number {
    this.#failures += 1;
    this.#note(error, attempt);
    const roundEnds = this.#failures % endpoints.length === 0;
    const rounds = this.#failures / endpoints.length;
    const pauseMs = roundEnds ? backoffDelayMs(rounds, this.#options, this.#random) : 0;
    const { timeoutMs } = this.#limits;
    const patienceMs = this.#answered ? timeoutMs : this.#options.unreachableTimeoutMs;
    const elapsedMs = this.#clock.monotonic() - this.#startedAt;
    if (elapsedMs + pauseMs < Math.min(timeoutMs, patienceMs)) return pauseMs;
    if (this.#answered) throw callTimedOut(this.#call, timeoutMs, this.#reason);
    throw brokersUnreachable(endpoints, this.#reason);
  }

  #note(error: unknown, attempt: AttemptOptions): void {
    const code = errorCode(error);
    // An attempt that the end of the call cut short says nothing about the broker.
    const cutShort = attempt.timeoutMs < this.#options.requestTimeoutMs;
    const saysNothing = cutShort && code === "REQUEST_TIMED_OUT" && this.#reason !== undefined;
    if (saysNothing) return;
    this.#reason = error;
    this.#answered ||= code !== "CONNECTION_REFUSED" && code !== "NETWORK_EXCEPTION";
  }
}
