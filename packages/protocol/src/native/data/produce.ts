import { leaderErrorFields } from "../errors.ts";
import {
  bytes,
  either,
  integer,
  leaderEpochField,
  list,
  object,
  offsetField,
  oneOfNames,
  optional,
  partitionIndex,
  type Static,
  text,
  timestampField,
  topicsOf,
} from "../schema.ts";

/**
 * Longest wait a caller may ask for. Longer ones would outlive the connection's idle timeout.
 */
export const TIMEOUT_MS_MAX = 120_000;

export const requiredAcks = oneOfNames(["none", "leader", "all"], {
  description: "Whose copy counts: nobody's, the leader's, that of every in-sync replica",
  default: "all",
});
/** Kafka's `acks` 0, 1 and -1. */
export type RequiredAcks = Static<typeof requiredAcks>;

/** Kafka's Produce (key 0): appends record batches, one batch per partition. */
export const produceRequest = object({
  requiredAcks,
  timeoutMs: integer(
    { minimum: 0, maximum: TIMEOUT_MS_MAX, default: 30_000 },
    { description: "How long `all` may wait for the replicas" },
  ),
  topics: topicsOf(
    object({
      partition: partitionIndex,
      currentLeaderEpoch: optional(leaderEpochField),
      records: bytes({ description: "Exactly one RecordBatch v2" }),
    }),
  ),
});
export type ProduceRequest = Static<typeof produceRequest>;

const recordError = object({
  batchIndex: integer(
    { minimum: 0, maximum: 2 ** 31 - 1 },
    { description: "Place of the record in its batch, from 0" },
  ),
  message: text({ maxLength: 10_000 }, { description: "What is wrong with it, for a person" }),
});

const partitionProduced = either([
  object({
    ...leaderErrorFields,
    recordErrors: optional(
      list(recordError, {
        description: "The first records that the batch is refused for, where single ones are",
      }),
    ),
  }),
  object({
    partition: partitionIndex,
    baseOffset: optional(offsetField),
    logAppendTime: optional(timestampField),
    logStartOffset: optional(offsetField),
  }),
]);

/** `baseOffset` is missing only with `requiredAcks: "none"`. */
export const produceResponse = object({
  topics: topicsOf(partitionProduced),
});
export type ProduceResponse = Static<typeof produceResponse>;
