import type { Clock } from "@zoolog/base";
import type { CompressionCodec } from "@zoolog/protocol";
import { recordTooLarge } from "../errors.ts";
import { BufferPool } from "./buffer-pool.ts";
import type { Receiver } from "./delivery.ts";
import type { PartitionQueue } from "./partition-queue.ts";
import { ProduceBatch } from "./produce-batch.ts";
import type { SerializedRecord } from "./record.ts";

export type AccumulatorOptions = {
  /** A batch takes no record that would make it larger; bytes before compression. */
  readonly batchBytes: number;
  /** Larger records are refused. One larger than `batchBytes` travels alone. */
  readonly recordBytesMax: number;
  readonly lingerMs: number;
  readonly deliveryTimeoutMs: number;
  readonly compression: CompressionCodec;
  /** No record should be added while so many bytes wait or are under way. */
  readonly maxInFlightBytes: number;
};

/** Enough for several large batches under way at each of a few brokers. */
const POOLED_BYTES_MAX = 16 * 1024 * 1024;

/**
 * Records on their way, in batches, and the count of their bytes.
 *
 * Invariant: `bytes` is the sum of the sizes of all batches that have not settled. It passes
 * `maxInFlightBytes` by one record at most, as callers ask `isFull` before each.
 */
export class Accumulator {
  readonly #options: AccumulatorOptions;
  readonly #clock: Clock;
  readonly #busy = new Set<PartitionQueue>();
  readonly #pool: BufferPool;
  #bytes = 0;

  constructor(options: AccumulatorOptions, dependencies: { readonly clock: Clock }) {
    this.#options = options;
    this.#clock = dependencies.clock;
    this.#pool = new BufferPool({
      bufferBytes: options.batchBytes,
      keptBytesMax: Math.min(options.maxInFlightBytes, POOLED_BYTES_MAX),
    });
  }

  get bytes(): number {
    return this.#bytes;
  }

  get isFull(): boolean {
    return this.#bytes >= this.#options.maxInFlightBytes;
  }

  /** Queues that hold a batch which has not settled, the one that was served last at the end. */
  get busyQueues(): Iterable<PartitionQueue> {
    return this.#busy;
  }

  /**
   * Answers whether the queue now has a batch that need not linger.
   *
   * @throws ZoologError `MESSAGE_TOO_LARGE`, `INVALID_RECORD`; nothing has changed then.
   */
  append(queue: PartitionQueue, record: SerializedRecord, receiver: Receiver): boolean {
    const { batchBytes } = this.#options;
    const last = queue.waiting.last();
    if (last?.isOpen === true && last.hasRoomFor(record, batchBytes)) {
      last.append(record, receiver);
      this.#charge(last);
      return false;
    }
    const batch = this.#firstOfBatch(queue, record, receiver);
    if (last?.isOpen === true) this.close(last);
    queue.waiting.push(batch);
    this.#busy.add(queue);
    this.#charge(batch);
    return last !== undefined;
  }

  /** Compresses and checksums a batch that takes no more records. */
  close(batch: ProduceBatch): Buffer {
    const bytes = batch.close();
    this.#charge(batch);
    return bytes;
  }

  /** The queue had its turn: the others are visited before it next time. */
  toTheBack(queue: PartitionQueue): void {
    this.#busy.delete(queue);
    this.#busy.add(queue);
  }

  /**
   * The batch was acknowledged: nothing refers to its memory any more. After a failed attempt a
   * socket still may, so then the memory is left to the garbage collector.
   */
  recycle(batch: ProduceBatch): void {
    const { buffer } = batch.options;
    if (buffer !== undefined && batch.failures === 0) this.#pool.giveBack(buffer);
  }

  /** The batch has settled: its memory is free again. */
  release(queue: PartitionQueue, batch: ProduceBatch): void {
    this.#bytes -= batch.chargedBytes;
    batch.chargedBytes = 0;
    if (queue.isIdle) this.#busy.delete(queue);
  }

  /** Puts the halves of a batch that was too large where it came from. */
  replace(queue: PartitionQueue, batch: ProduceBatch, halves: readonly ProduceBatch[]): void {
    queue.putBack(...halves);
    this.release(queue, batch);
    for (const half of halves) this.close(half);
  }

  #firstOfBatch(queue: PartitionQueue, record: SerializedRecord, receiver: Receiver): ProduceBatch {
    const { compression, deliveryTimeoutMs, lingerMs, recordBytesMax } = this.#options;
    const now = this.#clock.monotonic();
    // A queue that has just filled a batch is likely to fill the next one.
    const filling =
      queue.waiting.size > 0 || queue.inFlight.some(({ options }) => options.buffer !== undefined);
    const batch = new ProduceBatch({
      compression,
      deadline: now + deliveryTimeoutMs,
      lingerUntil: now + lingerMs,
      buffer: filling ? this.#pool.take() : undefined,
    });
    if (!batch.hasRoomFor(record, recordBytesMax)) {
      throw recordTooLarge(queue.topicPartition.topic, batch.sizeWith(record), recordBytesMax);
    }
    batch.append(record, receiver);
    return batch;
  }

  #charge(batch: ProduceBatch): void {
    const size = batch.sizeInBytes;
    this.#bytes += size - batch.chargedBytes;
    batch.chargedBytes = size;
  }
}
