import type { Offset } from "@zoolog/base";

type CachedBatch = {
  readonly owner: TailCache;
  readonly baseOffset: Offset;
  readonly nextOffset: Offset;
  bytes: Buffer;
  dropped: boolean;
};

/** A batch as it was appended. */
export type TailBatch = {
  readonly baseOffset: Offset;
  readonly nextOffset: Offset;
  readonly bytes: Buffer;
};

const NO_BYTES = Buffer.alloc(0);

/**
 * Batches that are a small part of a large buffer would keep all of it in memory. Above this ratio
 * of the buffer to its batches, they are copied.
 */
const PINNED_RATIO_MAX = 2;
/** Emptied places at the front of the queue before it is packed. */
const QUEUE_SLACK_MAX = 1024;

/**
 * Memory that the tail caches of all partitions share. The batch appended longest ago goes first,
 * whichever partition it is of, so a busy partition takes room from an idle one.
 */
export class TailCacheBudget {
  readonly #bytesMax: number;
  #queue: (CachedBatch | undefined)[] = [];
  #head = 0;
  #bytes = 0;

  /** @param options.bytesMax 0 turns the caches off. */
  constructor(options: { readonly bytesMax: number }) {
    this.#bytesMax = options.bytesMax;
  }

  /** Memory taken by batches. */
  get sizeInBytes(): number {
    return this.#bytes;
  }

  /** True when a batch of that size may be cached at all. */
  admits(bytes: number): boolean {
    return bytes <= this.#bytesMax;
  }

  added(batch: CachedBatch): void {
    this.#queue.push(batch);
    this.#bytes += batch.bytes.length;
    while (this.#bytes > this.#bytesMax) {
      const oldest = this.#queue[this.#head];
      this.#queue[this.#head++] = undefined;
      if (oldest !== undefined && !oldest.dropped) oldest.owner.dropOldest();
    }
    if (this.#head > QUEUE_SLACK_MAX && this.#head * 2 > this.#queue.length) {
      this.#queue = this.#queue.slice(this.#head);
      this.#head = 0;
    }
  }

  dropped(batch: CachedBatch): void {
    this.#bytes -= batch.bytes.length;
    batch.dropped = true;
    batch.bytes = NO_BYTES; // The queue may hold the entry for long; the bytes must go now.
  }
}

/**
 * The newest batches of one partition, without a gap up to the log's end: followers and consumers at
 * the tail are answered from here, without the disk.
 */
export class TailCache {
  readonly #budget: TailCacheBudget;
  #batches: (CachedBatch | undefined)[] = [];
  /** Batches before this place were dropped. */
  #head = 0;

  constructor(dependencies: { readonly budget: TailCacheBudget }) {
    this.#budget = dependencies.budget;
  }

  /** Where the cached part begins; `undefined` while nothing is cached. */
  get startOffset(): Offset | undefined {
    return this.#batches[this.#head]?.baseOffset;
  }

  /** Adds batches that were appended together. Takes their bytes over. */
  add(batches: readonly TailBatch[]): void {
    for (const batch of batches) {
      const end = this.#batches.at(-1)?.nextOffset;
      const isGap = end !== undefined && end !== batch.baseOffset;
      if (isGap || !this.#budget.admits(batch.bytes.length)) this.clear();
      if (!this.#budget.admits(batch.bytes.length)) continue;
      const bytes = isSmallPart(batch, batches) ? Buffer.from(batch.bytes) : batch.bytes;
      const { baseOffset, nextOffset } = batch;
      const cached = { owner: this, baseOffset, nextOffset, bytes, dropped: false };
      this.#batches.push(cached);
      this.#budget.added(cached);
    }
  }

  /**
   * Whole batches from the one that contains `from`, up to the limits. `undefined` when `from` is
   * not cached.
   */
  read(request: {
    readonly from: Offset;
    readonly upTo: Offset;
    readonly maxBytes: number;
    readonly minOneBatch: boolean;
  }): { batches: Buffer[]; startOffset: Offset; nextOffset: Offset } | undefined {
    let index = this.#indexOf(request.from);
    const first = index === undefined ? undefined : this.#batches[index];
    if (index === undefined || first === undefined) return undefined;
    const batches: Buffer[] = [];
    let sizeInBytes = 0;
    let nextOffset = request.from;
    for (; index < this.#batches.length; index++) {
      const batch = this.#batches[index];
      if (batch === undefined || batch.nextOffset > request.upTo) break;
      const fits = sizeInBytes + batch.bytes.length <= request.maxBytes;
      if (!fits && !(request.minOneBatch && batches.length === 0)) break;
      batches.push(batch.bytes);
      sizeInBytes += batch.bytes.length;
      nextOffset = batch.nextOffset;
    }
    return { batches, startOffset: batches.length > 0 ? first.baseOffset : nextOffset, nextOffset };
  }

  /** Forgets batches that end above `offset`. */
  truncateTo(offset: Offset): void {
    let last = this.#batches.at(-1);
    while (this.#batches.length > this.#head && last !== undefined && last.nextOffset > offset) {
      this.#batches.pop();
      this.#budget.dropped(last);
      last = this.#batches.at(-1);
    }
  }

  clear(): void {
    while (this.#batches.length > this.#head) this.dropOldest();
    this.#batches = [];
    this.#head = 0;
  }

  /** Called by the budget. */
  dropOldest(): void {
    const oldest = this.#batches[this.#head];
    if (oldest === undefined) return;
    this.#batches[this.#head++] = undefined;
    this.#budget.dropped(oldest);
    if (this.#head > QUEUE_SLACK_MAX && this.#head * 2 > this.#batches.length) {
      this.#batches = this.#batches.slice(this.#head);
      this.#head = 0;
    }
  }

  /** The place of the batch that contains `offset`. */
  #indexOf(offset: Offset): number | undefined {
    const start = this.startOffset;
    const end = this.#batches.at(-1)?.nextOffset;
    if (start === undefined || end === undefined || offset < start || offset >= end) {
      return undefined;
    }
    let [low, high] = [this.#head, this.#batches.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if ((this.#batches[middle]?.baseOffset ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}

function isSmallPart({ bytes }: TailBatch, together: readonly TailBatch[]): boolean {
  const whole = bytes.buffer.byteLength;
  if (whole <= PINNED_RATIO_MAX * bytes.length) return false;
  let used = 0;
  for (const other of together) if (other.bytes.buffer === bytes.buffer) used += other.bytes.length;
  return whole > PINNED_RATIO_MAX * used;
}
