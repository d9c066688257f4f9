import type { SegmentIndexes } from "./segment-indexes.ts";

type Entry = { readonly loading: Promise<SegmentIndexes>; bytes: number };

export type IndexCacheOptions = {
  /** Memory for indexes of segments that are not being written. */
  readonly bytesMax: number;
};

/**
 * The indexes of closed segments, loaded when a read needs them, dropped least recently used first.
 * (Indexes of active segments are in memory anyway; they take 0.5 % of their segment's bytes.)
 */
export class IndexCache {
  readonly #bytesMax: number;
  /** By stem of the file names, in order of use. */
  readonly #entries = new Map<string, Entry>();
  #bytes = 0;

  constructor(options: IndexCacheOptions) {
    this.#bytesMax = options.bytesMax;
  }

  /** Memory taken. */
  get sizeInBytes(): number {
    return this.#bytes;
  }

  /** The indexes of `stem`; concurrent callers share one `load`. A failed load is not kept. */
  get(stem: string, load: () => Promise<SegmentIndexes>): Promise<SegmentIndexes> {
    const known = this.#entries.get(stem);
    if (known !== undefined) {
      this.#entries.delete(stem);
      this.#entries.set(stem, known);
      return known.loading;
    }
    const entry: Entry = { loading: load(), bytes: 0 };
    this.#entries.set(stem, entry);
    entry.loading.then(
      (indexes) => this.#grown(stem, entry, indexes.sizeInBytes),
      () => this.#dropEntry(stem, entry),
    );
    return entry.loading;
  }

  drop(stem: string): void {
    const entry = this.#entries.get(stem);
    if (entry !== undefined) this.#dropEntry(stem, entry);
  }

  #grown(stem: string, entry: Entry, bytes: number): void {
    if (this.#entries.get(stem) !== entry) return;
    entry.bytes = bytes;
    this.#bytes += bytes;
    for (const [oldest, candidate] of this.#entries) {
      if (this.#bytes <= this.#bytesMax || candidate === entry) break;
      this.#dropEntry(oldest, candidate);
    }
  }

  #dropEntry(stem: string, entry: Entry): void {
    if (this.#entries.get(stem) !== entry) return;
    this.#entries.delete(stem);
    this.#bytes -= entry.bytes;
  }
}
