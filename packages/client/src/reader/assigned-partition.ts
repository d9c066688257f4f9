import type { LeaderEpoch, TopicId, TopicPartition } from "@zoolog/base";
import { BatchCursor, RecordBatch } from "@zoolog/protocol";
import { corruptBatch } from "../errors.ts";
import { Fifo } from "../fifo.ts";
import type { OffsetPoint } from "../offsets.ts";
import { ReadReplica } from "./read-replica.ts";

/** What one fetch brought for a partition: whole batches, handed out one by one. */
type Chunk = { readonly bytes: Buffer; readonly end: number; at: number };

/** Where a leader's history ends its greatest epoch that is not above ours. */
export type EpochEnd = { readonly leaderEpoch: LeaderEpoch; readonly endOffset: number };

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
  /** Of the last batch before `fetchOffset`, as it was read: a leader with another history says so. */
  fetchedEpoch: LeaderEpoch | undefined;
  /** By the monotonic clock, ms: what is known of the topic from before may be of an older one. */
  readSince = Number.POSITIVE_INFINITY;
  /** Of the topic that is read, where the reader has to notice another one. */
  topicId: TopicId | undefined;
  /** By the monotonic clock, ms: since when what the log's leader says may be of another topic. */
  doubtedAt: number | undefined;
  /** What was read had to be taken back: whoever has handed it out hears from where on. */
  onRewind: (offset: number, leaderEpoch: LeaderEpoch | undefined) => void = () => {};
  /** Who is asked for it. */
  readonly replica = new ReadReplica();
  readonly #chunks = new Fifo<Chunk>();
  /** Behind the last batch that was taken, and its epoch. */
  #taken: { readonly offset: number; readonly leaderEpoch: LeaderEpoch | undefined } = {
    offset: 0,
    leaderEpoch: undefined,
  };
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
    this.doubtedAt = undefined;
    this.#dropFetched();
  }

  /** @param leaderEpoch of the record before it, where that is known. */
  beginAt(offset: number, leaderEpoch?: LeaderEpoch): void {
    this.start = undefined;
    this.position = offset;
    this.fetchOffset = offset;
    this.fetchedEpoch = leaderEpoch;
    this.#taken = { offset, leaderEpoch };
  }

  /**
   * The leader's history is another one. What was only fetched is thrown away and fetched anew.
   *
   * @returns whether all that was taken is in the leader's history, too.
   */
  diverges({ endOffset, leaderEpoch }: EpochEnd): boolean {
    const { leaderEpoch: takenEpoch, offset } = this.#taken;
    if (takenEpoch === undefined || takenEpoch > leaderEpoch || offset > endOffset) return false;
    this.#dropFetched();
    this.fetchOffset = offset;
    this.fetchedEpoch = takenEpoch;
    return true;
  }

  /** Goes on where the leader's history leaves what was read. */
  rewindTo({ endOffset, leaderEpoch }: EpochEnd): void {
    const end = this.endOffset;
    this.seek({ at: "offset", offset: endOffset });
    this.endOffset = end;
    this.beginAt(endOffset, leaderEpoch);
    this.onRewind(endOffset, leaderEpoch);
  }

  /** Of another topic under the same name nothing has been read. */
  startOver(): void {
    this.topicId = undefined;
    this.seek({ at: "start" });
    this.onRewind(0, undefined);
  }

  succeeded(): void {
    this.doubtedAt = undefined;
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
      this.fetchedEpoch = cursor.partitionLeaderEpoch;
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
      this.#taken = { offset: batch.nextOffset, leaderEpoch: batch.partitionLeaderEpoch };
      // The broker sends whole batches from the one that holds the offset we asked for.
      if (batch.lastOffset < this.position) continue;
      if (batch.isControl) {
        this.position = batch.nextOffset;
        continue;
      }
      return batch;
    }
  }

  #dropFetched(): void {
    while (this.#chunks.shift() !== undefined);
    this.#bufferedBytes = 0;
  }

  #keep(bytes: Buffer, end: number): void {
    if (end === 0) return;
    this.#chunks.push({ bytes, end, at: 0 });
    this.#bufferedBytes += bytes.length;
  }
}
