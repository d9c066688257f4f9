import { leaderError } from "../errors.ts";
import {
  either,
  int32,
  int64,
  list,
  object,
  optional,
  partitionIndex,
  type Static,
  timestampField,
  topicsOf,
} from "../schema.ts";

/** Kafka's DescribeProducers (key 61), at the leaders. 10,000 partitions at most in one call. */
export const describeProducersRequest = object({ topics: topicsOf(partitionIndex) });
export type DescribeProducersRequest = Static<typeof describeProducersRequest>;

/** Idempotent producers that the partition remembers. `lastSequence` is missing behind a marker. */
export const describeProducersResponse = object({
  topics: topicsOf(
    either([
      leaderError,
      object({
        partition: partitionIndex,
        producers: list(
          object({
            producerId: int64,
            producerEpoch: int32,
            lastSequence: optional(int32),
            lastTimestamp: timestampField,
          }),
        ),
      }),
    ]),
  ),
});
export type DescribeProducersResponse = Static<typeof describeProducersResponse>;
