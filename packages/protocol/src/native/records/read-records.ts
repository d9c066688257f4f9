import { FETCH_BYTES_MAX, MAX_WAIT_MS_MAX } from "../data/fetch.ts";
import {
  either,
  integer,
  list,
  object,
  offsetField,
  oneOfNames,
  optional,
  partitionIndex,
  type Static,
  text,
  timestampField,
  topicName,
} from "../schema.ts";
import { recordField } from "./record-field.ts";

/** Records in one answer for people; `nextOffset` says where to go on. */
const READ_RECORDS_MAX = 10_000;

/** The query of `GET /v1/topics/<topic>/partitions/<partition>/records`. */
export const readRecordsQuery = object({
  offset: either([offsetField, oneOfNames(["earliest", "latest"])], {
    description: "an offset, earliest or latest",
    default: "earliest",
  }),
  maxBytes: integer(
    { minimum: 0, maximum: FETCH_BYTES_MAX, default: 1024 * 1024 },
    { description: "Of the batches as stored; the first comes even when it is larger" },
  ),
  maxRecords: integer({ minimum: 1, maximum: READ_RECORDS_MAX, default: 1_000 }),
  maxWaitMs: integer(
    { minimum: 0, maximum: MAX_WAIT_MS_MAX, default: 0 },
    { description: "How long to wait when there is nothing yet" },
  ),
  bytes: oneOfNames(["auto", "base64"], {
    description: "JSON only. auto: text where the bytes are UTF-8; base64: always {base64}",
    default: "auto",
  }),
});
export type ReadRecordsQuery = Static<typeof readRecordsQuery>;

export const readRecord = object({
  offset: offsetField,
  timestamp: optional(timestampField),
  key: recordField,
  value: recordField,
  headers: list(object({ key: text({ maxLength: 32_768 }), value: recordField })),
});
export type ReadRecord = Static<typeof readRecord>;

export const readRecordsResponse = object({
  topic: topicName,
  partition: partitionIndex,
  logStartOffset: offsetField,
  highWatermark: offsetField,
  nextOffset: offsetField,
  records: list(readRecord),
});
export type ReadRecordsResponse = Static<typeof readRecordsResponse>;
