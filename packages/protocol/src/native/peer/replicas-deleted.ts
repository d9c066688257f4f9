import { itemError } from "../errors.ts";
import { clusterList, object, optional, type Static, topicId } from "../schema.ts";

/** Deleted topics of which the calling broker holds nothing any more. */
export const replicasDeletedRequest = object({ topicIds: clusterList(topicId) });
export type ReplicasDeletedRequest = Static<typeof replicasDeletedRequest>;

export const replicasDeletedResponse = object({ error: optional(itemError) });
export type ReplicasDeletedResponse = Static<typeof replicasDeletedResponse>;
