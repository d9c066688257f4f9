import type { NativeCall, NativeRequest, PeerCall, PeerRequest } from "@zoolog/protocol";
import type { ReadMemory } from "@zoolog/replication";
import type { BrokerApi, CallContext } from "../broker-api.ts";
import type { PeerApi, PeerContext } from "../peer-api.ts";

/** The methods of a broker under the names of the protocol's calls, for planes that are generic. */
export type CallTable = {
  readonly [Name in NativeCall]: (
    request: NativeRequest<Name>,
    context: CallContext,
    memory?: ReadMemory,
  ) => Promise<unknown>;
};

export type PeerCallTable = {
  readonly [Name in PeerCall]: (
    request: PeerRequest<Name>,
    context: PeerContext,
    memory: ReadMemory,
  ) => Promise<unknown>;
};

export function callTable(api: BrokerApi) {
  return {
    produce: (request, context) => api.produce(request, context),
    fetch: (request, context, memory) => api.fetch(request, context, memory),
    "list-offsets": (request, context) => api.listOffsets(request, context),
    metadata: (request, context) => api.metadata(request, context),
    "init-producer-id": (request, context) => api.initProducerId(request, context),
    "create-topics": (request, context) => api.createTopics(request, context),
    "delete-topics": (request, context) => api.deleteTopics(request, context),
    "describe-topics": (request, context) => api.describeTopics(request, context),
    "describe-cluster": (_request, context) => api.describeCluster(context),
    ...api.admin,
    ...api.groups,
  } satisfies CallTable;
}

export function peerCallTable(api: PeerApi) {
  return {
    replicate: (request, context, memory) => api.replicate(request, context, memory),
    "cluster-image": (request, context) => api.clusterImage(request, context),
    "alter-partition": (request, context) => api.alterPartition(request, context),
    "replicas-offline": (request, context) => api.replicasOffline(request, context),
    "replicas-deleted": (request, context) => api.replicasDeleted(request, context),
    "controlled-shutdown": (request, context) => api.controlledShutdown(request, context),
  } satisfies PeerCallTable;
}
