import { partitionOutcome } from "../errors.ts";
import { object, partitionIndex, type Static, topicsOf } from "../schema.ts";
import { groupIdField } from "./group-fields.ts";

/** Kafka's OffsetDelete (key 47): of topics that no member subscribes to. */
export const deleteOffsetsRequest = object({
  groupId: groupIdField,
  topics: topicsOf(partitionIndex),
});
export type DeleteOffsetsRequest = Static<typeof deleteOffsetsRequest>;

export const deleteOffsetsResponse = object({
  topics: topicsOf(partitionOutcome),
});
export type DeleteOffsetsResponse = Static<typeof deleteOffsetsResponse>;
