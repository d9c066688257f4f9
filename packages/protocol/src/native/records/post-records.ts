import { COMPRESSION_CODECS } from "../../compression/codecs.ts";
import { requiredAcks, TIMEOUT_MS_MAX } from "../data/produce.ts";
import { partitionError } from "../errors.ts";
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
  timestampField,
  topicName,
} from "../schema.ts";
import { recordField, recordHeaders } from "./record-field.ts";

const recordFields = {
  key: optional(recordField),
  value: optional(recordField),
  headers: optional(recordHeaders),
  partition: optional(partitionIndex),
  timestamp: optional(timestampField),
};

/**
 * `POST /v1/topics/<topic>/records`, for people: the broker builds the batches. A record goes to
 * its `partition`, else to the one its key hashes to (Java's murmur2), else to the next in turn.
 */
export const postRecordsRequest = object({
  requiredAcks,
  timeoutMs: integer({ minimum: 0, maximum: TIMEOUT_MS_MAX, default: 30_000 }),
  compression: oneOfNames(COMPRESSION_CODECS, { default: "none" }),
  records: list(object(recordFields), {
    description: "In the order in which each partition shall have them",
  }),
});
export type PostRecordsRequest = Static<typeof postRecordsRequest>;

/**
 * The same record as a line of its own. It may say where it was read, as reading shows it, so that
 * what was read can be sent on; it does not go there again.
 */
export const recordLine = object({
  ...recordFields,
  topic: optional(topicName),
  offset: optional(offsetField),
});

/** One entry per record, in the order of the request. */
export const postRecordsResponse = object({
  topic: topicName,
  records: list(
    either([partitionError, object({ partition: partitionIndex, offset: optional(offsetField) })]),
  ),
});
export type PostRecordsResponse = Static<typeof postRecordsResponse>;
