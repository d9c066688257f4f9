import { itemError } from "../errors.ts";
import { either, list, object, optional, type Static, topicId, topicName } from "../schema.ts";
import { adminTimeoutMs } from "./create-topics.ts";

/**
 * Kafka's DeleteTopics (key 20). With a `topicId` only that incarnation is deleted: a topic that was
 * recreated meanwhile stays.
 */
export const deleteTopicsRequest = object({
  timeoutMs: adminTimeoutMs,
  topics: list(object({ topic: topicName, topicId: optional(topicId) })),
});
export type DeleteTopicsRequest = Static<typeof deleteTopicsRequest>;

export const deleteTopicsResponse = object({
  topics: list(
    either([
      // Without an id when the topic's znode could not be read and nothing else told it.
      object({ topic: topicName, topicId: optional(topicId) }),
      object({ topic: topicName, error: itemError }),
    ]),
  ),
});
export type DeleteTopicsResponse = Static<typeof deleteTopicsResponse>;
