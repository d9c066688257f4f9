/** Thrown inside this folder only: what a member sent cannot be read. */
export class PayloadFault extends Error {}

/**
 * Reads Kafka's non-flexible encoding from bytes that somebody else made: lengths are checked
 * against what is there before anything is allocated.
 */
export class PayloadReader {
  readonly #bytes: Buffer;
  #position = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get ended(): boolean {
    return this.#position === this.#bytes.length;
  }

  int16(): number {
    return this.#bytes.readInt16BE(this.#take(2));
  }

  int32(): number {
    return this.#bytes.readInt32BE(this.#take(4));
  }

  string(): string {
    const value = this.nullableString();
    if (value === undefined) throw new PayloadFault("a text that must be there is null");
    return value;
  }

  nullableString(): string | undefined {
    const length = this.int16();
    if (length < 0) return undefined;
    const start = this.#take(length);
    return this.#bytes.toString("utf8", start, start + length);
  }

  nullableBytes(): Buffer | undefined {
    const length = this.int32();
    if (length < 0) return undefined;
    const start = this.#take(length);
    return Buffer.from(this.#bytes.subarray(start, start + length));
  }

  /** @param elementBytesMin what one element takes at least, so that a count cannot lie. */
  list<T>(elementBytesMin: number, element: () => T): T[] {
    const count = this.int32();
    const available = this.#bytes.length - this.#position;
    if (count < 0 || count * elementBytesMin > available) {
      throw new PayloadFault(`${available} bytes cannot hold ${count} elements`);
    }
    return Array.from({ length: count }, element);
  }

  #take(count: number): number {
    const start = this.#position;
    if (start + count > this.#bytes.length) {
      throw new PayloadFault(`it ends in the middle, after ${this.#bytes.length} bytes`);
    }
    this.#position += count;
    return start;
  }
}
