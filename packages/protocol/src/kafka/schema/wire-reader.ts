import type { TopicId } from "@zoolog/base";
import { readInt64 } from "../../big-endian.ts";
import { malformedMessage } from "../../errors.ts";

/**
 * Elements of all arrays of one message: each of 100,000 partitions named once, with room. The
 * smallest take two bytes on the wire and some 200 inside, so this bounds memory (about 50 MB) and
 * the time that one request can take from the others, whatever the size of its frame.
 */
export const MESSAGE_ELEMENTS_MAX = 250_000;

const UUID_BYTES = 16;
const ZERO_UUID = "AAAAAAAAAAAAAAAAAAAAAA";

/**
 * Reads Kafka's encodings from bytes that nobody vouches for. Every length and every count is
 * checked against what is left before anything is allocated for it.
 *
 * Whatever does not fit throws `MALFORMED_MESSAGE`.
 */
export class WireReader {
  readonly #bytes: Buffer;
  #position = 0;
  #elementsLeft = MESSAGE_ELEMENTS_MAX;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get position(): number {
    return this.#position;
  }

  get remaining(): number {
    return this.#bytes.length - this.#position;
  }

  /** Of all lists that were begun: what was read costs memory by them, not by its bytes. */
  get elements(): number {
    return MESSAGE_ELEMENTS_MAX - this.#elementsLeft;
  }

  boolean(): boolean {
    return this.int8() !== 0;
  }

  int8(): number {
    return this.#bytes.readInt8(this.#take(1));
  }

  int16(): number {
    return this.#bytes.readInt16BE(this.#take(2));
  }

  int32(): number {
    return this.#bytes.readInt32BE(this.#take(4));
  }

  /** The nearest safe integer (see `int64` of the schemas). */
  int64(): number {
    const value = readInt64(this.#bytes, this.#take(8));
    if (Number.isSafeInteger(value)) return value;
    return value < 0 ? Number.MIN_SAFE_INTEGER : Number.MAX_SAFE_INTEGER;
  }

  /** Range 0..2^32-1, in at most five bytes. */
  unsignedVarint(): number {
    let value = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.#bytes.readUInt8(this.#take(1));
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    const last = this.#bytes.readUInt8(this.#take(1));
    if (last > 0x0f) throw malformedMessage("a varint is longer than 32 bits");
    return value + last * 0x1000_0000;
  }

  /** Lengths and counts of the flexible versions; −1 is null. */
  compactLength(): number {
    return this.unsignedVarint() - 1;
  }

  text(length: number): string {
    const start = this.#take(length);
    return this.#bytes.toString("utf8", start, start + length);
  }

  copy(length: number): Buffer {
    return Buffer.from(this.view(length));
  }

  /** Shares memory with what is read. */
  view(length: number): Buffer {
    const start = this.#take(length);
    return this.#bytes.subarray(start, start + length);
  }

  uuid(): TopicId | undefined {
    const start = this.#take(UUID_BYTES);
    const id = this.#bytes.toString("base64url", start, start + UUID_BYTES);
    return id === ZERO_UUID ? undefined : (id as TopicId);
  }

  /**
   * To be asked before a list is read.
   *
   * @param elementBytesMin what one element takes at least, so that a count cannot lie.
   */
  expectElements(count: number, elementBytesMin: number): void {
    if (count * elementBytesMin > this.remaining) {
      throw malformedMessage(`${this.remaining} bytes cannot hold ${count} elements`);
    }
    this.#elementsLeft -= count;
    if (this.#elementsLeft < 0) {
      throw malformedMessage(`it has more than ${MESSAGE_ELEMENTS_MAX} elements`);
    }
  }

  /** Ends a part whose length is known: what a newer sender has put behind it is passed over. */
  skipTo(end: number): void {
    if (end < this.#position) throw malformedMessage("a tagged field is longer than it says");
    this.#take(end - this.#position);
  }

  #take(length: number): number {
    const start = this.#position;
    const end = start + length;
    if (end > this.#bytes.length) {
      throw malformedMessage(`it ends after ${this.#bytes.length} bytes, in the middle of a field`);
    }
    this.#position = end;
    return start;
  }
}
