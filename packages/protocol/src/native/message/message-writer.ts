import { assert } from "@zoolog/base";

/**
 * Bytes that lie in several buffers and travel as one msgpack `bin`: the batches of a fetched
 * partition, as the log read them.
 */
export class ChunkedBytes {
  readonly chunks: readonly Uint8Array[];
  readonly byteLength: number;

  constructor(chunks: readonly Uint8Array[]) {
    this.chunks = chunks;
    this.byteLength = chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0);
  }
}

/** Smaller bins are copied: a chunk of its own costs more than the copy. */
const REFERENCED_BYTES_MIN = 4 * 1024;
const FIRST_BUFFER_BYTES = 512;
const BUFFER_BYTES_MAX = 64 * 1024;
/** What msgpack's shortest text header can hold. */
const SHORT_TEXT_LENGTH = 31;

/**
 * Writes msgpack into a list of chunks in which large bins are the caller's own buffers, uncopied.
 * Whole numbers are written as integers of the least width (never as floats, whatever their size),
 * fields that are `undefined` are left out.
 */
export class MessageWriter {
  readonly #chunks: Uint8Array[] = [];
  #buffer: Buffer = Buffer.allocUnsafe(FIRST_BUFFER_BYTES);
  #from = 0;
  #at = 0;

  finish(): Uint8Array[] {
    this.#cut();
    return this.#chunks;
  }

  value(value: unknown): void {
    switch (typeof value) {
      case "string":
        this.#text(value);
        break;
      case "number":
        this.#number(value);
        break;
      case "boolean":
        this.#byte(value ? 0xc3 : 0xc2);
        break;
      case "object":
        this.#object(value);
        break;
      case "undefined":
      case "bigint":
      case "function":
      case "symbol":
        assert(false, `a ${typeof value} has no place in a message`);
    }
  }

  #object(value: object | null): void {
    if (value === null) this.#byte(0xc0);
    else if (value instanceof Uint8Array) this.#bin(value.byteLength, [value]);
    else if (value instanceof ChunkedBytes) this.#bin(value.byteLength, value.chunks);
    else if (Array.isArray(value)) this.#list(value);
    else this.#map(value);
  }

  #list(values: readonly unknown[]): void {
    this.#header(values.length, 0x90, 15, 0xdc);
    for (const value of values) this.value(value);
  }

  #map(fields: object): void {
    const values = fields as Readonly<Record<string, unknown>>;
    let count = 0;
    for (const name in values) if (values[name] !== undefined) count += 1;
    this.#header(count, 0x80, 15, 0xde);
    for (const name in values) {
      const value = values[name];
      if (value === undefined) continue;
      this.#text(name);
      this.value(value);
    }
  }

  /** Count of a list or a map: in the first byte up to `fixMax`, else 16 or 32 bits behind it. */
  #header(count: number, fix: number, fixMax: number, wide: number): void {
    this.#reserve(5);
    if (count <= fixMax) {
      this.#buffer[this.#at++] = fix | count;
    } else if (count <= 0xffff) {
      this.#buffer[this.#at++] = wide;
      this.#at = this.#buffer.writeUInt16BE(count, this.#at);
    } else {
      this.#buffer[this.#at++] = wide + 1;
      this.#at = this.#buffer.writeUInt32BE(count, this.#at);
    }
  }

  #text(text: string): void {
    if (text.length <= SHORT_TEXT_LENGTH && this.#shortText(text)) return;
    const length = Buffer.byteLength(text);
    this.#reserve(5 + length);
    if (length <= 31) {
      this.#buffer[this.#at++] = 0xa0 | length;
    } else {
      this.#sizedHeader(length, 0xd9);
    }
    this.#at += this.#buffer.write(text, this.#at);
  }

  /** Field names and most topics: ASCII, cheaper written by hand than by a call out of JavaScript. */
  #shortText(text: string): boolean {
    const { length } = text;
    this.#reserve(1 + length);
    const start = this.#at + 1;
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i);
      if (code > 0x7f) return false;
      this.#buffer[start + i] = code;
    }
    this.#buffer[this.#at] = 0xa0 | length;
    this.#at = start + length;
    return true;
  }

  #bin(byteLength: number, chunks: readonly Uint8Array[]): void {
    this.#reserve(5);
    this.#sizedHeader(byteLength, 0xc4);
    for (const chunk of chunks) {
      if (chunk.byteLength >= REFERENCED_BYTES_MIN) {
        this.#cut();
        this.#chunks.push(chunk);
      } else {
        this.#reserve(chunk.byteLength);
        this.#buffer.set(chunk, this.#at);
        this.#at += chunk.byteLength;
      }
    }
  }

  /** Length of a text or bin in 8, 16 or 32 bits; `code` is the one for 8. Room is reserved. */
  #sizedHeader(length: number, code: number): void {
    if (length <= 0xff) {
      this.#buffer[this.#at++] = code;
      this.#buffer[this.#at++] = length;
    } else if (length <= 0xffff) {
      this.#buffer[this.#at++] = code + 1;
      this.#at = this.#buffer.writeUInt16BE(length, this.#at);
    } else {
      this.#buffer[this.#at++] = code + 2;
      this.#at = this.#buffer.writeUInt32BE(length, this.#at);
    }
  }

  #number(value: number): void {
    this.#reserve(9);
    if (!Number.isSafeInteger(value)) {
      this.#buffer[this.#at++] = 0xcb;
      this.#at = this.#buffer.writeDoubleBE(value, this.#at);
    } else if (value >= 0) {
      this.#unsigned(value);
    } else {
      this.#negative(value);
    }
  }

  #unsigned(value: number): void {
    if (value <= 0x7f) {
      this.#buffer[this.#at++] = value;
    } else if (value <= 0xffff_ffff) {
      this.#sizedHeader(value, 0xcc);
    } else {
      this.#buffer[this.#at++] = 0xcf;
      this.#at = this.#buffer.writeUInt32BE(Math.floor(value / 2 ** 32), this.#at);
      this.#at = this.#buffer.writeUInt32BE(value % 2 ** 32, this.#at);
    }
  }

  #negative(value: number): void {
    if (value >= -32) {
      this.#buffer[this.#at++] = 0x100 + value;
    } else if (value >= -0x8000_0000) {
      this.#buffer[this.#at++] = 0xd2;
      this.#at = this.#buffer.writeInt32BE(value, this.#at);
    } else {
      this.#buffer[this.#at++] = 0xd3;
      this.#at = this.#buffer.writeBigInt64BE(BigInt(value), this.#at);
    }
  }

  #byte(byte: number): void {
    this.#reserve(1);
    this.#buffer[this.#at++] = byte;
  }

  #reserve(bytes: number): void {
    if (this.#at + bytes <= this.#buffer.length) return;
    this.#cut();
    const next = Math.min(this.#buffer.length * 2, BUFFER_BYTES_MAX);
    this.#buffer = Buffer.allocUnsafe(Math.max(next, bytes));
    this.#from = 0;
    this.#at = 0;
  }

  /** Ends the chunk that is being filled; the buffer's rest serves the next one. */
  #cut(): void {
    if (this.#at > this.#from) this.#chunks.push(this.#buffer.subarray(this.#from, this.#at));
    this.#from = this.#at;
  }
}
