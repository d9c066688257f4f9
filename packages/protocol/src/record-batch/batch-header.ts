import { readInt64 } from "../big-endian.ts";
import { BATCH_LAYOUT, RECORD_BATCH_MAGIC, RECORD_BATCH_OVERHEAD } from "./batch-layout.ts";

/** Why bytes are not a record batch, before any checksum is computed. */
export type BatchFault =
  /** `batchLength` is negative, shorter than a header or beyond the limit; zeros read so, too. */
  | "lengthOutOfRange"
  | "unknownMagic"
  | "offsetOutOfRange"
  | "recordCountOutOfRange"
  | "timestampOutOfRange"
  | "producerStateOutOfRange";

const FAULT_TEXTS: Readonly<Record<BatchFault, string>> = {
  lengthOutOfRange: "the batch length is not possible",
  unknownMagic: "the magic byte is not 2",
  offsetOutOfRange: "the base offset or last offset delta is out of range",
  recordCountOutOfRange: "the record count does not fit the offsets or the size",
  timestampOutOfRange: "a timestamp is beyond 2^53",
  producerStateOutOfRange: "the producer id, epoch or sequence is out of range",
};

/** The fault as a clause for a message. */
export const describeBatchFault = (fault: BatchFault): string => FAULT_TEXTS[fault];

/**
 * Checks every header field but the checksum, so that views over the batch never meet a number
 * that cannot be an offset, a timestamp or a count.
 *
 * @param sizeInBytes the whole batch's size; at least `RECORD_BATCH_OVERHEAD` bytes are readable.
 */
export function headerFault(
  bytes: Buffer,
  position: number,
  sizeInBytes: number,
): BatchFault | undefined {
  if (bytes[position + BATCH_LAYOUT.magic] !== RECORD_BATCH_MAGIC) return "unknownMagic";
  const baseOffset = readInt64(bytes, position + BATCH_LAYOUT.baseOffset);
  const lastOffsetDelta = bytes.readInt32BE(position + BATCH_LAYOUT.lastOffsetDelta);
  if (baseOffset < 0 || lastOffsetDelta < 0) return "offsetOutOfRange";
  // The next offset (last + 1) must be a safe integer, too.
  if (baseOffset + lastOffsetDelta >= Number.MAX_SAFE_INTEGER) return "offsetOutOfRange";
  const recordCount = bytes.readInt32BE(position + BATCH_LAYOUT.recordCount);
  // Compaction may leave fewer records than offsets, even none; more can never be.
  if (recordCount < 0 || recordCount > lastOffsetDelta + 1) return "recordCountOutOfRange";
  if (recordCount > 0 && sizeInBytes === RECORD_BATCH_OVERHEAD) return "recordCountOutOfRange";
  return (
    timestampFault(bytes, position + BATCH_LAYOUT.baseTimestamp) ??
    timestampFault(bytes, position + BATCH_LAYOUT.maxTimestamp) ??
    producerFault(bytes, position)
  );
}

function timestampFault(bytes: Buffer, position: number): BatchFault | undefined {
  return Number.isSafeInteger(readInt64(bytes, position)) ? undefined : "timestampOutOfRange";
}

function producerFault(bytes: Buffer, position: number): BatchFault | undefined {
  const producerId = readInt64(bytes, position + BATCH_LAYOUT.producerId);
  if (producerId < -1 || !Number.isSafeInteger(producerId)) return "producerStateOutOfRange";
  if (bytes.readInt16BE(position + BATCH_LAYOUT.producerEpoch) < -1) {
    return "producerStateOutOfRange";
  }
  const baseSequence = bytes.readInt32BE(position + BATCH_LAYOUT.baseSequence);
  return baseSequence < -1 ? "producerStateOutOfRange" : undefined;
}
