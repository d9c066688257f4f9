import type { AdminCall } from "@zoolog/protocol";
import type { ReplicaManager } from "@zoolog/replication";
import type { CallHandlers } from "../broker-api.ts";
import { type BrokerFacts, describeBroker } from "./broker-facts.ts";
import { alterConfigs, type ConfigCallDependencies, describeConfigs } from "./config-calls.ts";
import { electLeaders } from "./election-calls.ts";
import { createPartitions } from "./partition-calls.ts";
import { deleteRecords, describeOffsets, describeProducers } from "./record-calls.ts";
import type { TopicCallDependencies } from "./topic-calls.ts";

export type AdminCallDependencies = TopicCallDependencies &
  ConfigCallDependencies &
  BrokerFacts & { readonly replicas: ReplicaManager };

/** Everyday operations, each handed to what does it. */
export function adminCalls(dependencies: AdminCallDependencies): CallHandlers<AdminCall> {
  const { replicas } = dependencies;
  return {
    "create-partitions": (request, { principal }) =>
      createPartitions(request, principal, dependencies),
    "elect-leaders": (request, { principal }) => electLeaders(request, principal, dependencies),
    "describe-configs": (request, { principal }) =>
      describeConfigs(request, principal, dependencies),
    "delete-records": (request) => deleteRecords(request, replicas),
    "describe-offsets": (request) => describeOffsets(request, replicas),
    "describe-producers": async (request) => describeProducers(request, replicas),
    "describe-broker": () => describeBroker(dependencies),
    "alter-configs": (request, { principal }) => alterConfigs(request, principal, dependencies),
  };
}
