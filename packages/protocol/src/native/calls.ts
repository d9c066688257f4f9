import { ADMIN_CALLS } from "./admin-calls.ts";
import { describeClusterRequest, describeClusterResponse } from "./cluster/describe-cluster.ts";
import { metadataRequest, metadataResponse } from "./cluster/metadata.ts";
import { fetchRequest, fetchResponse } from "./data/fetch.ts";
import { initProducerIdRequest, initProducerIdResponse } from "./data/init-producer-id.ts";
import { listOffsetsRequest, listOffsetsResponse } from "./data/list-offsets.ts";
import {
  offsetForLeaderEpochRequest,
  offsetForLeaderEpochResponse,
} from "./data/offset-for-leader-epoch.ts";
import { produceRequest, produceResponse } from "./data/produce.ts";
import { GROUP_CALLS } from "./groups/group-calls.ts";
import type { Static } from "./schema.ts";
import { createTopicsRequest, createTopicsResponse } from "./topics/create-topics.ts";
import { deleteTopicsRequest, deleteTopicsResponse } from "./topics/delete-topics.ts";
import { describeTopicsRequest, describeTopicsResponse } from "./topics/describe-topics.ts";

/** Every call of the native plane: `POST /v1/<name>`. The broker makes its routes of this table. */
export const NATIVE_CALLS = {
  produce: {
    summary: "Append record batches",
    request: produceRequest,
    response: produceResponse,
  },
  fetch: {
    summary: "Read record batches; waits for new ones",
    request: fetchRequest,
    response: fetchResponse,
  },
  "list-offsets": {
    summary: "Find offsets: earliest, latest, by timestamp",
    request: listOffsetsRequest,
    response: listOffsetsResponse,
  },
  "offset-for-leader-epoch": {
    summary: "Where leader epochs end at the leaders: whether what was read is still there",
    request: offsetForLeaderEpochRequest,
    response: offsetForLeaderEpochResponse,
  },
  metadata: {
    summary: "Brokers, and where the leaders of partitions are",
    request: metadataRequest,
    response: metadataResponse,
  },
  "init-producer-id": {
    summary:
      "An id and epoch for an idempotent producer; with a transactional id UNSUPPORTED_VERSION",
    request: initProducerIdRequest,
    response: initProducerIdResponse,
  },
  "create-topics": {
    summary: "Create topics",
    request: createTopicsRequest,
    response: createTopicsResponse,
  },
  "delete-topics": {
    summary: "Delete topics and their records",
    request: deleteTopicsRequest,
    response: deleteTopicsResponse,
  },
  "describe-topics": {
    summary: "Topics with their settings, offsets and sizes",
    request: describeTopicsRequest,
    response: describeTopicsResponse,
  },
  "describe-cluster": {
    summary: "The cluster at a glance",
    request: describeClusterRequest,
    response: describeClusterResponse,
  },
  ...ADMIN_CALLS,
  ...GROUP_CALLS,
} as const;

export type NativeCall = keyof typeof NATIVE_CALLS;
/** What a client sends: fields with a default may be left out. */
export type NativeRequest<Call extends NativeCall> = Static<(typeof NATIVE_CALLS)[Call]["request"]>;
export type NativeResponse<Call extends NativeCall> = Static<
  (typeof NATIVE_CALLS)[Call]["response"]
>;
