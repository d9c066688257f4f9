import { ZoologError } from "@zoolog/base";

/**
 * Reads jute, the serialisation of ZooKeeper's protocol: big-endian numbers; strings, buffers and
 * vectors behind a 32-bit length or count, −1 for null. Every length is checked against the bytes
 * that are there before anything is allocated.
 */
export class JuteReader {
  readonly #bytes: Buffer;
  #position = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  get remaining(): number {
    return this.#bytes.length - this.#position;
  }

  /** @throws ZoologError `MALFORMED_JUTE`, as all methods here, when the bytes end too early. */
  byte(): number {
    return this.#bytes.readUInt8(this.#take(1));
  }

  boolean(): boolean {
    return this.byte() !== 0;
  }

  int(): number {
    return this.#bytes.readInt32BE(this.#take(4));
  }

  /** Exact for safe integers; what lies beyond is rounded, which keeps comparisons right. */
  long(): number {
    const at = this.#take(8);
    return this.#bytes.readInt32BE(at) * 2 ** 32 + this.#bytes.readUInt32BE(at + 4);
  }

  string(): string | undefined {
    const length = this.#length("string");
    if (length === undefined) return undefined;
    const at = this.#take(length);
    return this.#bytes.toString("utf8", at, at + length);
  }

  /** A string that must not be null. */
  requiredString(): string {
    const value = this.string();
    if (value === undefined) throw malformedJute("a string is null that must not be");
    return value;
  }

  /** A copy: the bytes read from may be part of a much larger chunk that must not be kept alive. */
  buffer(): Uint8Array | undefined {
    const length = this.#length("buffer");
    if (length === undefined) return undefined;
    const at = this.#take(length);
    return Uint8Array.prototype.slice.call(this.#bytes, at, at + length);
  }

  /** Moves on behind a string or a buffer. */
  skipBuffer(): void {
    this.#take(this.#length("buffer") ?? 0);
  }

  skip(bytes: number): void {
    this.#take(bytes);
  }

  /** @param elementBytesMin the least an element takes: bounds the count before any allocation. */
  vector<T>(elementBytesMin: number, readElement: (reader: JuteReader) => T): T[] | undefined {
    const count = this.#length("vector");
    if (count === undefined) return undefined;
    if (count * elementBytesMin > this.remaining) {
      throw malformedJute(`a vector of ${count} elements in ${this.remaining} bytes`);
    }
    const elements: T[] = [];
    for (let i = 0; i < count; i++) elements.push(readElement(this));
    return elements;
  }

  #length(what: string): number | undefined {
    const length = this.int();
    if (length === -1) return undefined;
    if (length < 0) throw malformedJute(`a ${what} of length ${length}`);
    return length;
  }

  #take(length: number): number {
    const at = this.#position;
    if (length > this.#bytes.length - at) {
      throw malformedJute(`${length} bytes wanted, ${this.#bytes.length - at} left`);
    }
    this.#position = at + length;
    return at;
  }
}

const MALFORMED_JUTE = "MALFORMED_JUTE";

export function malformedJute(fault: string): ZoologError {
  return new ZoologError({ code: MALFORMED_JUTE, message: `malformed request: ${fault}` });
}

export function isMalformedJute(error: unknown): boolean {
  return error instanceof ZoologError && error.code === MALFORMED_JUTE;
}
