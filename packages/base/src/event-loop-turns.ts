import type { Scheduler } from "./ports/time.ts";

/**
 * Turns of the event loop that belong to everybody else after a slice of long work. libuv accepts
 * one connection per turn: with one, a health check would wait behind every client that has just
 * come. Where nobody wants them they take a fraction of a millisecond.
 */
export const TURNS_FOR_OTHERS = 32;

/** Lets everybody else have the event loop between two slices of long work. */
export async function yieldTurns(scheduler: Scheduler): Promise<void> {
  for (let turn = 0; turn < TURNS_FOR_OTHERS; turn++) {
    await new Promise<void>((resolve) => scheduler.soon(resolve));
  }
}

/**
 * Work that keeps the event loop to itself, one slice at a time: in the order of asking, and with
 * room for everybody else behind each slice, however many there are that want one.
 */
export class EventLoopTurns {
  readonly #scheduler: Scheduler;
  /** Resolves when whoever asks next may begin. */
  #free: Promise<void> = Promise.resolve();

  constructor(dependencies: { readonly scheduler: Scheduler }) {
    this.#scheduler = dependencies.scheduler;
  }

  /** Resolves when it is the caller's turn. Do the slice at once then, without another `await`. */
  take(): Promise<void> {
    const mine = this.#free;
    this.#free = mine.then(() => yieldTurns(this.#scheduler));
    return mine;
  }
}
