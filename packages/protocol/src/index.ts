export type { CompressionCodec } from "./compression/codecs.ts";
export { DECOMPRESSED_BYTES_MAX, type DecompressLimits } from "./compression/limits.ts";
export { crc32c, loadNativeCrc32c } from "./crc32c.ts";
export {
  BatchCursor,
  type BatchCursorOptions,
  type BatchSighting,
} from "./record-batch/batch-cursor.ts";
export { type BatchFault, describeBatchFault } from "./record-batch/batch-header.ts";
export {
  BATCH_BYTES_MAX,
  LOG_OVERHEAD,
  RECORD_BATCH_MAGIC,
  RECORD_BATCH_OVERHEAD,
  SEQUENCE_MAX,
} from "./record-batch/batch-layout.ts";
export { encodeRecordBatch } from "./record-batch/encode-record-batch.ts";
export { RecordBatch, type TimestampType } from "./record-batch/record-batch.ts";
export {
  type ProducerState,
  RecordBatchBuilder,
  type RecordBatchOptions,
  type RecordData,
  type RecordHeaderInput,
  type RecordInput,
} from "./record-batch/record-batch-builder.ts";
export type { DecodedRecord, RecordHeader } from "./record-batch/record-iterator.ts";
export { splitBatches } from "./record-batch/split-batches.ts";
