import type { TopicPartition } from "@zoolog/base";
import { BatchCursor, RecordBatch } from "@zoolog/protocol";
import { corruptBatch } from "../errors.ts";
import { Fifo } from "../fifo.ts";
import type { OffsetPoint } from "../offsets.ts";
import { ReadReplica } from "./read-replica.ts";

/** What one fetch brought for a partition: whole batches, handed out one by one. */
type Chunk = { readonly bytes: Buffer; readonly end: number; at: number };

/**
 * One partition of a reader.
 *
 * Invariant: `position ≤ fetchOffset`; between the two lie exactly the records of `chunks` and of
 * the batch that is being handed out. A seek raises `generation`, and what was asked for before it
 * is thrown away when it arrives.
 */
export class AssignedPartition {
  readonly topicPartition: TopicPartition;
  /** Where to begin, until its offset has been found out. */
  start: OffsetPoint | undefined;
  /** Next offset to hand out. */
  position = 0;
  /** Next offset to ask for. */
  fetchOffset = 0;
  /** Exclusive; `undefined` while following, or before it has been found out. */
  endOffset: number | undefined;
  highWatermark: number | undefined;
  generation = 0;
  /** A request for this partition, of this generation, is under way. */
  busy = false;
  /** Nothing is asked for it. */
  paused = false;
  failures = 0;
  /** By the monotonic clock, ms: since when every attempt has failed. */
  failingSince: number | undefined;
  /** By the monotonic clock, ms: not tried before. */
  notBefore = 0;
  /** Ends the reader once everything before it has been handed out. */
  failure: unknown;
  /** Who is asked for it. */
  readonly replica = new ReadReplica();
  readonly #chunks = new Fifo<Chunk>();
  #bufferedBytes = 0;

  constructor(topicPartition: TopicPartition, start: OffsetPoint) {
    this.topicPartition = topicPartition;
    this.start = start;
  }

  get bufferedBytes(): number {
    return this.#bufferedBytes;
  }

  get chunkCount(): number {
    return this.#chunks.size;
  }

  /** Everything up to the end has been fetched. */
  get isFetched(): boolean {
    return (
      this.start === undefined && this.endOffset !== undefined && this.fetchOffset >= this.endOffset
    );
  }

  /** Everything up to the end has been taken. */
  get isExhausted(): boolean {
    return this.isFetched && this.#chunks.size === 0 && this.failure === undefined;
  }

  /** Begins anew at another point. */
  seek(start: OffsetPoint): void {
    this.start = start;
    this.generation += 1;
    this.busy = false;
    this.endOffset = undefined;
    this.failure = undefined;
    this.failures = 0;
    this.failingSince = undefined;
    this.notBefore = 0;
    while (this.#chunks.shift() !== undefined);
    this.#bufferedBytes = 0;
  }

  beginAt(offset: number): void {
    this.start = undefined;
    this.position = offset;
    this.fetchOffset = offset;
  }

  succeeded(): void {
    this.failures = 0;
    this.failingSince = undefined;
  }

  /**
   * Keeps what a fetch from `fetchOffset` brought; its whole batches move `fetchOffset` on.
   *
   * @throws ZoologError `CORRUPT_MESSAGE` where no batch stands.
   */
  receive(bytes: Buffer): void {
    const cursor = new BatchCursor();
    let end = 0;
    while (end < bytes.length) {
      const sighting = cursor.look(bytes, end);
      if (sighting === "partial") break;
      if (sighting === "corrupt") {
        this.#keep(bytes, end);
        throw corruptBatch(this.topicPartition, this.fetchOffset, new Error(cursor.fault));
      }
      this.fetchOffset = Math.max(this.fetchOffset, cursor.lastOffset + 1);
      end += cursor.sizeInBytes;
    }
    this.#keep(bytes, end);
  }

  /**
   * The next batch that has records to hand out.
   *
   * @throws ZoologError `CORRUPT_MESSAGE`; the position stays, `seek` leads past it.
   */
  takeBatch(checkCrcs: boolean): RecordBatch | undefined {
    for (;;) {
      const chunk = this.#chunks.first();
      if (chunk === undefined) return undefined;
      if (chunk.at >= chunk.end) {
        this.#chunks.shift();
        this.#bufferedBytes -= chunk.bytes.length;
        continue;
      }
      const batch = RecordBatch.parse(chunk.bytes, chunk.at);
      if (checkCrcs && !batch.hasValidChecksum()) {
        throw corruptBatch(this.topicPartition, batch.baseOffset, new Error("its CRC is wrong"));
      }
      chunk.at += batch.sizeInBytes;
      // The broker sends whole batches from the one that holds the offset we asked for.
      if (batch.lastOffset < this.position) continue;
      if (batch.isControl) {
        this.position = batch.nextOffset;
        continue;
      }
      return batch;
    }
  }

  #keep(bytes: Buffer, end: number): void {
    if (end === 0) return;
    this.#chunks.push({ bytes, end, at: 0 });
    this.#bufferedBytes += bytes.length;
  }
}
