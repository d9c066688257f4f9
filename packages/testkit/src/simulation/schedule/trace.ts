/** What happened, as far as it tells one run from another. */
export type TraceEntry = {
  readonly atMs: number;
  readonly actor: string;
  readonly kind: string;
};

/** The newest entries that are kept for a report. */
const KEPT_ENTRIES = 2_000;

const FNV_PRIME = 0x01000193;

/**
 * Everything that happened in a world, as one number: equal for two runs of one seed, whatever the
 * machine was doing meanwhile. The newest entries are kept to be read.
 */
export class Trace {
  readonly #entries: TraceEntry[] = [];
  #next = 0;
  #hash = 0x811c9dc5;
  #mixed = 0x9e3779b9;
  #count = 0;

  /** Number of entries so far. */
  get count(): number {
    return this.#count;
  }

  /** 16 hexadecimal digits. */
  get hash(): string {
    const digits = (word: number): string => (word >>> 0).toString(16).padStart(8, "0");
    return digits(this.#hash) + digits(this.#mixed);
  }

  add(entry: TraceEntry): void {
    this.#count += 1;
    // Microseconds: doubles are exact, but only whole numbers are hashed.
    this.#mix(Math.round(entry.atMs * 1_000));
    this.#mixText(entry.actor);
    this.#mixText(entry.kind);
    this.#entries[this.#next] = entry;
    this.#next = (this.#next + 1) % KEPT_ENTRIES;
  }

  /** The newest entries, oldest first. */
  newest(): readonly TraceEntry[] {
    return [...this.#entries.slice(this.#next), ...this.#entries.slice(0, this.#next)];
  }

  #mixText(text: string): void {
    for (let i = 0; i < text.length; i++) this.#mix(text.charCodeAt(i));
  }

  #mix(word: number): void {
    this.#hash = Math.imul(this.#hash ^ (word | 0), FNV_PRIME);
    this.#mixed = Math.imul((this.#mixed << 5) ^ (this.#mixed >>> 27) ^ (word | 0), 0x85ebca6b);
  }
}
