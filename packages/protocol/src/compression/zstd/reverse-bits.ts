/**
 * The bit streams of Zstandard's entropy coders, which are read from their last bit to their first.
 * The highest set bit of the last byte only marks the end.
 *
 * Reading beyond the first bit yields zeros, as the format foresees; `left` then is negative, and
 * whoever reads checks it once at the end. The bytes must go on for 4 bytes behind the stream.
 */
export class ReverseBits {
  readonly words: DataView;
  /** Where the stream opened last starts. */
  start = 0;
  /** Bits not read yet; negative after reading too many. */
  left = 0;

  constructor(bytes: Buffer) {
    this.words = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  /** @returns false when the stream is empty or does not end with its mark. */
  open(start: number, end: number): boolean {
    if (end <= start) return false;
    const last = this.words.getUint8(end - 1);
    if (last === 0) return false;
    this.start = start;
    this.left = (end - start) * 8 - (Math.clz32(last) - 24) - 1;
    return true;
  }

  /** Takes up to 25 bits. */
  read(count: number): number {
    this.left -= count;
    return this.left < 0 ? this.#beyond(count) : this.#at(this.left, count);
  }

  /** Looks at the next up to 25 bits; missing ones are zeros at the low end. */
  peek(count: number): number {
    const from = this.left - count;
    if (from >= 0) return this.#at(from, count);
    return this.left <= 0 ? 0 : this.#at(0, this.left) << -from;
  }

  #at(bit: number, count: number): number {
    const word = this.words.getInt32(this.start + (bit >>> 3), true);
    return (word >>> (bit & 7)) & ((1 << count) - 1);
  }

  #beyond(count: number): number {
    const present = this.left + count;
    return present <= 0 ? 0 : this.#at(0, present) << -this.left;
  }
}
