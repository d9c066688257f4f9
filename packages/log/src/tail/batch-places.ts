import { assert, type Offset } from "@zoolog/base";

/** Room for so many batches at first: most partitions of a broker are quiet. */
const CAPACITY_MIN = 16;
/** Less than this part of the room in use: half of it is given back. */
const USED_PART_MIN = 8;

/**
 * Where the cached batches of one partition lie, the oldest first. Numbers in rings, not objects: of
 * those there would be hundreds of thousands, each old enough to be moved and then marked by every
 * full collection, which takes both cores of a small machine for tens of milliseconds.
 */
export class BatchPlaces {
  #capacity = 0;
  #offsets = new Float64Array(0);
  #addresses = new Float64Array(0);
  #sizes = new Uint32Array(0);
  /** The place of the oldest in the rings. */
  #head = 0;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** Batches for which there is room. */
  get capacity(): number {
    return this.#capacity;
  }

  /** @param index 0 is the oldest, `length - 1` the newest. */
  baseOffset(index: number): Offset {
    return this.#offsets[this.#at(index)] as Offset;
  }

  address(index: number): number {
    return this.#addresses[this.#at(index)] ?? 0;
  }

  sizeInBytes(index: number): number {
    return this.#sizes[this.#at(index)] ?? 0;
  }

  push(baseOffset: Offset, address: number, sizeInBytes: number): void {
    if (this.#length === this.#capacity) {
      this.#resize(Math.max(CAPACITY_MIN, this.#capacity * 2));
    }
    this.#length += 1;
    const at = this.#at(this.#length - 1);
    this.#offsets[at] = baseOffset;
    this.#addresses[at] = address;
    this.#sizes[at] = sizeInBytes;
  }

  dropOldest(): void {
    assert(this.#length > 0, "no batch to drop");
    this.#head = (this.#head + 1) % this.#capacity;
    this.#length -= 1;
    this.#shrink();
  }

  dropNewest(): void {
    assert(this.#length > 0, "no batch to drop");
    this.#length -= 1;
    this.#shrink();
  }

  /** The newest batch that begins at or below an offset; -1: they all begin above it. */
  indexOf(offset: Offset): number {
    let [low, high] = [-1, this.#length - 1];
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (this.baseOffset(middle) <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  #at(index: number): number {
    assert(index >= 0 && index < this.#length, "no batch of that number");
    return (this.#head + index) % this.#capacity;
  }

  #shrink(): void {
    const isSparse = this.#length * USED_PART_MIN <= this.#capacity;
    if (isSparse && this.#capacity > CAPACITY_MIN) this.#resize(this.#capacity / 2);
  }

  #resize(capacity: number): void {
    const offsets = new Float64Array(capacity);
    const addresses = new Float64Array(capacity);
    const sizes = new Uint32Array(capacity);
    for (let index = 0; index < this.#length; index++) {
      offsets[index] = this.baseOffset(index);
      addresses[index] = this.address(index);
      sizes[index] = this.sizeInBytes(index);
    }
    [this.#offsets, this.#addresses, this.#sizes] = [offsets, addresses, sizes];
    this.#capacity = capacity;
    this.#head = 0;
  }
}
