import { TIMEOUT_MS_MAX } from "../data/produce.ts";
import { itemError } from "../errors.ts";
import {
  brokerIdField,
  either,
  flag,
  int32,
  integer,
  list,
  object,
  optional,
  record,
  type Static,
  text,
  topicId,
  topicName,
} from "../schema.ts";

/** A name and a value of topic configuration; values are always strings, as in Kafka. */
export const configEntries = record(text({ maxLength: 10_000 }), {
  description: "Kafka's names of topic settings",
});

/** How long administrative calls may wait for the controller. */
export const adminTimeoutMs = integer(
  { minimum: 0, maximum: TIMEOUT_MS_MAX, default: 30_000 },
  { description: "How long to wait until the cluster has done it" },
);

/**
 * Kafka's CreateTopics (key 19). `assignments` names the replicas of each partition, the preferred
 * leader first, and stands instead of `numPartitions` and `replicationFactor`.
 */
export const createTopicsRequest = object({
  timeoutMs: adminTimeoutMs,
  validateOnly: flag({ description: "Check everything, create nothing", default: false }),
  topics: list(
    object({
      topic: topicName,
      numPartitions: optional(int32),
      replicationFactor: optional(int32),
      assignments: optional(list(list(brokerIdField))),
      configs: optional(configEntries),
    }),
  ),
});
export type CreateTopicsRequest = Static<typeof createTopicsRequest>;

/** `topicId` is missing after `validateOnly`. */
export const createTopicsResponse = object({
  topics: list(
    either([
      object({
        topic: topicName,
        topicId: optional(topicId),
        numPartitions: int32,
        replicationFactor: int32,
      }),
      object({ topic: topicName, error: itemError }),
    ]),
  ),
});
export type CreateTopicsResponse = Static<typeof createTopicsResponse>;
