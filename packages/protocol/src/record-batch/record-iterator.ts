import type { Offset, Timestamp } from "@zoolog/base";
import { corruptMessage } from "../errors.ts";
import { RECORD_BYTES_MIN } from "./batch-layout.ts";

export type RecordHeader = {
  readonly key: string;
  readonly value: Buffer | null;
};

/** One record as it is stored. A null key has no meaning; a null value is a tombstone. */
export type DecodedRecord = {
  readonly offset: Offset;
  /** Milliseconds since 1970; −1 when the producer gave none. */
  readonly timestamp: Timestamp;
  /** A view, not a copy. */
  readonly key: Buffer | null;
  /** A view, not a copy. */
  readonly value: Buffer | null;
  readonly headers: readonly RecordHeader[];
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
 * Decodes records one at a time. Trusts nothing: every length is checked against the bytes that are
 * there before it is used, and nothing is allocated by a number that the bytes claim.
 */
export class RecordIterator implements IterableIterator<DecodedRecord> {
  readonly #source: RecordBlock;
  readonly #block: Buffer;
  #position = 0;
  #decoded = 0;
  #lastOffsetDelta = -1;

  constructor(source: RecordBlock) {
    if (source.recordCount * RECORD_BYTES_MIN > source.block.length) {
      throw corruptMessage(
        `${source.recordCount} records cannot fit in ${source.block.length} bytes`,
      );
    }
    this.#source = source;
    this.#block = source.block;
  }

  [Symbol.iterator](): this {
    return this;
  }

  next(): IteratorResult<DecodedRecord, undefined> {
    if (this.#decoded < this.#source.recordCount) {
      this.#decoded++;
      return { done: false, value: this.#record() };
    }
    if (this.#position !== this.#block.length) {
      throw corruptMessage("bytes are left over after the last record");
    }
    return { done: true, value: undefined };
  }

  #record(): DecodedRecord {
    const block = this.#block;
    const length = this.#varint(block.length);
    const end = this.#position + length;
    // A negative length makes `end` smaller than the fixed part and fails here, too.
    if (length < RECORD_BYTES_MIN - 1 || end > block.length) {
      throw corruptMessage(`a record's length is not possible: ${length}`);
    }
    this.#position++; // Record attributes: no bit has a meaning yet.
    const timestampDelta = this.#varlong(end);
    const offsetDelta = this.#varint(end);
    // Strictly rising: one order, also inside a batch. Compaction leaves gaps.
    if (offsetDelta <= this.#lastOffsetDelta || offsetDelta > this.#source.lastOffsetDelta) {
      throw corruptMessage(`a record's offset delta is not possible: ${offsetDelta}`);
    }
    this.#lastOffsetDelta = offsetDelta;
    const key = this.#bytes(end);
    const value = this.#bytes(end);
    const headers = this.#headers(end);
    if (this.#position !== end) {
      throw corruptMessage("a record's length does not match its fields");
    }
    return {
      offset: (this.#source.baseOffset + offsetDelta) as Offset,
      timestamp: this.#timestamp(timestampDelta),
      key,
      value,
      headers,
    };
  }

  #timestamp(delta: number): Timestamp {
    const { appendTimestamp, baseTimestamp } = this.#source;
    if (appendTimestamp !== undefined) return appendTimestamp;
    const timestamp = baseTimestamp + delta;
    if (!Number.isSafeInteger(timestamp)) throw corruptMessage("a record's timestamp overflows");
    return timestamp as Timestamp;
  }

  #headers(end: number): readonly RecordHeader[] {
    const count = this.#varint(end);
    if (count === 0) return NO_HEADERS;
    // A header takes two bytes at least.
    if (count < 0 || count * 2 > end - this.#position) {
      throw corruptMessage(`a record's header count is not possible: ${count}`);
    }
    const headers: RecordHeader[] = [];
    for (let i = 0; i < count; i++) {
      const key = this.#bytes(end);
      if (key === null) throw corruptMessage("a header's key is null");
      headers.push({ key: key.toString("utf8"), value: this.#bytes(end) });
    }
    return headers;
  }

  /** A length (−1: null) and so many bytes. */
  #bytes(end: number): Buffer | null {
    const length = this.#varint(end);
    if (length === -1) return null;
    const start = this.#position;
    if (length < 0 || length > end - start) {
      throw corruptMessage(`a key's or value's length is not possible: ${length}`);
    }
    this.#position = start + length;
    return this.#block.subarray(start, start + length);
  }

  #varint(end: number): number {
    const block = this.#block;
    let zigzag = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      if (this.#position >= end) throw corruptMessage("a record ends inside a number");
      const byte = block[this.#position++] as number;
      // The fifth byte has room for four bits.
      if (shift === 28 && byte > 0x0f) break;
      zigzag |= (byte & 0x7f) << shift;
      if (byte < 0x80) return (zigzag >>> 1) ^ -(zigzag & 1);
    }
    throw corruptMessage("a varint is longer than 32 bits");
  }

  #varlong(end: number): number {
    const block = this.#block;
    // Four 7-bit groups fill 28 bits of an int; two such parts and the last two bytes make 64.
    let low = 0;
    let middle = 0;
    let high = 0;
    for (let group = 0; group < 10; group++) {
      if (this.#position >= end) throw corruptMessage("a record ends inside a number");
      const byte = block[this.#position++] as number;
      const bits = byte & 0x7f;
      if (group < 4) low |= bits << (group * 7);
      else if (group < 8) middle |= bits << ((group - 4) * 7);
      else high |= bits << ((group - 8) * 7);
      if (byte < 0x80) return unzigzag(low, middle, high);
    }
    throw corruptMessage("a varlong is longer than 64 bits");
  }
}

/** From the zigzag number's bits 0–27, 28–55 and 56–69. */
function unzigzag(low: number, middle: number, high: number): number {
  const half = (low >>> 1) + middle * 0x800_0000;
  if (high !== 0 || half > Number.MAX_SAFE_INTEGER - 1) {
    throw corruptMessage("a varlong is beyond 2^53");
  }
  return (low & 1) === 0 ? half : -half - 1;
}
