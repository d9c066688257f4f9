import { currentLeader, itemError } from "../errors.ts";
import {
  either,
  list,
  object,
  offsetField,
  oneOfNames,
  optional,
  partitionIndex,
  type Static,
  topicName,
} from "../schema.ts";
import { adminTimeoutMs } from "./create-topics.ts";

/** Kafka's DeleteRecords (key 21), at the leaders: everything before `offset`. */
export const deleteRecordsRequest = object({
  timeoutMs: adminTimeoutMs,
  topics: list(
    object({
      topic: topicName,
      partitions: list(
        object({
          partition: partitionIndex,
          offset: either([oneOfNames(["highWatermark"]), offsetField]),
        }),
      ),
    }),
  ),
});
export type DeleteRecordsRequest = Static<typeof deleteRecordsRequest>;

/** `lowWatermark` is the least log start offset of the replicas. */
export const deleteRecordsResponse = object({
  topics: list(
    object({
      topic: topicName,
      partitions: list(
        either([
          object({
            partition: partitionIndex,
            error: itemError,
            currentLeader: optional(currentLeader),
          }),
          object({ partition: partitionIndex, lowWatermark: offsetField }),
        ]),
      ),
    }),
  ),
});
export type DeleteRecordsResponse = Static<typeof deleteRecordsResponse>;
