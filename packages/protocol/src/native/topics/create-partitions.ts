import { itemError } from "../errors.ts";
import {
  brokerIdField,
  either,
  flag,
  int32,
  list,
  object,
  optional,
  type Static,
  topicName,
} from "../schema.ts";
import { adminTimeoutMs } from "./create-topics.ts";

/**
 * Kafka's CreatePartitions (key 37). `count` is how many the topic is to have altogether;
 * `assignments` names the replicas of the new ones alone, the preferred leader first.
 */
export const createPartitionsRequest = object({
  timeoutMs: adminTimeoutMs,
  validateOnly: flag({ description: "Check everything, create nothing", default: false }),
  topics: list(
    object({
      topic: topicName,
      count: int32,
      assignments: optional(list(list(brokerIdField))),
    }),
  ),
});
export type CreatePartitionsRequest = Static<typeof createPartitionsRequest>;

export const createPartitionsResponse = object({
  topics: list(
    either([
      object({ topic: topicName, error: itemError }),
      object({ topic: topicName, numPartitions: int32 }),
    ]),
  ),
});
export type CreatePartitionsResponse = Static<typeof createPartitionsResponse>;
