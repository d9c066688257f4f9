import type { LeaderEpoch } from "@zoolog/base";
import { Fifo } from "../../fifo.ts";

/** One record that is being handled. */
export type HandledEntry = {
  readonly nextOffset: number;
  /** Under which it was written. */
  readonly leaderEpoch: LeaderEpoch | undefined;
  isHandled: boolean;
};

/**
 * Which records of a partition are handled, when they end in any order. What may be committed is
 * the low-water mark: with 5 and 7 handled and 6 not, the next start is 6 and 7 is read again.
 */
export class HandledOffsets {
  readonly #entries = new Fifo<HandledEntry>();
  /** Behind the last that was begun or passed. */
  #end = 0;

  /** Records that were begun and are not below the mark yet. */
  get size(): number {
    return this.#entries.size;
  }

  begin(offset: number, leaderEpoch: LeaderEpoch | undefined): HandledEntry {
    const entry = { nextOffset: offset + 1, leaderEpoch, isHandled: false };
    this.#entries.push(entry);
    this.#end = entry.nextOffset;
    return entry;
  }

  /** Up to there is no record: handled with what was begun before. */
  pass(nextOffset: number, leaderEpoch: LeaderEpoch | undefined): void {
    if (nextOffset <= this.#end) return;
    this.#entries.push({ nextOffset, leaderEpoch, isHandled: true });
    this.#end = nextOffset;
  }

  /** The last below the new low-water mark, where that has moved: it may be of a newer epoch. */
  finish(entry: HandledEntry): HandledEntry | undefined {
    entry.isHandled = true;
    let last: HandledEntry | undefined;
    for (let first = this.#entries.first(); first?.isHandled; first = this.#entries.first()) {
      last = first;
      this.#entries.shift();
    }
    return last;
  }
}
