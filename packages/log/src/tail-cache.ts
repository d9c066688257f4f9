import type { Offset } from "@zoolog/base";

/** Memory that holds the bytes of several batches, until the last of them is dropped. */
type Slab = {
  readonly memory: Buffer;
  used: number;
  /** Those that are not dropped. */
  batches: number;
  /** All that were put here, in the order of their appends. */
  readonly entries: CachedBatch[];
};

type CachedBatch = {
  readonly owner: TailCache;
  readonly baseOffset: Offset;
  readonly nextOffset: Offset;
  readonly bytes: Buffer;
  readonly slab: Slab;
  dropped: boolean;
};

/** A batch as it was appended. */
export type TailBatch = {
  readonly baseOffset: Offset;
  readonly nextOffset: Offset;
  readonly bytes: Buffer;
};

/**
 * Larger batches are read from the file: the page cache answers for them nearly as fast, and keeping
 * them here would hand every byte produced to the garbage collector.
 */
const CACHED_BATCH_BYTES_MAX = 16 * 1024;
/** Large enough that memory is made seldom, small enough that it is given back soon. */
const SLAB_BYTES = 256 * 1024;
/** A small budget still has several slabs, so that dropping the oldest leaves the newer ones. */
const SLABS_MIN = 4;
/** Emptied places at the front of a partition's batches before they are packed. */
const SLACK_MAX = 1024;

/**
 * Memory that the tail caches of all partitions share. The batches appended longest ago go first,
 * whichever partition they are of, so a busy partition takes room from an idle one.
 *
 * Bytes are copied, so that who appended may use their own memory again, into slabs that fill in
 * the order of the appends and therefore become free in that order, too.
 */
export class TailCacheBudget {
  readonly #slabsMax: number;
  readonly #slabBytes: number;
  readonly #batchBytesMax: number;
  /** The oldest first; the last one is being filled. */
  readonly #slabs: Slab[] = [];

  /** @param options.bytesMax 0 turns the caches off. */
  constructor(options: { readonly bytesMax: number }) {
    this.#slabBytes = Math.min(SLAB_BYTES, Math.floor(options.bytesMax / SLABS_MIN));
    this.#slabsMax = this.#slabBytes === 0 ? 0 : Math.floor(options.bytesMax / this.#slabBytes);
    this.#batchBytesMax = Math.min(CACHED_BATCH_BYTES_MAX, this.#slabBytes);
  }

  /** Memory of all slabs. */
  get sizeInBytes(): number {
    return this.#slabs.length * this.#slabBytes;
  }

  /** True when a batch of that size may be cached at all. */
  admits(bytes: number): boolean {
    return bytes <= this.#batchBytesMax;
  }

  /** Copies a batch that is admitted. The oldest ones are dropped where it needs their room. */
  add(owner: TailCache, { baseOffset, nextOffset, bytes }: TailBatch): CachedBatch {
    const slab = this.#slabFor(bytes.length);
    const start = slab.used;
    slab.used += bytes.copy(slab.memory, start);
    const kept = slab.memory.subarray(start, slab.used);
    const cached = { owner, baseOffset, nextOffset, bytes: kept, slab, dropped: false };
    slab.entries.push(cached);
    slab.batches += 1;
    return cached;
  }

  dropped(batch: CachedBatch): void {
    batch.dropped = true;
    batch.slab.batches -= 1;
    if (batch.slab !== this.#slabs.at(-1)) this.#freeIfEmpty(batch.slab);
  }

  #slabFor(bytes: number): Slab {
    const last = this.#slabs.at(-1);
    if (last !== undefined && last.used + bytes <= last.memory.length) return last;
    if (last !== undefined) this.#freeIfEmpty(last);
    while (this.#slabs.length >= this.#slabsMax) this.#dropOldestSlab();
    // Readers may still hold views of a dropped one: no memory is written twice.
    const memory = Buffer.allocUnsafeSlow(this.#slabBytes);
    const slab: Slab = { memory, used: 0, batches: 0, entries: [] };
    this.#slabs.push(slab);
    return slab;
  }

  #freeIfEmpty(slab: Slab): void {
    const index = slab.batches === 0 ? this.#slabs.indexOf(slab) : -1;
    if (index >= 0) this.#slabs.splice(index, 1);
  }

  #dropOldestSlab(): void {
    const oldest = this.#slabs.shift();
    // Of each partition these are the oldest, as slabs fill in the order of the appends.
    for (const batch of oldest?.entries ?? []) if (!batch.dropped) batch.owner.dropOldest();
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

  /** Adds copies of batches that were appended together. */
  add(batches: readonly TailBatch[]): void {
    for (const batch of batches) {
      const end = this.#batches.at(-1)?.nextOffset;
      const isGap = end !== undefined && end !== batch.baseOffset;
      const isAdmitted = this.#budget.admits(batch.bytes.length);
      if (isGap || !isAdmitted) this.clear();
      if (!isAdmitted) continue;
      // Before the list is looked at: this may drop batches of ours.
      const cached = this.#budget.add(this, batch);
      this.#batches.push(cached);
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
    if (this.#head > SLACK_MAX && this.#head * 2 > this.#batches.length) {
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
