import type { Offset, Scheduler, Timer } from "@zoolog/base";

/** The answer that the reader waits for comes first: what it takes from other partitions, and its sending. */
const DELAY_MS = 2;

/** A reader that has not come back by then has stopped, or is too slow to notice. */
const KEPT_MS = 1_000;

/** What decides where a read ends. */
type Extent = { readonly maxBytes: number; readonly upTo: Offset };

type Source<Read> = {
  /** Reads what is requested; does not reject. */
  read(): Promise<Read>;
  /** Nobody took it, and nothing refers to it. */
  discard(read: Read): void;
};

/**
 * Reads what a sequential reader will ask for next while it works off what it got, for all logs of a
 * data folder together. A reader of cold data waits for the disk, the copy and the checksums only
 * where it is faster than they are.
 */
export class ReadAhead {
  readonly #bytesMax: number;
  readonly #scheduler: Scheduler;
  /**
   * The pieces are linked. A `Set` that is added to and deleted from at every read allocates in the old
   * generation, and there each allocation may begin a garbage collection: a fifth of the work of a read.
   */
  #newest: PieceAhead<unknown> | undefined;
  #reservedBytes = 0;
  #isClosed = false;

  /** @param options.bytesMax what is held for readers at a time; without room nothing is read ahead. */
  constructor(
    options: { readonly bytesMax: number },
    dependencies: { readonly scheduler: Scheduler },
  ) {
    this.#bytesMax = options.bytesMax;
    this.#scheduler = dependencies.scheduler;
  }

  /** Bytes that are held, or may be read. */
  get reservedBytes(): number {
    return this.#reservedBytes;
  }

  /** Answers `undefined` when there is no room for it. */
  begin<Read>(request: Extent, source: Source<Read>): PieceAhead<Read> | undefined {
    const { maxBytes } = request;
    if (this.#isClosed || this.#reservedBytes + maxBytes > this.#bytesMax) return undefined;
    this.#reservedBytes += maxBytes;
    const piece = new PieceAhead(request, source, {
      scheduler: this.#scheduler,
      onEnd: () => this.#unlink(piece),
    });
    piece.older = this.#newest;
    if (this.#newest !== undefined) this.#newest.newer = piece;
    this.#newest = piece;
    return piece;
  }

  #unlink(piece: PieceAhead<unknown>): void {
    const { newer, older, request } = piece;
    if (newer === undefined) this.#newest = older;
    else newer.older = older;
    if (older !== undefined) older.newer = newer;
    piece.newer = undefined;
    piece.older = undefined;
    this.#reservedBytes -= request.maxBytes;
  }

  /** Drops everything, and waits for reads that are under way. */
  async close(): Promise<void> {
    this.#isClosed = true;
    while (this.#newest !== undefined) await this.#newest.drop();
  }
}

/** What one reader will ask for. It is waited for, read, and taken or dropped. */
export class PieceAhead<Read> {
  readonly request: Extent;
  /** Of all pieces, in the order in which they were begun. */
  newer: PieceAhead<unknown> | undefined;
  older: PieceAhead<unknown> | undefined;
  readonly #source: Source<Read>;
  readonly #onEnd: () => void;
  #timer: Timer;
  /** Not beyond its end: readers are remembered for longer, and would keep the memory. */
  #reading: Promise<Read> | undefined;
  #hasEnded = false;

  constructor(
    request: Extent,
    source: Source<Read>,
    parts: { readonly scheduler: Scheduler; readonly onEnd: () => void },
  ) {
    this.request = request;
    this.#source = source;
    this.#onEnd = parts.onEnd;
    this.#timer = parts.scheduler.after(DELAY_MS, () => {
      this.#reading = source.read();
      this.#timer = parts.scheduler.after(KEPT_MS, () => void this.drop());
    });
  }

  /**
   * What was read, if it answers that request; it is the caller's then.
   *
   * @returns `undefined` when nothing was, or something else.
   */
  take(wanted: Extent): Promise<Read> | undefined {
    const { maxBytes, upTo } = this.request;
    if (wanted.maxBytes === maxBytes && wanted.upTo >= upTo) return this.#end();
    void this.drop();
    return undefined;
  }

  /** Resolves when nothing is being read. */
  async drop(): Promise<void> {
    const reading = this.#end();
    if (reading !== undefined) this.#source.discard(await reading);
  }

  /** What it held is the caller's, and nobody else's. */
  #end(): Promise<Read> | undefined {
    const reading = this.#reading;
    this.#reading = undefined;
    if (!this.#hasEnded) {
      this.#hasEnded = true;
      this.#timer.cancel();
      this.#onEnd();
    }
    return reading;
  }
}
