import type { Offset, Scheduler, Timer } from "@zoolog/base";

/** The answer that the reader waits for comes first: what it takes from other partitions, and its sending. */
const DELAY_MS = 2;

/** A reader that has not come back by then has stopped, or is too slow to notice. */
const KEPT_MS = 1_000;

/** What decides where a read ends. */
type Extent = { readonly maxBytes: number; readonly upTo: Offset };

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

  /** @param read reads what is requested; does not reject. */
  begin<Read>(request: Extent, read: () => Promise<Read>): PieceAhead<Read> | undefined {
    const { maxBytes } = request;
    if (this.#isClosed || this.#reservedBytes + maxBytes > this.#bytesMax) return undefined;
    this.#reservedBytes += maxBytes;
    const piece = new PieceAhead(request, read, {
      scheduler: this.#scheduler,
      onDropped: () => this.#unlink(piece),
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
  readonly #onDropped: () => void;
  #timer: Timer;
  #reading: Promise<Read> | undefined;
  #isDropped = false;

  constructor(
    request: Extent,
    read: () => Promise<Read>,
    parts: { readonly scheduler: Scheduler; readonly onDropped: () => void },
  ) {
    this.request = request;
    this.#onDropped = parts.onDropped;
    this.#timer = parts.scheduler.after(DELAY_MS, () => {
      this.#reading = read();
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
    const reading = this.#isDropped ? undefined : this.#reading;
    void this.drop();
    return wanted.maxBytes === maxBytes && wanted.upTo >= upTo ? reading : undefined;
  }

  /** Resolves when nothing is being read. */
  async drop(): Promise<void> {
    if (!this.#isDropped) {
      this.#isDropped = true;
      this.#timer.cancel();
      this.#onDropped();
    }
    await this.#reading;
  }
}
