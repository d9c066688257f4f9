import { assert } from "@zoolog/base";
import { writeInt64 } from "../big-endian.ts";
import { type CompressionCodec, codecNumber } from "../compression/codecs.ts";
import { compress } from "../compression/compression.ts";
import { crc32c } from "../crc32c.ts";
import { invalidRecord, messageTooLarge } from "../errors.ts";
import {
  BATCH_ATTRIBUTES,
  BATCH_BYTES_MAX,
  BATCH_LAYOUT,
  LOG_OVERHEAD,
  RECORD_BATCH_MAGIC,
  RECORD_BATCH_OVERHEAD,
} from "./batch-layout.ts";
import { VARINT_BYTES_MAX, varintSize, varlongSize, writeVarint, writeVarlong } from "./varint.ts";

/** Text is written as UTF-8 without a buffer in between. */
export type RecordData = Uint8Array | string;

export type RecordHeaderInput = {
  readonly key: string;
  readonly value?: RecordData | null | undefined;
};

export type RecordInput = {
  /** Milliseconds since 1970; −1 for none. */
  readonly timestamp: number;
  readonly key?: RecordData | null | undefined;
  /** Null is a tombstone: compaction removes the key. */
  readonly value?: RecordData | null | undefined;
  readonly headers?: readonly RecordHeaderInput[] | undefined;
};

/** An idempotent or transactional producer's mark (KIP-98). */
export type ProducerState = {
  readonly producerId: number;
  readonly producerEpoch: number;
  /** Sequence number of the batch's first record; `undefined` in control batches. */
  readonly baseSequence: number | undefined;
};

export type RecordBatchOptions = {
  readonly compression?: CompressionCodec;
  /** Where the batch starts: producers leave it 0, the leader sets it on append. */
  readonly baseOffset?: number;
  /** Likewise; `undefined` until a leader appends the batch. */
  readonly partitionLeaderEpoch?: number;
  readonly producer?: ProducerState;
  readonly isTransactional?: boolean;
  /** For `encodeControlBatch` alone: clients may not send control batches. */
  readonly isControl?: boolean;
  /**
   * Memory to build the batch in, reused by the caller once the batch is no longer needed. A batch
   * that outgrows it moves to memory of its own.
   */
  readonly buffer?: Buffer;
};

/** The last millisecond that a `Date` holds, in the year 275760. */
const TIMESTAMP_MAX = 8.64e15;
/** Room for a few records; the buffer doubles from here. */
const INITIAL_BYTES = 512;

/**
 * Collects records into one batch, writing each straight into the batch's buffer. Used once:
 * `build` hands the buffer out.
 */
export class RecordBatchBuilder {
  readonly #options: RecordBatchOptions;
  #bytes: Buffer;
  #position: number = RECORD_BATCH_OVERHEAD;
  #recordCount = 0;
  #baseTimestamp = -1;
  #maxTimestamp = -1;
  #built = false;

  constructor(options: RecordBatchOptions = {}) {
    this.#options = options;
    const { buffer } = options;
    const roomy = buffer !== undefined && buffer.length >= INITIAL_BYTES;
    this.#bytes = roomy ? buffer : Buffer.allocUnsafeSlow(INITIAL_BYTES);
  }

  get recordCount(): number {
    return this.#recordCount;
  }

  /** Size that `build` would give now without compression. */
  get sizeInBytes(): number {
    return this.#position;
  }

  /** Bytes that `record` would add, before compression. */
  sizeOf(record: RecordInput): number {
    const body = this.#bodySize(record, dataSize(record.key), dataSize(record.value));
    return varintSize(body) + body;
  }

  /** @throws ZoologError INVALID_RECORD, MESSAGE_TOO_LARGE; the batch is then as it was before. */
  append(record: RecordInput): void {
    assert(!this.#built, "a builder is used once");
    const { timestamp, key, value, headers } = record;
    if (!Number.isInteger(timestamp) || timestamp < -1 || timestamp > TIMESTAMP_MAX) {
      throw invalidRecord(`a timestamp must be a whole number of milliseconds, not ${timestamp}`);
    }
    const keySize = dataSize(key);
    const valueSize = dataSize(value);
    const bodySize = this.#bodySize(record, keySize, valueSize);
    this.#reserve(VARINT_BYTES_MAX + bodySize);
    if (this.#recordCount === 0) this.#baseTimestamp = timestamp;

    const bytes = this.#bytes;
    let at = writeVarint(bytes, bodySize, this.#position);
    bytes[at++] = 0; // Record attributes: no bit has a meaning yet.
    at = writeVarlong(bytes, timestamp - this.#baseTimestamp, at);
    at = writeVarint(bytes, this.#recordCount, at);
    at = writeData(bytes, key, keySize, at);
    at = writeData(bytes, value, valueSize, at);
    this.#position = writeHeaders(bytes, headers, at);
    this.#recordCount++;
    if (timestamp > this.#maxTimestamp) this.#maxTimestamp = timestamp;
  }

  /** The finished batch. It may share its buffer's spare end, which is never written again. */
  build(): Buffer {
    assert(!this.#built, "a builder is used once");
    assert(this.#recordCount > 0, "a batch has a record");
    this.#built = true;
    const codec = this.#options.compression ?? "none";
    if (codec === "none") return this.#finish(this.#bytes.subarray(0, this.#position));
    const block = compress(codec, this.#bytes.subarray(RECORD_BATCH_OVERHEAD, this.#position));
    const batch = Buffer.allocUnsafeSlow(RECORD_BATCH_OVERHEAD + block.length);
    batch.set(block, RECORD_BATCH_OVERHEAD);
    return this.#finish(batch);
  }

  #finish(batch: Buffer): Buffer {
    const { baseOffset, partitionLeaderEpoch, producer } = this.#options;
    writeInt64(batch, baseOffset ?? 0, BATCH_LAYOUT.baseOffset);
    batch.writeInt32BE(batch.length - LOG_OVERHEAD, BATCH_LAYOUT.batchLength);
    batch.writeInt32BE(partitionLeaderEpoch ?? -1, BATCH_LAYOUT.partitionLeaderEpoch);
    batch[BATCH_LAYOUT.magic] = RECORD_BATCH_MAGIC;
    batch.writeInt16BE(this.#attributes(), BATCH_LAYOUT.attributes);
    batch.writeInt32BE(this.#recordCount - 1, BATCH_LAYOUT.lastOffsetDelta);
    writeInt64(batch, this.#baseTimestamp, BATCH_LAYOUT.baseTimestamp);
    writeInt64(batch, this.#maxTimestamp, BATCH_LAYOUT.maxTimestamp);
    writeInt64(batch, producer?.producerId ?? -1, BATCH_LAYOUT.producerId);
    batch.writeInt16BE(producer?.producerEpoch ?? -1, BATCH_LAYOUT.producerEpoch);
    batch.writeInt32BE(producer?.baseSequence ?? -1, BATCH_LAYOUT.baseSequence);
    batch.writeInt32BE(this.#recordCount, BATCH_LAYOUT.recordCount);
    batch.writeUInt32BE(crc32c(batch.subarray(BATCH_LAYOUT.attributes)), BATCH_LAYOUT.crc);
    return batch;
  }

  #attributes(): number {
    const { compression, isTransactional, isControl } = this.#options;
    let attributes = codecNumber(compression ?? "none");
    if (isTransactional) attributes |= BATCH_ATTRIBUTES.transactional;
    if (isControl) attributes |= BATCH_ATTRIBUTES.control;
    return attributes;
  }

  #bodySize(record: RecordInput, keySize: number, valueSize: number): number {
    const base = this.#recordCount === 0 ? record.timestamp : this.#baseTimestamp;
    return (
      1 +
      varlongSize(record.timestamp - base) +
      varintSize(this.#recordCount) +
      sizedDataSize(keySize) +
      sizedDataSize(valueSize) +
      headersSize(record.headers)
    );
  }

  #reserve(more: number): void {
    const needed = this.#position + more;
    if (needed <= this.#bytes.length) return;
    if (needed > BATCH_BYTES_MAX) {
      throw messageTooLarge("a record batch holds at most 2 GiB", "Send smaller batches");
    }
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.#bytes.length * 2));
    larger.set(this.#bytes.subarray(0, this.#position));
    this.#bytes = larger;
  }
}

/** −1 for null, as the format writes it. */
function dataSize(data: RecordData | null | undefined): number {
  if (data === null || data === undefined) return -1;
  return typeof data === "string" ? Buffer.byteLength(data) : data.length;
}

/** A length and so many bytes; null is the length −1 alone. */
function sizedDataSize(size: number): number {
  return size < 0 ? 1 : varintSize(size) + size;
}

function writeData(
  bytes: Buffer,
  data: RecordData | null | undefined,
  size: number,
  position: number,
): number {
  const at = writeVarint(bytes, size, position);
  if (data === null || data === undefined) return at;
  if (typeof data !== "string") bytes.set(data, at);
  // As many bytes as characters means ASCII only, which Latin-1 writes the same and faster.
  else if (size === data.length) bytes.write(data, at, size, "latin1");
  else bytes.write(data, at, size, "utf8");
  return at + size;
}

function headersSize(headers: readonly RecordHeaderInput[] | undefined): number {
  if (headers === undefined) return 1;
  let size = varintSize(headers.length);
  for (const { key, value } of headers) {
    size += sizedDataSize(Buffer.byteLength(key)) + sizedDataSize(dataSize(value));
  }
  return size;
}

function writeHeaders(
  bytes: Buffer,
  headers: readonly RecordHeaderInput[] | undefined,
  position: number,
): number {
  if (headers === undefined) return writeVarint(bytes, 0, position);
  let at = writeVarint(bytes, headers.length, position);
  for (const { key, value } of headers) {
    at = writeData(bytes, key, Buffer.byteLength(key), at);
    at = writeData(bytes, value, dataSize(value), at);
  }
  return at;
}
