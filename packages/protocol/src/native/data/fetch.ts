import { currentLeader, itemError } from "../errors.ts";
import {
  brokerIdField,
  bytes,
  either,
  int64,
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
  topicId,
  topicName,
  topicsOf,
} from "../schema.ts";

/**
 * Longest long poll. Proxies and our own idle timeout cut silent connections after a minute; a
 * client that wants to wait longer asks again.
 */
export const MAX_WAIT_MS_MAX = 30_000;

/** Kafka's default of `fetch.max.bytes`; more in one answer only delays the first record. */
export const FETCH_BYTES_MAX = 50 * 1024 * 1024;

export const isolation = oneOfNames(["readUncommitted", "readCommitted"], {
  description: "readCommitted hides records of open and aborted transactions",
  default: "readUncommitted",
});

const partitionWanted = object({
  partition: partitionIndex,
  fetchOffset: offsetField,
  partitionMaxBytes: integer({
    minimum: 0,
    maximum: FETCH_BYTES_MAX,
    default: 1024 * 1024,
  }),
  currentLeaderEpoch: optional(leaderEpochField),
  /** Of the batch before fetchOffset, as the consumer has read it (KIP-320). */
  lastFetchedEpoch: optional(leaderEpochField),
});

/**
 * Kafka's Fetch (key 1), for consumers. There is no replica id in it: replicas have a call of their
 * own, so that no client can pose as one (CVE-2018-1288).
 */
export const fetchRequest = object({
  maxWaitMs: integer(
    { minimum: 0, maximum: MAX_WAIT_MS_MAX, default: 500 },
    { description: "How long to wait for minBytes; 0 answers at once" },
  ),
  minBytes: integer({ minimum: 0, maximum: FETCH_BYTES_MAX, default: 1 }),
  maxBytes: integer(
    { minimum: 0, maximum: FETCH_BYTES_MAX, default: FETCH_BYTES_MAX },
    { description: "Of the whole answer; the first batch comes even when it is larger" },
  ),
  isolation,
  rack: optional(
    text(
      { maxLength: 255 },
      { description: "Where the consumer is; a leader may name a replica there (KIP-392)" },
    ),
  ),
  topics: list(
    object({
      topic: topicName,
      /** The life of the topic that is meant; of another one there is `INCONSISTENT_TOPIC_ID`. */
      topicId: optional(topicId),
      partitions: list(partitionWanted),
    }),
  ),
});
export type FetchRequest = Static<typeof fetchRequest>;

const abortedTransaction = object({ producerId: int64, firstOffset: offsetField });

const partitionFetched = either([
  object({
    partition: partitionIndex,
    highWatermark: offsetField,
    lastStableOffset: offsetField,
    logStartOffset: offsetField,
    abortedTransactions: optional(list(abortedTransaction)),
    preferredReadReplica: optional(brokerIdField),
    /**
     * What the consumer has read is not in the log any more: the greatest epoch, not above
     * lastFetchedEpoch, that the log knows, and where it ends. There are no records then.
     */
    divergingEpoch: optional(object({ leaderEpoch: leaderEpochField, endOffset: offsetField })),
    records: bytes({
      description:
        "Whole RecordBatches v2, from the one that holds fetchOffset; empty when there are none",
    }),
  }),
  object({
    partition: partitionIndex,
    error: itemError,
    highWatermark: optional(offsetField),
    logStartOffset: optional(offsetField),
    currentLeader: optional(currentLeader),
  }),
]);

/** Topics and partitions come in the order of the request, every one of them. */
export const fetchResponse = object({
  topics: topicsOf(partitionFetched),
});
export type FetchResponse = Static<typeof fetchResponse>;
