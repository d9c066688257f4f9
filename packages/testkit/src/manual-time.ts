import { type Clock, type Scheduler, type Timer, timestamp } from "@zoolog/base";

type Pending = { readonly due: number; readonly sequence: number; readonly run: () => void };

/** Time that stands still until a test moves it. Timers fire inside `advance`, in order of due. */
export class ManualTime {
  #monotonic: number;
  #wall: number;
  #sequence = 0;
  readonly #pending = new Set<Pending>();

  constructor(options: { readonly startAt?: number } = {}) {
    this.#monotonic = 0;
    this.#wall = options.startAt ?? 1_700_000_000_000;
  }

  readonly clock: Clock = {
    now: () => timestamp(this.#wall),
    monotonic: () => this.#monotonic,
  };

  readonly scheduler: Scheduler = {
    after: (delayMs, task) => this.#schedule(delayMs, task),
    every: (periodMs, task) => {
      let timer: Timer;
      const again = (): void => {
        timer = this.#schedule(periodMs, again);
        task();
      };
      timer = this.#schedule(periodMs, again);
      return { cancel: () => timer.cancel() };
    },
    soon: (task) => void this.#schedule(0, task),
  };

  /** Timers that have neither fired nor been cancelled. */
  get pendingTimers(): number {
    return this.#pending.size;
  }

  /** Moves both clocks on, firing what falls due on the way. */
  advance(ms: number): void {
    const target = this.#monotonic + ms;
    for (;;) {
      const next = this.#earliest();
      if (next === undefined || next.due > target) break;
      this.#moveTo(Math.max(next.due, this.#monotonic));
      this.#pending.delete(next);
      next.run();
    }
    this.#moveTo(target);
  }

  /**
   * Like `advance`, with a turn of the event loop after each timer: what a timer started with
   * promises has run (and may have set timers of its own) before the next one fires.
   */
  async advanceAndSettle(ms: number): Promise<void> {
    const target = this.#monotonic + ms;
    await turnOfTheEventLoop();
    for (;;) {
      const next = this.#earliest();
      if (next === undefined || next.due > target) break;
      this.advance(Math.max(0, next.due - this.#monotonic));
      await turnOfTheEventLoop();
    }
    this.#moveTo(target);
  }

  /** What the promise comes to, once no more than `withinMs` of this time have passed. */
  async outcome<T>(promise: Promise<T>, withinMs: number): Promise<T> {
    let settled: { value: T } | { error: unknown } | undefined;
    void promise.then(
      (value) => {
        settled = { value };
      },
      (error: unknown) => {
        settled = { error };
      },
    );
    for (let waited = 0; settled === undefined && waited <= withinMs; waited += 10) {
      await this.advanceAndSettle(10);
    }
    if (settled === undefined) throw new Error(`not settled within ${withinMs} ms`);
    if ("error" in settled) throw settled.error;
    return settled.value;
  }

  /** Sets the wall clock alone, as an operator or NTP does. */
  jumpWallClock(ms: number): void {
    this.#wall += ms;
  }

  #moveTo(monotonic: number): void {
    this.#wall += monotonic - this.#monotonic;
    this.#monotonic = monotonic;
  }

  #schedule(delayMs: number, run: () => void): Timer {
    const pending = { due: this.#monotonic + delayMs, sequence: this.#sequence, run };
    this.#sequence += 1;
    this.#pending.add(pending);
    return { cancel: () => void this.#pending.delete(pending) };
  }

  #earliest(): Pending | undefined {
    let earliest: Pending | undefined;
    for (const pending of this.#pending) {
      const earlier =
        earliest === undefined ||
        pending.due < earliest.due ||
        (pending.due === earliest.due && pending.sequence < earliest.sequence);
      if (earlier) earliest = pending;
    }
    return earliest;
  }
}

function turnOfTheEventLoop(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
