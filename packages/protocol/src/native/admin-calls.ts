import { describeBrokerRequest, describeBrokerResponse } from "./cluster/describe-broker.ts";
import { electLeadersRequest, electLeadersResponse } from "./cluster/elect-leaders.ts";
import { alterConfigsRequest, alterConfigsResponse } from "./configs/alter-configs.ts";
import { describeConfigsRequest, describeConfigsResponse } from "./configs/describe-configs.ts";
import { createPartitionsRequest, createPartitionsResponse } from "./topics/create-partitions.ts";
import { deleteRecordsRequest, deleteRecordsResponse } from "./topics/delete-records.ts";
import { describeOffsetsRequest, describeOffsetsResponse } from "./topics/describe-offsets.ts";
import {
  describeProducersRequest,
  describeProducersResponse,
} from "./topics/describe-producers.ts";

/** Everyday operations on topics, settings and brokers that run. */
export const ADMIN_CALLS = {
  "create-partitions": {
    summary: "Add partitions to topics",
    request: createPartitionsRequest,
    response: createPartitionsResponse,
  },
  "delete-records": {
    summary: "Delete the oldest records of partitions",
    request: deleteRecordsRequest,
    response: deleteRecordsResponse,
  },
  "describe-offsets": {
    summary: "The ends of partitions, and when the record at an offset was written",
    request: describeOffsetsRequest,
    response: describeOffsetsResponse,
  },
  "describe-producers": {
    summary: "Idempotent producers that partitions remember",
    request: describeProducersRequest,
    response: describeProducersResponse,
  },
  "describe-configs": {
    summary: "Settings of topics and brokers, and where each was set",
    request: describeConfigsRequest,
    response: describeConfigsResponse,
  },
  "alter-configs": {
    summary: "Change settings of topics and brokers that run",
    request: alterConfigsRequest,
    response: alterConfigsResponse,
  },
  "elect-leaders": {
    summary: "Elect leaders anew: the preferred ones, or unclean ones",
    request: electLeadersRequest,
    response: electLeadersResponse,
  },
  "describe-broker": {
    summary: "What this broker knows of itself",
    request: describeBrokerRequest,
    response: describeBrokerResponse,
  },
} as const;

export type AdminCall = keyof typeof ADMIN_CALLS;
