import { leaderError } from "../errors.ts";
import {
  either,
  leaderEpochField,
  object,
  offsetField,
  oneOfNames,
  optional,
  partitionIndex,
  type Static,
  timestampField,
  topicsOf,
} from "../schema.ts";
import { isolation } from "./fetch.ts";

/**
 * - `earliest`: the log start offset.
 * - `latest`: the high watermark, or the last stable offset with `readCommitted`.
 * - `maxTimestamp`: the record with the greatest timestamp.
 * - `{timestamp}`: the first record that is not older.
 */
export const offsetSpec = either(
  [oneOfNames(["earliest", "latest", "maxTimestamp"]), object({ timestamp: timestampField })],
  { description: "earliest, latest, maxTimestamp, or the first record not older than timestamp" },
);
export type OffsetSpec = Static<typeof offsetSpec>;

/** Kafka's ListOffsets (key 2). */
export const listOffsetsRequest = object({
  isolation,
  topics: topicsOf(
    object({
      partition: partitionIndex,
      at: offsetSpec,
      currentLeaderEpoch: optional(leaderEpochField),
    }),
  ),
});
export type ListOffsetsRequest = Static<typeof listOffsetsRequest>;

const partitionOffset = either([
  leaderError,
  object({
    partition: partitionIndex,
    offset: optional(offsetField),
    timestamp: optional(timestampField),
    leaderEpoch: optional(leaderEpochField),
  }),
]);

/** `offset` is missing when no record is that young (Kafka's -1). */
export const listOffsetsResponse = object({
  topics: topicsOf(partitionOffset),
});
export type ListOffsetsResponse = Static<typeof listOffsetsResponse>;
