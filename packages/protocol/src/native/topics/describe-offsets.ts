import { leaderError } from "../errors.ts";
import {
  either,
  leaderEpochField,
  object,
  offsetField,
  optional,
  partitionIndex,
  type Static,
  timestampField,
  topicsOf,
} from "../schema.ts";

/**
 * Where offsets lie in their partitions, at the leaders: what a lag is made of. 10,000 partitions at
 * most in one call.
 */
export const describeOffsetsRequest = object({
  topics: topicsOf(
    object({
      partition: partitionIndex,
      offset: optional(offsetField),
      currentLeaderEpoch: optional(leaderEpochField),
    }),
  ),
});
export type DescribeOffsetsRequest = Static<typeof describeOffsetsRequest>;

/**
 * `timestamp` is that of the first committed record at or after `offset`; missing when there is none.
 * Exact for the first record of a batch, for small batches at the end of the log that are not
 * compressed, and where the broker stamps records; else that of the first record of its batch.
 */
export const describeOffsetsResponse = object({
  topics: topicsOf(
    either([
      leaderError,
      object({
        partition: partitionIndex,
        logStartOffset: offsetField,
        highWatermark: offsetField,
        timestamp: optional(timestampField),
      }),
    ]),
  ),
});
export type DescribeOffsetsResponse = Static<typeof describeOffsetsResponse>;
