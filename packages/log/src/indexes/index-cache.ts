import type { SegmentIndexes } from "./segment-indexes.ts";

type Entry = {
  readonly loading: Promise<SegmentIndexes>;
  bytes: number;
  /** Used since the search for one to drop last passed it. */
  isRecent: boolean;
};

export type IndexCacheOptions = {
  /** Memory for indexes of segments that are not being written. */
  readonly bytesMax: number;
};

/**
 * The indexes of closed segments, loaded when a read needs them; when memory is short, those go that
 * were not used for long (second chance, as in `FileHandleCache`).
 * (Indexes of active segments are in memory anyway; they take 0.5 % of their segment's bytes.)
 */
export class IndexCache {
  readonly #bytesMax: number;
  /** By stem of the file names. */
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
      known.isRecent = true;
      return known.loading;
    }
    const entry: Entry = { loading: load(), bytes: 0, isRecent: true };
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
    for (let passes = 2 * this.#entries.size; passes > 0; passes--) {
      if (this.#bytes <= this.#bytesMax) break;
      const [next] = this.#entries;
      if (next === undefined) break;
      const [oldest, candidate] = next;
      if (!candidate.isRecent && candidate !== entry) {
        this.#dropEntry(oldest, candidate);
        continue;
      }
      candidate.isRecent = false;
      this.#entries.delete(oldest);
      this.#entries.set(oldest, candidate);
    }
  }

  #dropEntry(stem: string, entry: Entry): void {
    if (this.#entries.get(stem) !== entry) return;
    this.#entries.delete(stem);
    this.#bytes -= entry.bytes;
  }
}
