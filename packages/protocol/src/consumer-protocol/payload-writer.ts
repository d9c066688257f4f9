const STRING_BYTES_MAX = 0x7fff;

/** Writes Kafka's non-flexible encoding. Payloads are small and rare: clarity over speed. */
export class PayloadWriter {
  readonly #chunks: Buffer[] = [];

  int16(value: number): this {
    const bytes = Buffer.alloc(2);
    bytes.writeInt16BE(value);
    this.#chunks.push(bytes);
    return this;
  }

  int32(value: number): this {
    const bytes = Buffer.alloc(4);
    bytes.writeInt32BE(value);
    this.#chunks.push(bytes);
    return this;
  }

  string(value: string | undefined): this {
    if (value === undefined) return this.int16(-1);
    const bytes = Buffer.from(value, "utf8");
    if (bytes.length > STRING_BYTES_MAX) throw new RangeError("a text takes at most 32767 bytes");
    this.int16(bytes.length);
    this.#chunks.push(bytes);
    return this;
  }

  bytes(value: Uint8Array | undefined): this {
    if (value === undefined) return this.int32(-1);
    this.int32(value.length);
    this.#chunks.push(Buffer.from(value));
    return this;
  }

  list<T>(items: readonly T[], element: (item: T) => void): this {
    this.int32(items.length);
    for (const item of items) element(item);
    return this;
  }

  done(): Buffer {
    return Buffer.concat(this.#chunks);
  }
}
