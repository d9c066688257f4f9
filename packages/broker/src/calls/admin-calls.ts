import { ADMIN_CALLS, type AdminCall } from "@zoolog/protocol";
import type { CallHandlers } from "../broker-api.ts";
import { unsupportedCalls } from "./call-handlers.ts";
import { alterConfigs, type ConfigCallDependencies, describeConfigs } from "./config-calls.ts";
import { electLeaders } from "./election-calls.ts";
import { createPartitions } from "./partition-calls.ts";
import type { TopicCallDependencies } from "./topic-calls.ts";

export type AdminCallDependencies = TopicCallDependencies & ConfigCallDependencies;

/** Everyday operations, each handed to what does it. */
export function adminCalls(dependencies: AdminCallDependencies): CallHandlers<AdminCall> {
  return {
    ...unsupportedCalls(ADMIN_CALLS),
    "create-partitions": (request, { principal }) =>
      createPartitions(request, principal, dependencies),
    "elect-leaders": (request, { principal }) => electLeaders(request, principal, dependencies),
    "describe-configs": (request, { principal }) =>
      describeConfigs(request, principal, dependencies),
    "alter-configs": (request, { principal }) => alterConfigs(request, principal, dependencies),
  };
}
