import { currentLeader, itemError } from "../errors.ts";
import {
  either,
  list,
  object,
  offsetField,
  optional,
  partitionIndex,
  type Static,
  timestampField,
  topicName,
} from "../schema.ts";

/** Where offsets lie in their partitions, at the leaders: what a lag is made of. */
export const describeOffsetsRequest = object({
  topics: list(
    object({
      topic: topicName,
      partitions: list(object({ partition: partitionIndex, offset: optional(offsetField) })),
    }),
  ),
});
export type DescribeOffsetsRequest = Static<typeof describeOffsetsRequest>;

/** `timestamp` is that of the first record at or after `offset`; missing when there is none. */
export const describeOffsetsResponse = object({
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
          object({
            partition: partitionIndex,
            logStartOffset: offsetField,
            highWatermark: offsetField,
            timestamp: optional(timestampField),
          }),
        ]),
      ),
    }),
  ),
});
export type DescribeOffsetsResponse = Static<typeof describeOffsetsResponse>;
