import { ZoologError } from "@zoolog/base";
import type { DecodedRecord, RecordBatch } from "@zoolog/protocol";
import { corruptBatch } from "../errors.ts";
import type { Topic } from "../topic.ts";
import { ReaderRecord } from "./reader-record.ts";

export type BatchRange = {
  readonly partition: number;
  /** Records before it were handed out already, or not asked for. */
  readonly fromOffset: number;
  /** Exclusive. */
  readonly toOffset: number;
};

/** Records of one partition that were written together. Iterating decodes them one by one. */
export class ReaderBatch<K, V> implements Iterable<ReaderRecord<K, V>> {
  readonly partition: number;
  readonly #topic: Topic<K, V>;
  readonly #batch: RecordBatch;
  readonly #range: BatchRange;

  constructor(topic: Topic<K, V>, batch: RecordBatch, range: BatchRange) {
    this.partition = range.partition;
    this.#topic = topic;
    this.#batch = batch;
    this.#range = range;
  }

  get topic(): string {
    return this.#topic.name;
  }

  /** Where the reader goes on after this batch. */
  get nextOffset(): number {
    return Math.min(this.#batch.nextOffset, this.#range.toOffset);
  }

  /** Size as stored, bytes. */
  get sizeInBytes(): number {
    return this.#batch.sizeInBytes;
  }

  /** @throws ZoologError `CORRUPT_MESSAGE`, also in the middle. */
  [Symbol.iterator](): IterableIterator<ReaderRecord<K, V>> {
    return new BatchRecords(this.#topic, this.#batch, this.#range);
  }
}

class BatchRecords<K, V> implements IterableIterator<ReaderRecord<K, V>> {
  readonly #topic: Topic<K, V>;
  readonly #range: BatchRange;
  readonly #decoded: Iterator<DecodedRecord, undefined>;
  #nextOffset: number;

  constructor(topic: Topic<K, V>, batch: RecordBatch, range: BatchRange) {
    this.#topic = topic;
    this.#range = range;
    this.#nextOffset = Math.max(batch.baseOffset, range.fromOffset);
    try {
      this.#decoded = batch.records();
    } catch (error) {
      throw this.#unreadable(error);
    }
  }

  [Symbol.iterator](): this {
    return this;
  }

  next(): IteratorResult<ReaderRecord<K, V>, undefined> {
    for (;;) {
      const next = this.#decode();
      if (next.done === true) return next;
      const decoded = next.value;
      if (decoded.offset < this.#range.fromOffset) continue;
      if (decoded.offset >= this.#range.toOffset) return { done: true, value: undefined };
      this.#nextOffset = decoded.offset + 1;
      return { done: false, value: new ReaderRecord(this.#topic, this.#range.partition, decoded) };
    }
  }

  #decode(): IteratorResult<DecodedRecord, undefined> {
    try {
      return this.#decoded.next();
    } catch (error) {
      throw this.#unreadable(error);
    }
  }

  /** Says which offset cannot be read. */
  #unreadable(error: unknown): unknown {
    if (!(error instanceof ZoologError && error.code === "CORRUPT_MESSAGE")) return error;
    const tp = { topic: this.#topic.name, partition: this.#range.partition };
    return corruptBatch(tp, this.#nextOffset, error);
  }
}
