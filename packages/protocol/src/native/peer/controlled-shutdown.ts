import { itemError } from "../errors.ts";
import {
  clusterList,
  object,
  optional,
  partitionIndex,
  type Static,
  topicName,
} from "../schema.ts";

/** Kafka's ControlledShutdown (key 7). Which broker is leaving is who calls. */
export const controlledShutdownRequest = object({});
export type ControlledShutdownRequest = Static<typeof controlledShutdownRequest>;

export const controlledShutdownResponse = object({
  error: optional(itemError),
  /** Still led by the caller, as nobody else can: it asks again, or leaves anyway. */
  remaining: clusterList(object({ topic: topicName, partition: partitionIndex })),
});
export type ControlledShutdownResponse = Static<typeof controlledShutdownResponse>;
