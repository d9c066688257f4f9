import type { NativeCall, NativeRequest, PeerCall, PeerRequest } from "@zoolog/protocol";
import type { ReadMemory } from "@zoolog/replication";
import type { BrokerApi, CallContext } from "../broker-api.ts";
import type { PeerApi, PeerContext } from "../peer-api.ts";

/** The methods of a broker under the names of the protocol's calls, for planes that are generic. */
export type CallTable<Context extends CallContext = CallContext> = {
  readonly [Name in NativeCall]: (
    request: NativeRequest<Name>,
    context: Context,
    memory?: ReadMemory,
  ) => Promise<unknown>;
};

type PeerCallTable = {
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
    "offset-for-leader-epoch": (request, context) => api.offsetForLeaderEpoch(request, context),
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

/** Whether a call parks until there is news: a closing plane cuts it short, which costs nobody. */
export function waitsForNews(name: NativeCall | PeerCall, request: unknown): boolean {
  // These wait for the other members of a group.
  if (name === "join-group" || name === "sync-group") return true;
  if (name !== "fetch" && name !== "replicate" && name !== "cluster-image") return false;
  return (request as { readonly maxWaitMs: number }).maxWaitMs > 0;
}
