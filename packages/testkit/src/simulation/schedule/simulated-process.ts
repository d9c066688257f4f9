import { type Clock, type Random, type Scheduler, type Timer, timestamp } from "@zoolog/base";
import type { Schedule } from "./schedule.ts";

/** The wall clock of every world begins here: 2023-11-14T22:13:20Z. */
const EPOCH_MS = 1_700_000_000_000;

/**
 * One process of a world, with a clock of its own. What it waits for stands still while it is paused,
 * and comes all at once when it goes on; when it is killed nothing of it happens any more.
 */
export class SimulatedProcess {
  readonly name: string;
  readonly random: Random;
  readonly #schedule: Schedule;
  #isAlive = true;
  /** What fell due while it was paused; `undefined` while it runs. */
  #held: (() => void)[] | undefined;
  /** Of the monotonic clock against true time. */
  #rate = 1;
  #monotonicAt = 0;
  #trueAt = 0;
  #wallOffset = 0;

  constructor(
    name: string,
    dependencies: { readonly schedule: Schedule; readonly random: Random },
  ) {
    this.name = name;
    this.random = dependencies.random;
    this.#schedule = dependencies.schedule;
    this.#trueAt = dependencies.schedule.nowMs;
    this.#monotonicAt = dependencies.schedule.nowMs;
  }

  readonly clock: Clock = {
    now: () => timestamp(Math.floor(EPOCH_MS + this.#monotonic() + this.#wallOffset)),
    monotonic: () => this.#monotonic(),
  };

  readonly scheduler: Scheduler = {
    after: (delayMs, task) => this.#after(delayMs, "timer", task),
    every: (periodMs, task) => {
      let timer: Timer;
      const again = (): void => {
        timer = this.#after(periodMs, "period", again);
        task();
      };
      timer = this.#after(periodMs, "period", again);
      return { cancel: () => timer.cancel() };
    },
    soon: (task) => void this.#after(0, "soon", task),
  };

  get isAlive(): boolean {
    return this.#isAlive;
  }

  get isPaused(): boolean {
    return this.#held !== undefined;
  }

  /** Something from outside reaches the process: an answer, the end of a disk operation. */
  receive(task: () => void): void {
    if (!this.#isAlive) return;
    if (this.#held === undefined) task();
    else this.#held.push(task);
  }

  /** By the clock of the process; never resolves once it is dead. */
  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => void this.#after(ms, "sleep", resolve));
  }

  /** As SIGSTOP: clocks go on. */
  pause(): void {
    this.#held ??= [];
  }

  /** As SIGCONT. */
  resume(): void {
    const held = this.#held;
    this.#held = undefined;
    // Each in its turn of the event loop, as they would be taken from their queues.
    for (const task of held ?? []) this.#after(0, "held", task);
  }

  kill(): void {
    this.#isAlive = false;
    this.#held = undefined;
  }

  /** The monotonic clock runs at `rate` times true time from now on. */
  drift(rate: number): void {
    this.#monotonicAt = this.#monotonic();
    this.#trueAt = this.#schedule.nowMs;
    this.#rate = rate;
  }

  /** Sets the wall clock alone, as an operator or NTP does. */
  jumpWallClock(ms: number): void {
    this.#wallOffset += ms;
  }

  #monotonic(): number {
    return this.#monotonicAt + (this.#schedule.nowMs - this.#trueAt) * this.#rate;
  }

  #after(delayMs: number, kind: string, task: () => void): Timer {
    const timer = this.#schedule.after(delayMs / this.#rate, this.name, kind, () => {
      if (!this.#isAlive) return;
      if (this.#held === undefined) task();
      else {
        this.#held.push(() => {
          if (!timer.isCancelled) task();
        });
      }
    });
    return timer;
  }
}
