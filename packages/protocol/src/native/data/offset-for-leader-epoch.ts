import { leaderError } from "../errors.ts";
import {
  either,
  leaderEpochField,
  object,
  offsetField,
  optional,
  partitionIndex,
  type Static,
  topicsOf,
} from "../schema.ts";

/**
 * Kafka's OffsetForLeaderEpoch (key 23, KIP-320): a reader that has read in `leaderEpoch` up to some
 * offset and hears that the epoch ends before it has read what was cut off since.
 */
export const offsetForLeaderEpochRequest = object({
  topics: topicsOf(
    object({
      partition: partitionIndex,
      leaderEpoch: leaderEpochField,
      currentLeaderEpoch: optional(leaderEpochField),
    }),
  ),
});
export type OffsetForLeaderEpochRequest = Static<typeof offsetForLeaderEpochRequest>;

/**
 * `leaderEpoch` is the greatest that the log knows and that is not above the one asked for; both are
 * missing when there is none, and for an epoch that has not begun.
 */
export const offsetForLeaderEpochResponse = object({
  topics: topicsOf(
    either([
      leaderError,
      object({
        partition: partitionIndex,
        leaderEpoch: optional(leaderEpochField),
        endOffset: optional(offsetField),
      }),
    ]),
  ),
});
export type OffsetForLeaderEpochResponse = Static<typeof offsetForLeaderEpochResponse>;
