/** What happened, as far as it tells one run from another. */
export type TraceEntry = {
  readonly atMs: number;
  readonly actor: string;
  readonly kind: string;
};

/** An entry with what only helps to read it: no part of the hash. */
export type RecordedEntry = TraceEntry & {
  /** Who sent the message that arrives here, and when. */
  readonly from?: string;
  readonly sentAtMs?: number;
  readonly text?: string;
};

/** Something that lasts: a fault. */
export type TraceBand = {
  readonly what: string;
  /** Whom it strikes. */
  readonly actors: readonly string[];
  readonly fromMs: number;
  /** `undefined`: it has not ended. */
  toMs: number | undefined;
};

/** The newest entries that are kept for a report. */
const KEPT_ENTRIES = 2_000;

/** Of what came before the first violation. */
const HELD_ENTRIES = 100;

/** Events from one checkpoint of the hash to the next: two runs differ first between two of them. */
const CHECKPOINT_EVENTS = 4_096;

const FNV_BASIS = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

/**
 * Everything that happened in a world, as one number: equal for two runs of one seed, whatever the
 * machine was doing meanwhile. The newest entries are kept to be read; with `recordedMax` so many of
 * them, and with them who sent what arrives and what was only told.
 */
export class Trace {
  readonly isRecording: boolean;
  readonly bands: TraceBand[] = [];
  readonly #keptMax: number;
  readonly #entries: RecordedEntry[] = [];
  /** Actors and kinds are few, and each comes many thousand times. */
  readonly #words = new Map<string, number>();
  readonly #checkpoints: string[] = [];
  #held: readonly RecordedEntry[] | undefined;
  #next = 0;
  #hash = FNV_BASIS;
  #mixed = 0x9e3779b9;
  #count = 0;
  #nowMs = 0;

  constructor(options: { readonly recordedMax?: number } = {}) {
    this.isRecording = options.recordedMax !== undefined;
    this.#keptMax = options.recordedMax ?? KEPT_ENTRIES;
  }

  /** Number of events so far. */
  get count(): number {
    return this.#count;
  }

  /** True time of the newest event. */
  get nowMs(): number {
    return this.#nowMs;
  }

  /** 16 hexadecimal digits. */
  get hash(): string {
    const digits = (word: number): string => (word >>> 0).toString(16).padStart(8, "0");
    return digits(this.#hash) + digits(this.#mixed);
  }

  /** The hash after each 4,096 events. */
  get checkpoints(): readonly string[] {
    return this.#checkpoints;
  }

  add(entry: TraceEntry): void {
    this.#count += 1;
    this.#nowMs = entry.atMs;
    // Microseconds: doubles are exact, but only whole numbers are hashed.
    this.#mix(Math.round(entry.atMs * 1_000));
    this.#mix(this.#wordOf(entry.actor));
    this.#mix(this.#wordOf(entry.kind));
    if (this.#count % CHECKPOINT_EVENTS === 0) this.#checkpoints.push(this.hash);
    this.#keep(entry);
  }

  /** Beside the events, where somebody reads the trace: a line of a log, what a fault does. */
  tell(actor: string, kind: string, text: string): void {
    if (this.isRecording) this.#keep({ atMs: this.#nowMs, actor, kind, text });
  }

  /** Something that must hold does not: what led to it is kept, however long the world goes on. */
  violated(what: string): void {
    this.tell("world", "violation", what);
    this.#held ??= this.newest().slice(-HELD_ENTRIES);
  }

  /** The newest entries when a violation was first seen, oldest first; `undefined`: none was. */
  get beforeViolation(): readonly RecordedEntry[] | undefined {
    return this.#held;
  }

  /** A fault begins. @returns to be called when it has ended. */
  begin(what: string, actors: readonly string[]): () => void {
    const band: TraceBand = { what, actors, fromMs: this.#nowMs, toMs: undefined };
    this.bands.push(band);
    return () => {
      band.toMs ??= this.#nowMs;
    };
  }

  /** @returns what delivers a message: the entry of its arrival then says where it came from. */
  sent(from: string, sentAtMs: number, deliver: () => void): () => void {
    if (!this.isRecording) return deliver;
    return () => {
      const at = (this.#next + this.#keptMax - 1) % this.#keptMax;
      const arrival = this.#entries[at];
      if (arrival !== undefined) this.#entries[at] = { ...arrival, from, sentAtMs };
      deliver();
    };
  }

  /** The newest entries that were kept, oldest first. */
  newest(): readonly RecordedEntry[] {
    return [...this.#entries.slice(this.#next), ...this.#entries.slice(0, this.#next)];
  }

  #keep(entry: RecordedEntry): void {
    this.#entries[this.#next] = entry;
    this.#next = (this.#next + 1) % this.#keptMax;
  }

  #wordOf(text: string): number {
    const known = this.#words.get(text);
    if (known !== undefined) return known;
    let word = FNV_BASIS;
    for (let i = 0; i < text.length; i++) word = Math.imul(word ^ text.charCodeAt(i), FNV_PRIME);
    this.#words.set(text, word);
    return word;
  }

  #mix(word: number): void {
    this.#hash = Math.imul(this.#hash ^ (word | 0), FNV_PRIME);
    this.#mixed = Math.imul((this.#mixed << 5) ^ (this.#mixed >>> 27) ^ (word | 0), 0x85ebca6b);
  }
}
