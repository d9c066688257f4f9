import { Fifo } from "../../fifo.ts";

/** One record that is being handled. */
export type HandledEntry = { readonly nextOffset: number; isHandled: boolean };

/**
 * Which records of a partition are handled, when they end in any order. What may be committed is
 * the low-water mark: with 5 and 7 handled and 6 not, the next start is 6 and 7 is read again.
 */
export class HandledOffsets {
  readonly #entries = new Fifo<HandledEntry>();

  /** Records that were begun and are not below the mark yet. */
  get size(): number {
    return this.#entries.size;
  }

  begin(offset: number): HandledEntry {
    const entry = { nextOffset: offset + 1, isHandled: false };
    this.#entries.push(entry);
    return entry;
  }

  /** The new low-water mark, where it has moved. */
  finish(entry: HandledEntry): number | undefined {
    entry.isHandled = true;
    let mark: number | undefined;
    for (let first = this.#entries.first(); first?.isHandled; first = this.#entries.first()) {
      mark = first.nextOffset;
      this.#entries.shift();
    }
    return mark;
  }
}
