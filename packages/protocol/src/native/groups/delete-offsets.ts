import { itemError } from "../errors.ts";
import { list, object, optional, partitionIndex, type Static, topicName } from "../schema.ts";
import { groupIdField } from "./group-fields.ts";

/** Kafka's OffsetDelete (key 47): of topics that no member subscribes to. */
export const deleteOffsetsRequest = object({
  groupId: groupIdField,
  topics: list(object({ topic: topicName, partitions: list(partitionIndex) })),
});
export type DeleteOffsetsRequest = Static<typeof deleteOffsetsRequest>;

export const deleteOffsetsResponse = object({
  topics: list(
    object({
      topic: topicName,
      partitions: list(object({ partition: partitionIndex, error: optional(itemError) })),
    }),
  ),
});
export type DeleteOffsetsResponse = Static<typeof deleteOffsetsResponse>;
