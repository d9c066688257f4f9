import { partitionError } from "../errors.ts";
import {
  brokerIdField,
  either,
  object,
  oneOfNames,
  optional,
  partitionIndex,
  type Static,
  topicsOf,
} from "../schema.ts";
import { adminTimeoutMs } from "../topics/create-topics.ts";

/** Kafka's ElectLeaders (key 43). Without `topics`: all partitions. */
export const electLeadersRequest = object({
  timeoutMs: adminTimeoutMs,
  election: oneOfNames(["preferred", "unclean"], {
    description: "The first replica of the list, or one that may lack acknowledged records",
  }),
  topics: optional(topicsOf(partitionIndex)),
});
export type ElectLeadersRequest = Static<typeof electLeadersRequest>;

/** `ELECTION_NOT_NEEDED` where the leader stays; of all partitions only those that changed. */
export const electLeadersResponse = object({
  topics: topicsOf(
    either([partitionError, object({ partition: partitionIndex, leader: brokerIdField })]),
  ),
});
export type ElectLeadersResponse = Static<typeof electLeadersResponse>;
