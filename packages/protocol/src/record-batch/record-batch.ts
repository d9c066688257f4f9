import { assert, type LeaderEpoch, type Offset, type Timestamp } from "@zoolog/base";
import { readInt64, writeInt64 } from "../big-endian.ts";
import { type CompressionCodec, codecOfNumber } from "../compression/codecs.ts";
import { decompress } from "../compression/compression.ts";
import type { DecompressLimits } from "../compression/limits.ts";
import { crc32c } from "../crc32c.ts";
import { corruptMessage, unsupportedCompression } from "../errors.ts";
import { describeBatchFault, headerFault } from "./batch-header.ts";
import {
  BATCH_ATTRIBUTES,
  BATCH_LAYOUT,
  LOG_OVERHEAD,
  RECORD_BATCH_OVERHEAD,
  SEQUENCE_MAX,
} from "./batch-layout.ts";
import { DecodedRecords } from "./decoded-records.ts";
import { RecordCursor } from "./record-cursor.ts";

/** Who says when a record happened: its producer, or the broker that appended it. */
export type TimestampType = "createTime" | "logAppendTime";

/**
 * One record batch as a view over its bytes: nothing is copied and nothing decoded before it is
 * asked for. The view keeps the whole underlying buffer alive, so copy before keeping a batch long.
 *
 * Format: docs/formats/record-batch.md.
 */
export class RecordBatch {
  /** Exactly this batch. */
  readonly bytes: Buffer;

  private constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  /**
   * Reads the batch that starts at `position`. More bytes may follow it. The checksum is not
   * computed; see `hasValidChecksum`.
   *
   * @throws ZoologError CORRUPT_MESSAGE when no whole batch with a sound header stands there.
   */
  static parse(bytes: Buffer, position = 0): RecordBatch {
    const available = bytes.length - position;
    if (available < RECORD_BATCH_OVERHEAD) {
      throw corruptMessage(`a record batch has at least 61 bytes, here are ${available}`);
    }
    const sizeInBytes = bytes.readInt32BE(position + BATCH_LAYOUT.batchLength) + LOG_OVERHEAD;
    if (sizeInBytes < RECORD_BATCH_OVERHEAD || sizeInBytes > available) {
      throw corruptMessage(`the batch length says ${sizeInBytes} bytes, here are ${available}`);
    }
    const fault = headerFault(bytes, position, sizeInBytes);
    if (fault !== undefined) throw corruptMessage(describeBatchFault(fault));
    return new RecordBatch(bytes.subarray(position, position + sizeInBytes));
  }

  /** Size of the whole batch, its first 12 bytes included. */
  get sizeInBytes(): number {
    return this.bytes.length;
  }

  get baseOffset(): Offset {
    return readInt64(this.bytes, BATCH_LAYOUT.baseOffset) as Offset;
  }

  get lastOffsetDelta(): number {
    return this.bytes.readInt32BE(BATCH_LAYOUT.lastOffsetDelta);
  }

  /** Inclusive. Compaction may have removed the record that had it. */
  get lastOffset(): Offset {
    return (this.baseOffset + this.lastOffsetDelta) as Offset;
  }

  /** Where the next batch starts; readers go on here even if the batch holds no record. */
  get nextOffset(): Offset {
    return (this.lastOffset + 1) as Offset;
  }

  /** `undefined` until a leader has appended the batch. */
  get partitionLeaderEpoch(): LeaderEpoch | undefined {
    const epoch = this.bytes.readInt32BE(BATCH_LAYOUT.partitionLeaderEpoch);
    return epoch < 0 ? undefined : (epoch as LeaderEpoch);
  }

  /** The checksum that the header claims, unsigned. */
  get crc(): number {
    return this.bytes.readUInt32BE(BATCH_LAYOUT.crc);
  }

  /** `undefined` for a codec number that Kafka has not given away. */
  get compression(): CompressionCodec | undefined {
    return codecOfNumber(this.#attributes & BATCH_ATTRIBUTES.compressionMask);
  }

  get timestampType(): TimestampType {
    return this.#hasAttribute(BATCH_ATTRIBUTES.logAppendTime) ? "logAppendTime" : "createTime";
  }

  get isTransactional(): boolean {
    return this.#hasAttribute(BATCH_ATTRIBUTES.transactional);
  }

  /** Control batches carry transaction markers, never a user's records. */
  get isControl(): boolean {
    return this.#hasAttribute(BATCH_ATTRIBUTES.control);
  }

  /** Timestamp of the first record; −1 when it has none. See `deleteHorizon`. */
  get baseTimestamp(): Timestamp {
    return readInt64(this.bytes, BATCH_LAYOUT.baseTimestamp) as Timestamp;
  }

  /** Greatest timestamp of the records; −1 when they carry none. */
  get maxTimestamp(): Timestamp {
    return readInt64(this.bytes, BATCH_LAYOUT.maxTimestamp) as Timestamp;
  }

  /** When tombstones and markers of a compacted batch may go; `undefined` where none was set. */
  get deleteHorizon(): Timestamp | undefined {
    return this.#hasAttribute(BATCH_ATTRIBUTES.deleteHorizon) ? this.baseTimestamp : undefined;
  }

  /** `undefined` for a producer that is neither idempotent nor transactional. */
  get producerId(): number | undefined {
    const id = readInt64(this.bytes, BATCH_LAYOUT.producerId);
    return id < 0 ? undefined : id;
  }

  /** `undefined` exactly when `producerId` is: clients without one fill in 0 or −1 alike. */
  get producerEpoch(): number | undefined {
    if (this.producerId === undefined) return undefined;
    return this.bytes.readInt16BE(BATCH_LAYOUT.producerEpoch);
  }

  /** Sequence number of the first record; `undefined` without a producer id and in markers. */
  get baseSequence(): number | undefined {
    if (this.producerId === undefined) return undefined;
    const sequence = this.bytes.readInt32BE(BATCH_LAYOUT.baseSequence);
    return sequence < 0 ? undefined : sequence;
  }

  /** Sequence number of the last record; numbers start again at 0 after 2^31 − 1. */
  get lastSequence(): number | undefined {
    const { baseSequence } = this;
    if (baseSequence === undefined) return undefined;
    return (baseSequence + this.lastOffsetDelta) % (SEQUENCE_MAX + 1);
  }

  get recordCount(): number {
    return this.bytes.readInt32BE(BATCH_LAYOUT.recordCount);
  }

  /** True when the CRC-32C over bytes 21 to the end is the one in the header. */
  hasValidChecksum(): boolean {
    return crc32c(this.bytes.subarray(BATCH_LAYOUT.attributes)) === this.crc;
  }

  /**
   * What a leader does on append: gives the batch its place and its epoch. Both fields lie outside
   * the checksum, so this changes 12 bytes in place and nothing else.
   */
  assign(place: { readonly baseOffset: Offset; readonly leaderEpoch: LeaderEpoch }): void {
    assert(
      place.baseOffset + this.lastOffsetDelta < Number.MAX_SAFE_INTEGER,
      "offsets stay below 2^53",
    );
    writeInt64(this.bytes, place.baseOffset, BATCH_LAYOUT.baseOffset);
    this.bytes.writeInt32BE(place.leaderEpoch, BATCH_LAYOUT.partitionLeaderEpoch);
  }

  /**
   * Sets the append time of a topic with `message.timestamp.type=LogAppendTime`: every record's
   * timestamp then is `now`. Changes the batch in place and computes its checksum anew.
   */
  stampLogAppendTime(now: Timestamp): void {
    const attributes = this.#attributes | BATCH_ATTRIBUTES.logAppendTime;
    this.bytes.writeInt16BE(attributes, BATCH_LAYOUT.attributes);
    writeInt64(this.bytes, now, BATCH_LAYOUT.maxTimestamp);
    this.#renewChecksum();
  }

  /**
   * Sets the greatest timestamp where a producer claimed another one than its records have. Changes
   * the batch in place and computes its checksum anew.
   */
  correctMaxTimestamp(maxTimestamp: Timestamp): void {
    writeInt64(this.bytes, maxTimestamp, BATCH_LAYOUT.maxTimestamp);
    this.#renewChecksum();
  }

  /**
   * What an idempotent producer does before the first attempt (KIP-98): numbers the records. Changes
   * the batch in place and computes its checksum anew.
   */
  stampProducer(mark: {
    readonly producerId: number;
    readonly producerEpoch: number;
    readonly baseSequence: number;
  }): void {
    writeInt64(this.bytes, mark.producerId, BATCH_LAYOUT.producerId);
    this.bytes.writeInt16BE(mark.producerEpoch, BATCH_LAYOUT.producerEpoch);
    this.bytes.writeInt32BE(mark.baseSequence, BATCH_LAYOUT.baseSequence);
    this.#renewChecksum();
  }

  /**
   * The records, decoded one by one while the caller iterates. Keys and values are views over
   * this batch's bytes, or over one decompressed block.
   *
   * @throws ZoologError CORRUPT_MESSAGE, also in the middle of an iteration;
   *   UNSUPPORTED_COMPRESSION_TYPE; MESSAGE_TOO_LARGE when they inflate beyond the limit.
   */
  records(limits?: DecompressLimits): DecodedRecords {
    return new DecodedRecords(this.cursor(limits));
  }

  /**
   * The bytes of the records, as they were before compression.
   *
   * @throws ZoologError CORRUPT_MESSAGE, UNSUPPORTED_COMPRESSION_TYPE, MESSAGE_TOO_LARGE.
   */
  inflate(limits?: DecompressLimits): Buffer {
    const codec = this.compression;
    if (codec === undefined) {
      throw unsupportedCompression(
        "the batch names a compression codec that does not exist",
        "Only none, gzip, snappy, lz4 and zstd are known",
      );
    }
    const stored = this.bytes.subarray(BATCH_LAYOUT.records);
    const isEmptied = this.recordCount === 0; // By compaction; nothing was compressed then.
    return codec === "none" || isEmptied ? stored : decompress(codec, stored, limits);
  }

  /**
   * The records without an object for each; throws as `records` does.
   *
   * @param block what `inflate` has answered before, for who walks a batch again.
   */
  cursor(limits?: DecompressLimits, block: Buffer = this.inflate(limits)): RecordCursor {
    const isStamped = this.timestampType === "logAppendTime";
    return new RecordCursor({
      block,
      recordCount: this.recordCount,
      baseOffset: this.baseOffset,
      lastOffsetDelta: this.lastOffsetDelta,
      baseTimestamp: this.baseTimestamp,
      appendTimestamp: isStamped ? this.maxTimestamp : undefined,
    });
  }

  #renewChecksum(): void {
    const crc = crc32c(this.bytes.subarray(BATCH_LAYOUT.attributes));
    this.bytes.writeUInt32BE(crc, BATCH_LAYOUT.crc);
  }

  get #attributes(): number {
    return this.bytes.readInt16BE(BATCH_LAYOUT.attributes);
  }

  #hasAttribute(bit: number): boolean {
    return (this.#attributes & bit) !== 0;
  }
}
