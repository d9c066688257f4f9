import {
  RecordBatchBuilder,
  type RecordBatchOptions,
  type RecordInput,
} from "./record-batch-builder.ts";

/**
 * One batch from a list of records, at least one. For records that come one by one see
 * `RecordBatchBuilder`.
 *
 * @throws ZoologError INVALID_RECORD, MESSAGE_TOO_LARGE, UNSUPPORTED_COMPRESSION_TYPE.
 */
export function encodeRecordBatch(
  records: Iterable<RecordInput>,
  options: RecordBatchOptions = {},
): Buffer {
  const builder = new RecordBatchBuilder(options);
  for (const record of records) builder.append(record);
  return builder.build();
}
