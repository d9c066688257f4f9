import { itemError } from "../errors.ts";
import {
  clusterList,
  object,
  optional,
  partitionIndex,
  type Static,
  text,
  topicId,
} from "../schema.ts";

/** Replicas whose disk or log failed on the calling broker, which lives (KIP-112). */
export const replicasOfflineRequest = object({
  replicas: clusterList(
    object({ topicId, partition: partitionIndex, reason: text({ maxLength: 10_000 }) }),
  ),
  /** Reported before in the same life, and served again: their logs began anew. */
  recovered: optional(clusterList(object({ topicId, partition: partitionIndex }))),
});
export type ReplicasOfflineRequest = Static<typeof replicasOfflineRequest>;

export const replicasOfflineResponse = object({ error: optional(itemError) });
export type ReplicasOfflineResponse = Static<typeof replicasOfflineResponse>;
