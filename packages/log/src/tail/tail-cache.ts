import type { Offset } from "@zoolog/base";
import { BatchPlaces } from "./batch-places.ts";
import type { SlabOwner, TailCacheBudget } from "./tail-cache-budget.ts";

/** A batch as it was appended. */
export type TailBatch = {
  readonly baseOffset: Offset;
  readonly nextOffset: Offset;
  readonly bytes: Buffer;
};

/**
 * The newest batches of one partition, without a gap up to the log's end: followers and consumers at
 * the tail are answered from here, without the disk.
 */
export class TailCache implements SlabOwner {
  readonly #budget: TailCacheBudget;
  #places = new BatchPlaces();
  /** Behind the newest batch. */
  #endOffset = 0 as Offset;

  constructor(dependencies: { readonly budget: TailCacheBudget }) {
    this.#budget = dependencies.budget;
  }

  /** Where the cached part begins; `undefined` while nothing is cached. */
  get startOffset(): Offset | undefined {
    return this.#places.length === 0 ? undefined : this.#places.baseOffset(0);
  }

  /** Adds copies of batches that were appended together. */
  add(batches: readonly TailBatch[]): void {
    for (const { baseOffset, nextOffset, bytes } of batches) {
      const isGap = this.#endOffset !== baseOffset;
      const isAdmitted = this.#budget.admits(bytes.length);
      if (isGap || !isAdmitted) this.clear();
      if (!isAdmitted) continue;
      // Before our places are looked at: this may drop batches of ours.
      const address = this.#budget.add(this, bytes);
      this.#places.push(baseOffset, address, bytes.length);
      this.#endOffset = nextOffset;
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
    const { from, upTo, maxBytes, minOneBatch } = request;
    const places = this.#places;
    const first = from < this.#endOffset ? places.indexOf(from) : -1;
    if (first < 0) return undefined;
    const batches: Buffer[] = [];
    let sizeInBytes = 0;
    let nextOffset = from;
    for (let index = first; index < places.length; index++) {
      const endOffset = this.#endOf(index);
      if (endOffset > upTo) break;
      const bytes = places.sizeInBytes(index);
      const fits = sizeInBytes + bytes <= maxBytes;
      if (!fits && !(minOneBatch && batches.length === 0)) break;
      batches.push(this.#budget.bytesAt(places.address(index), bytes));
      sizeInBytes += bytes;
      nextOffset = endOffset;
    }
    const startOffset = batches.length > 0 ? places.baseOffset(first) : nextOffset;
    return { batches, startOffset, nextOffset };
  }

  /** Forgets batches that end above `offset`. */
  truncateTo(offset: Offset): void {
    const places = this.#places;
    while (places.length > 0 && this.#endOffset > offset) {
      const newest = places.length - 1;
      this.#endOffset = places.baseOffset(newest);
      this.#budget.drop(places.address(newest));
      places.dropNewest();
    }
  }

  clear(): void {
    const places = this.#places;
    if (places.length === 0) return;
    for (let index = 0; index < places.length; index++) this.#budget.drop(places.address(index));
    this.#places = new BatchPlaces();
  }

  /** Called by the budget. */
  dropBelow(address: number): void {
    while (this.#places.length > 0 && this.#places.address(0) < address) this.#places.dropOldest();
  }

  /** Batches follow each other without a gap. */
  #endOf(index: number): Offset {
    const next = index + 1;
    return next < this.#places.length ? this.#places.baseOffset(next) : this.#endOffset;
  }
}
