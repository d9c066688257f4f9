/**
 * ZooKeeper's serialisation (jute), written a second time on purpose: tests of the client and the
 * server must not share the code that they test.
 */
export class WireWriter {
  readonly #chunks: Buffer[] = [];

  int(value: number): this {
    const bytes = Buffer.alloc(4);
    bytes.writeInt32BE(value);
    return this.raw(bytes);
  }

  long(value: bigint): this {
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64BE(value);
    return this.raw(bytes);
  }

  boolean(value: boolean): this {
    return this.raw(Buffer.of(value ? 1 : 0));
  }

  /** `undefined` is null: a length of −1. */
  buffer(value: Uint8Array | undefined): this {
    this.int(value === undefined ? -1 : value.length);
    return value === undefined ? this : this.raw(value);
  }

  string(value: string | undefined): this {
    return this.buffer(value === undefined ? undefined : Buffer.from(value, "utf8"));
  }

  strings(values: readonly string[]): this {
    this.int(values.length);
    for (const value of values) this.string(value);
    return this;
  }

  raw(bytes: Uint8Array): this {
    this.#chunks.push(Buffer.from(bytes));
    return this;
  }

  bytes(): Buffer {
    return Buffer.concat(this.#chunks);
  }

  /** With its length in front. */
  frame(): Buffer {
    const body = this.bytes();
    return Buffer.concat([new WireWriter().int(body.length).bytes(), body]);
  }
}

export class WireReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get remaining(): number {
    return this.#bytes.length - this.#at;
  }

  int(): number {
    this.#at += 4;
    return this.#bytes.readInt32BE(this.#at - 4);
  }

  long(): bigint {
    this.#at += 8;
    return this.#bytes.readBigInt64BE(this.#at - 8);
  }

  boolean(): boolean {
    this.#at += 1;
    return this.#bytes.readUInt8(this.#at - 1) !== 0;
  }

  buffer(): Buffer | undefined {
    const length = this.int();
    if (length < 0) return undefined;
    if (length > this.remaining) throw new RangeError(`${length} bytes, ${this.remaining} left`);
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  string(): string | undefined {
    return this.buffer()?.toString("utf8");
  }

  vector<T>(element: (reader: this) => T): T[] {
    return Array.from({ length: Math.max(0, this.int()) }, () => element(this));
  }

  rest(): Buffer {
    return this.#bytes.subarray(this.#at);
  }
}

/** Cuts a stream into frames (without their lengths). For peers we trust to send sane lengths. */
export class WireFrames {
  #pending = Buffer.alloc(0);

  push(chunk: Buffer): Buffer[] {
    this.#pending = Buffer.concat([this.#pending, chunk]);
    const frames: Buffer[] = [];
    while (this.#pending.length >= 4) {
      const end = 4 + this.#pending.readInt32BE(0);
      if (this.#pending.length < end) break;
      frames.push(this.#pending.subarray(4, end));
      this.#pending = this.#pending.subarray(end);
    }
    return frames;
  }
}
