import { leaderError } from "../errors.ts";
import {
  either,
  object,
  offsetField,
  oneOfNames,
  partitionIndex,
  type Static,
  topicsOf,
} from "../schema.ts";
import { adminTimeoutMs } from "./create-topics.ts";

/** Kafka's DeleteRecords (key 21), at the leaders: everything before `offset`. */
export const deleteRecordsRequest = object({
  timeoutMs: adminTimeoutMs,
  topics: topicsOf(
    object({
      partition: partitionIndex,
      offset: either([oneOfNames(["highWatermark"]), offsetField]),
    }),
  ),
});
export type DeleteRecordsRequest = Static<typeof deleteRecordsRequest>;

/** `lowWatermark` is the least log start offset of the replicas. */
export const deleteRecordsResponse = object({
  topics: topicsOf(
    either([leaderError, object({ partition: partitionIndex, lowWatermark: offsetField })]),
  ),
});
export type DeleteRecordsResponse = Static<typeof deleteRecordsResponse>;
