import type { Offset, Timestamp } from "@zoolog/base";
import { corruptMessage } from "../errors.ts";
import { RECORD_BYTES_MIN } from "./batch-layout.ts";

export type RecordHeader = {
  readonly key: string;
  /** A view, not a copy. */
  readonly value: Buffer | null;
};

export type RecordBlock = {
  /** The records, decompressed. */
  readonly block: Buffer;
  readonly recordCount: number;
  readonly baseOffset: Offset;
  readonly lastOffsetDelta: number;
  readonly baseTimestamp: Timestamp;
  /** Every record's time when the broker set it. */
  readonly appendTimestamp: Timestamp | undefined;
};

const NO_HEADERS: readonly RecordHeader[] = Object.freeze([]);

/**
 * Walks the records of one batch without creating an object for any of them; the getters tell about
 * the record last stepped on. Trusts nothing: every length is checked against the bytes that are
 * there before it is used, and nothing is allocated by a number that the bytes claim.
 *
 *     record: length varint | attributes int8 | timestampDelta varlong | offsetDelta varint
 *             | key | value | headerCount varint | { headerKey | headerValue }*
 *     key, value: length varint (−1: null) | bytes
 */
export class RecordCursor {
  readonly #source: RecordBlock;
  readonly #block: Buffer;
  #position = 0;
  #stepped = 0;
  #offsetDelta = -1;
  #timestampDelta = 0;
  #keyStart = 0;
  #keyLength = -1;
  #valueStart = 0;
  #valueLength = -1;
  #headersStart = 0;
  #headerCount = 0;

  /** @throws ZoologError CORRUPT_MESSAGE when so many records cannot be in so few bytes. */
  constructor(source: RecordBlock) {
    const { recordCount, block } = source;
    if (recordCount * RECORD_BYTES_MIN > block.length) {
      throw corruptMessage(`${recordCount} records cannot fit in ${block.length} bytes`);
    }
    this.#source = source;
    this.#block = block;
  }

  /**
   * Steps on the next record and checks all of it.
   *
   * @returns false after the last one.
   * @throws ZoologError CORRUPT_MESSAGE.
   */
  next(): boolean {
    const block = this.#block;
    if (this.#stepped === this.#source.recordCount) {
      if (this.#position === block.length) return false;
      throw corruptMessage("bytes are left over after the last record");
    }
    this.#stepped++;
    const length = this.#varint(block.length);
    const end = this.#position + length;
    if (length < RECORD_BYTES_MIN - 1 || end > block.length) {
      throw corruptMessage(`a record's length is not possible: ${length}`);
    }
    this.#position++; // Record attributes: no bit has a meaning yet.
    this.#timestampDelta = this.#varlong(end);
    const offsetDelta = this.#varint(end);
    // Strictly rising: one order, also inside a batch. Compaction leaves gaps.
    if (offsetDelta <= this.#offsetDelta || offsetDelta > this.#source.lastOffsetDelta) {
      throw corruptMessage(`a record's offset delta is not possible: ${offsetDelta}`);
    }
    this.#offsetDelta = offsetDelta;
    this.#keyLength = this.#dataLength(end);
    this.#keyStart = this.#skip(this.#keyLength);
    this.#valueLength = this.#dataLength(end);
    this.#valueStart = this.#skip(this.#valueLength);
    this.#skipHeaders(end);
    if (this.#position === end) return true;
    throw corruptMessage("a record's length does not match its fields");
  }

  get offsetDelta(): number {
    return this.#offsetDelta;
  }

  get offset(): Offset {
    return (this.#source.baseOffset + this.#offsetDelta) as Offset;
  }

  get timestamp(): Timestamp {
    const { appendTimestamp, baseTimestamp } = this.#source;
    if (appendTimestamp !== undefined) return appendTimestamp;
    const timestamp = baseTimestamp + this.#timestampDelta;
    if (!Number.isSafeInteger(timestamp)) throw corruptMessage("a record's timestamp overflows");
    return timestamp as Timestamp;
  }

  get hasKey(): boolean {
    return this.#keyLength >= 0;
  }

  get key(): Buffer | null {
    return this.#data(this.#keyStart, this.#keyLength);
  }

  get value(): Buffer | null {
    return this.#data(this.#valueStart, this.#valueLength);
  }

  get headers(): readonly RecordHeader[] {
    if (this.#headerCount === 0) return NO_HEADERS;
    const resumeAt = this.#position;
    const end = this.#block.length;
    this.#position = this.#headersStart;
    const headers: RecordHeader[] = [];
    for (let i = 0; i < this.#headerCount; i++) {
      const keyLength = this.#dataLength(end);
      const keyStart = this.#skip(keyLength);
      const valueLength = this.#dataLength(end);
      const valueStart = this.#skip(valueLength);
      headers.push({
        key: this.#block.toString("utf8", keyStart, keyStart + keyLength),
        value: this.#data(valueStart, valueLength),
      });
    }
    this.#position = resumeAt;
    return headers;
  }

  #data(start: number, length: number): Buffer | null {
    return length < 0 ? null : this.#block.subarray(start, start + length);
  }

  #skipHeaders(end: number): void {
    const count = this.#varint(end);
    // A header takes two bytes at least.
    if (count < 0 || count * 2 > end - this.#position) {
      throw corruptMessage(`a record's header count is not possible: ${count}`);
    }
    this.#headerCount = count;
    this.#headersStart = this.#position;
    for (let i = 0; i < count; i++) {
      const keyLength = this.#dataLength(end);
      if (keyLength < 0) throw corruptMessage("a header's key is null");
      this.#skip(keyLength);
      this.#skip(this.#dataLength(end));
    }
  }

  /** −1 for null, otherwise a number of bytes that are there. */
  #dataLength(end: number): number {
    const length = this.#varint(end);
    if (length < -1 || length > end - this.#position) {
      throw corruptMessage(`a key's or value's length is not possible: ${length}`);
    }
    return length;
  }

  /** @returns where the skipped bytes start. */
  #skip(length: number): number {
    const start = this.#position;
    if (length > 0) this.#position = start + length;
    return start;
  }

  #varint(end: number): number {
    let zigzag = this.#byte(end);
    if (zigzag > 0x7f) {
      zigzag &= 0x7f;
      for (let shift = 7; ; shift += 7) {
        const byte = this.#byte(end);
        // The fifth byte has room for four bits and must be the last.
        if (shift === 28 && byte > 0x0f) throw corruptMessage("a varint is longer than 32 bits");
        zigzag |= (byte & 0x7f) << shift;
        if (byte < 0x80) break;
      }
    }
    return (zigzag >>> 1) ^ -(zigzag & 1);
  }

  #varlong(end: number): number {
    // Four 7-bit groups fill 28 bits of an int; two such parts and the last two bytes make 64.
    let low = 0;
    let middle = 0;
    let high = 0;
    for (let group = 0; group < 10; group++) {
      const byte = this.#byte(end);
      const bits = byte & 0x7f;
      if (group < 4) low |= bits << (group * 7);
      else if (group < 8) middle |= bits << ((group - 4) * 7);
      else high |= bits << ((group - 8) * 7);
      if (byte < 0x80) return unzigzag(low, middle, high);
    }
    throw corruptMessage("a varlong is longer than 64 bits");
  }

  #byte(end: number): number {
    if (this.#position >= end) throw corruptMessage("a record ends inside a number");
    return this.#block[this.#position++] as number;
  }
}

/** From the zigzag number's bits 0–27, 28–55 and 56–69. */
function unzigzag(low: number, middle: number, high: number): number {
  const half = (low >>> 1) + middle * 0x800_0000;
  if (high !== 0 || half > Number.MAX_SAFE_INTEGER) {
    throw corruptMessage("a varlong is beyond 2^53");
  }
  return (low & 1) === 0 ? half : -half - 1;
}
