import type { LeaderEpoch, Offset, Timestamp } from "@zoolog/base";
import { readInt64 } from "../big-endian.ts";
import { crc32c } from "../crc32c.ts";
import { type BatchFault, headerFault } from "./batch-header.ts";
import {
  BATCH_ATTRIBUTES,
  BATCH_BYTES_MAX,
  BATCH_LAYOUT,
  LOG_OVERHEAD,
  RECORD_BATCH_MAGIC,
  RECORD_BATCH_OVERHEAD,
} from "./batch-layout.ts";

/**
 * What stands at a position:
 *
 * - `whole`: a batch with a sound header, all of it in the bytes. Its checksum is not computed.
 * - `partial`: nothing wrong so far, but the bytes end before the batch does; `bytesNeeded` says
 *   how many from the same position would let the next look get further.
 * - `corrupt`: no batch starts here; `fault` says why. Zero-filled bytes are `corrupt`.
 */
export type BatchSighting = "whole" | "partial" | "corrupt";

export type BatchCursorOptions = {
  /** Larger batches are `corrupt`. Bounds what a hostile length makes a scanner read. */
  readonly batchBytesMax?: number;
};

const NO_BYTES = Buffer.alloc(0);

/**
 * Looks at batch after batch in a buffer without creating an object for any of them: the scanner's
 * tool (recovery, index rebuild, finding the batch of an offset). One cursor is used over and over;
 * its getters tell about the batch last seen, and only after `whole`.
 */
export class BatchCursor {
  readonly #batchBytesMax: number;
  #bytes: Buffer = NO_BYTES;
  #position = 0;
  #sizeInBytes = 0;
  #bytesNeeded = 0;
  #fault: BatchFault | undefined = undefined;

  constructor(options: BatchCursorOptions = {}) {
    this.#batchBytesMax = options.batchBytesMax ?? BATCH_BYTES_MAX;
  }

  /** @param end where readable bytes end; the buffer's end unless told. */
  look(bytes: Buffer, position: number, end: number = bytes.length): BatchSighting {
    this.#bytes = bytes;
    this.#position = position;
    this.#sizeInBytes = 0;
    this.#fault = undefined;
    const available = end - position;
    if (available < LOG_OVERHEAD) return this.#partial(RECORD_BATCH_OVERHEAD);
    const sizeInBytes = bytes.readInt32BE(position + BATCH_LAYOUT.batchLength) + LOG_OVERHEAD;
    if (sizeInBytes < RECORD_BATCH_OVERHEAD || sizeInBytes > this.#batchBytesMax) {
      return this.#corrupt("lengthOutOfRange");
    }
    if (available < sizeInBytes) {
      // Telling early saves reading what a damaged length claims to follow.
      const magicKnown = available > BATCH_LAYOUT.magic;
      if (magicKnown && bytes[position + BATCH_LAYOUT.magic] !== RECORD_BATCH_MAGIC) {
        return this.#corrupt("unknownMagic");
      }
      return this.#partial(sizeInBytes);
    }
    const fault = headerFault(bytes, position, sizeInBytes);
    if (fault !== undefined) return this.#corrupt(fault);
    this.#sizeInBytes = sizeInBytes;
    return "whole";
  }

  /** True when the CRC-32C over everything after it is the one in the header. */
  checksumMatches(): boolean {
    const start = this.#position + BATCH_LAYOUT.attributes;
    const covered = this.#bytes.subarray(start, this.#position + this.#sizeInBytes);
    return crc32c(covered) === this.#bytes.readUInt32BE(this.#position + BATCH_LAYOUT.crc);
  }

  /** Size of the whole batch, its first 12 bytes included. */
  get sizeInBytes(): number {
    return this.#sizeInBytes;
  }

  /** After `partial`: bytes from the same position that are needed to tell more. */
  get bytesNeeded(): number {
    return this.#bytesNeeded;
  }

  /** After `corrupt`: why. */
  get fault(): BatchFault | undefined {
    return this.#fault;
  }

  get baseOffset(): Offset {
    return readInt64(this.#bytes, this.#position + BATCH_LAYOUT.baseOffset) as Offset;
  }

  /** Inclusive. */
  get lastOffset(): Offset {
    return (this.baseOffset +
      this.#bytes.readInt32BE(this.#position + BATCH_LAYOUT.lastOffsetDelta)) as Offset;
  }

  /** `undefined` where the batch was never appended by a leader. */
  get partitionLeaderEpoch(): LeaderEpoch | undefined {
    const epoch = this.#bytes.readInt32BE(this.#position + BATCH_LAYOUT.partitionLeaderEpoch);
    return epoch < 0 ? undefined : (epoch as LeaderEpoch);
  }

  /** Of the first record, as its producer gave it. */
  get baseTimestamp(): Timestamp {
    return readInt64(this.#bytes, this.#position + BATCH_LAYOUT.baseTimestamp) as Timestamp;
  }

  /** Greatest timestamp of its records; −1 when they carry none. */
  get maxTimestamp(): Timestamp {
    return readInt64(this.#bytes, this.#position + BATCH_LAYOUT.maxTimestamp) as Timestamp;
  }

  get recordCount(): number {
    return this.#bytes.readInt32BE(this.#position + BATCH_LAYOUT.recordCount);
  }

  /** The last offset less the first. */
  get lastOffsetDelta(): number {
    return this.#bytes.readInt32BE(this.#position + BATCH_LAYOUT.lastOffsetDelta);
  }

  get timestampType(): "createTime" | "logAppendTime" {
    return this.#hasAttribute(BATCH_ATTRIBUTES.logAppendTime) ? "logAppendTime" : "createTime";
  }

  /** As `RecordBatch.producerId`. */
  get producerId(): number | undefined {
    const id = readInt64(this.#bytes, this.#position + BATCH_LAYOUT.producerId);
    return id < 0 ? undefined : id;
  }

  get producerEpoch(): number | undefined {
    if (this.producerId === undefined) return undefined;
    return this.#bytes.readInt16BE(this.#position + BATCH_LAYOUT.producerEpoch);
  }

  get baseSequence(): number | undefined {
    if (this.producerId === undefined) return undefined;
    const sequence = this.#bytes.readInt32BE(this.#position + BATCH_LAYOUT.baseSequence);
    return sequence < 0 ? undefined : sequence;
  }

  get isControl(): boolean {
    return this.#hasAttribute(BATCH_ATTRIBUTES.control);
  }

  #hasAttribute(bit: number): boolean {
    return (this.#bytes.readInt16BE(this.#position + BATCH_LAYOUT.attributes) & bit) !== 0;
  }

  #partial(bytesNeeded: number): BatchSighting {
    this.#bytesNeeded = bytesNeeded;
    return "partial";
  }

  #corrupt(fault: BatchFault): BatchSighting {
    this.#fault = fault;
    return "corrupt";
  }
}
