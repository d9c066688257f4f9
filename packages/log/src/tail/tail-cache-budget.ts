import { assert } from "@zoolog/base";

/** Whoever has batches in a slab that is dropped. */
export interface SlabOwner {
  /** Everything below this address is gone. */
  dropBelow(address: number): void;
}

/** Memory that holds the bytes of several batches, until the last of them is dropped. */
type Slab = {
  /** Of its first byte. */
  readonly address: number;
  readonly memory: Buffer;
  used: number;
  /** Those that are not dropped. */
  batches: number;
  /** Who has put batches here. */
  readonly owners: Set<SlabOwner>;
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

/**
 * Memory that the tail caches of all partitions share. The batches appended longest ago go first,
 * whichever partition they are of, so a busy partition takes room from an idle one.
 *
 * Bytes are copied, so that who appended may use their own memory again, into slabs that fill in
 * the order of the appends and therefore become free in that order, too. Where a batch lies is told
 * by a number, its address: addresses grow with the appends and are never given twice.
 */
export class TailCacheBudget {
  readonly #slabsMax: number;
  readonly #slabBytes: number;
  readonly #batchBytesMax: number;
  /** By what their addresses have in common; the oldest first. */
  readonly #slabs = new Map<number, Slab>();
  /** The one that is being filled. */
  #newest: Slab | undefined;
  #nextNumber = 0;

  /** @param options.bytesMax 0 turns the caches off. */
  constructor(options: { readonly bytesMax: number }) {
    this.#slabBytes = Math.min(SLAB_BYTES, Math.floor(options.bytesMax / SLABS_MIN));
    this.#slabsMax = this.#slabBytes === 0 ? 0 : Math.floor(options.bytesMax / this.#slabBytes);
    this.#batchBytesMax = Math.min(CACHED_BATCH_BYTES_MAX, this.#slabBytes);
  }

  /** Memory of all slabs. */
  get sizeInBytes(): number {
    return this.#slabs.size * this.#slabBytes;
  }

  /** True when a batch of that size may be cached at all. */
  admits(bytes: number): boolean {
    return bytes <= this.#batchBytesMax;
  }

  /** Copies a batch that is admitted. The oldest ones are dropped where it needs their room. */
  add(owner: SlabOwner, bytes: Buffer): number {
    const slab = this.#slabFor(bytes.length);
    const address = slab.address + slab.used;
    slab.used += bytes.copy(slab.memory, slab.used);
    slab.batches += 1;
    slab.owners.add(owner);
    return address;
  }

  /** A view that stays as it is, also when the batch is dropped. */
  bytesAt(address: number, sizeInBytes: number): Buffer {
    const slab = this.#slabOf(address);
    assert(slab !== undefined, "a batch that was dropped has no bytes");
    const start = address - slab.address;
    return slab.memory.subarray(start, start + sizeInBytes);
  }

  /** Its owner does not want it any more. */
  drop(address: number): void {
    const slab = this.#slabOf(address);
    if (slab === undefined) return;
    slab.batches -= 1;
    if (slab !== this.#newest) this.#freeIfEmpty(slab);
  }

  #slabFor(bytes: number): Slab {
    const newest = this.#newest;
    if (newest !== undefined && newest.used + bytes <= newest.memory.length) return newest;
    if (newest !== undefined) this.#freeIfEmpty(newest);
    while (this.#slabs.size >= this.#slabsMax) this.#dropOldestSlab();
    // Readers may still hold views of a dropped one: no memory is written twice.
    const memory = Buffer.allocUnsafeSlow(this.#slabBytes);
    const number = this.#nextNumber++;
    const address = number * this.#slabBytes;
    const slab: Slab = { address, memory, used: 0, batches: 0, owners: new Set() };
    this.#slabs.set(number, slab);
    this.#newest = slab;
    return slab;
  }

  #slabOf(address: number): Slab | undefined {
    return this.#slabs.get(this.#numberOf(address));
  }

  #numberOf(address: number): number {
    return Math.floor(address / this.#slabBytes);
  }

  #freeIfEmpty({ address, batches }: Slab): void {
    if (batches === 0) this.#slabs.delete(this.#numberOf(address));
  }

  #dropOldestSlab(): void {
    for (const [number, oldest] of this.#slabs) {
      this.#slabs.delete(number);
      // Of each partition these are the oldest, as slabs fill in the order of the appends.
      for (const owner of oldest.owners) owner.dropBelow(oldest.address + this.#slabBytes);
      return;
    }
  }
}
