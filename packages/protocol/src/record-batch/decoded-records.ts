import type { Offset, Timestamp } from "@zoolog/base";
import type { RecordCursor, RecordHeader } from "./record-cursor.ts";

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

/** The records of a batch as objects, each decoded when the caller asks for it. */
export class DecodedRecords implements IterableIterator<DecodedRecord> {
  readonly #cursor: RecordCursor;

  constructor(cursor: RecordCursor) {
    this.#cursor = cursor;
  }

  [Symbol.iterator](): this {
    return this;
  }

  next(): IteratorResult<DecodedRecord, undefined> {
    const cursor = this.#cursor;
    if (!cursor.next()) return { done: true, value: undefined };
    const { offset, timestamp, key, value, headers } = cursor;
    return { done: false, value: { offset, timestamp, key, value, headers } };
  }
}
