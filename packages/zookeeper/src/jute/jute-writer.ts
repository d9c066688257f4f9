const INITIAL_BYTES = 4096;

/** A scratch buffer that grew beyond this is given back after the frame that needed it. */
const KEPT_BYTES_MAX = 64 * 1024;

/** Writes jute (see `JuteReader`) into a scratch buffer that is used again and again. */
export class JuteWriter {
  #bytes = Buffer.allocUnsafeSlow(INITIAL_BYTES);
  #length = 0;

  /** Bytes written since the last `clear`. */
  get length(): number {
    return this.#length;
  }

  /** Forgets what was written after the first `length` bytes. */
  truncateTo(length: number): void {
    this.#length = length;
  }

  byte(value: number): void {
    const at = this.#grow(1); // First: it may replace the buffer.
    this.#bytes.writeUInt8(value, at);
  }

  boolean(value: boolean): void {
    this.byte(value ? 1 : 0);
  }

  int(value: number): void {
    const at = this.#grow(4);
    this.#bytes.writeInt32BE(value, at);
  }

  /** A safe integer. */
  long(value: number): void {
    const at = this.#grow(8);
    this.#writeLong(value, at);
  }

  string(value: string | undefined): void {
    if (value === undefined) {
      this.int(-1);
      return;
    }
    const length = Buffer.byteLength(value);
    const at = this.#grow(4 + length);
    this.#bytes.writeInt32BE(length, at);
    this.#bytes.write(value, at + 4, length, "utf8");
  }

  buffer(value: Uint8Array | undefined): void {
    if (value === undefined) {
      this.int(-1);
      return;
    }
    this.int(value.length);
    this.raw(value);
  }

  /** Bytes without a length before them. */
  raw(value: Uint8Array): void {
    const at = this.#grow(value.length);
    this.#bytes.set(value, at);
  }

  vector<T>(elements: ReadonlySet<T> | readonly T[], write: (element: T) => void): void {
    this.int("size" in elements ? elements.size : elements.length);
    for (const element of elements) write(element);
  }

  /** Overwrites an int that was written before. */
  patchInt(at: number, value: number): void {
    this.#bytes.writeInt32BE(value, at);
  }

  /** Overwrites a long that was written before. */
  patchLong(at: number, value: number): void {
    this.#writeLong(value, at);
  }

  /** What was written, not copied: valid until the next write. */
  view(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  /** A copy of what was written; the writer starts anew. */
  finish(): Buffer {
    const copy = Buffer.allocUnsafe(this.#length);
    this.#bytes.copy(copy, 0, 0, this.#length);
    this.clear();
    return copy;
  }

  clear(): void {
    this.#length = 0;
    if (this.#bytes.length > KEPT_BYTES_MAX) this.#bytes = Buffer.allocUnsafeSlow(INITIAL_BYTES);
  }

  #writeLong(value: number, at: number): void {
    this.#bytes.writeInt32BE(Math.floor(value / 2 ** 32), at);
    this.#bytes.writeUInt32BE(value >>> 0, at + 4);
  }

  #grow(length: number): number {
    const at = this.#length;
    const needed = at + length;
    if (needed > this.#bytes.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.#bytes.length * 2));
      this.#bytes.copy(grown, 0, 0, at);
      this.#bytes = grown;
    }
    this.#length = needed;
    return at;
  }
}
