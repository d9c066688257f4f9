import type { Timestamp } from "../ids.ts";

/** Where time comes from. `host` has the real one, `testkit` one that stands still. */
export interface Clock {
  /** Wall clock, milliseconds since 1970. It may jump; never measure a duration with it. */
  now(): Timestamp;
  /** Milliseconds since some fixed moment; never jumps back. For durations and leases. */
  monotonic(): number;
}

/** A pending timer. */
export interface Timer {
  /** Ends the timer; a timer that has fired or was cancelled stays as it is. */
  cancel(): void;
}

/** Where waiting comes from. */
export interface Scheduler {
  /** Runs `task` once after `delayMs` (0 or more). The timer keeps the process alive. */
  after(delayMs: number, task: () => void): Timer;
  /** Runs `task` every `periodMs`, first after one period. */
  every(periodMs: number, task: () => void): Timer;
  /** Runs `task` in a later turn of the event loop, after pending I/O callbacks. */
  soon(task: () => void): void;
}

/** The part of `AbortSignal` that pure packages may know; a real one fits. */
export interface AbortSignalLike {
  readonly aborted: boolean;
  readonly reason: unknown;
  addEventListener(type: "abort", listener: () => void, options?: { once?: boolean }): void;
  removeEventListener(type: "abort", listener: () => void): void;
}

/** Resolves after `delayMs`; rejects with the signal's reason when it aborts first. */
export function sleep(
  scheduler: Scheduler,
  delayMs: number,
  signal?: AbortSignalLike,
): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) {
      reject(signal.reason);
      return;
    }
    const timer = scheduler.after(delayMs, () => {
      signal?.removeEventListener("abort", onAbort);
      resolve();
    });
    const onAbort = (): void => {
      timer.cancel();
      reject(signal?.reason);
    };
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}
