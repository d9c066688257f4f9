import type { PeerCalls } from "@zoolog/calls";
import type { ClusterImage } from "@zoolog/controller";
import type { ReplicaManager, ReplicaPeers } from "@zoolog/replication";
import { httpAddressOf, urlOf } from "../broker-address.ts";
import type { PeerApi } from "../peer-api.ts";
import { brokerNotAvailable } from "../runtimes/errors.ts";

/** How followers here reach the brokers that lead. */
export function replicaPeers(parts: {
  readonly calls: PeerCalls;
  readonly brokers: () => ClusterImage["brokers"];
}): ReplicaPeers {
  return {
    replicate: (leader, request, options) => {
      const address = httpAddressOf(parts.brokers().get(leader)?.endpoints ?? []);
      if (address === undefined) return Promise.reject(brokerNotAvailable(leader));
      return parts.calls.call(urlOf(address), "replicate", request, options);
    },
  };
}

/** What leaders here answer to followers elsewhere. */
export function replicaPeerApi(parts: {
  readonly replicas: ReplicaManager;
}): Pick<PeerApi, "replicate"> {
  return {
    replicate: (request, { principal, signal }, memory) => {
      const { brokerId, brokerEpoch } = principal;
      return parts.replicas.replicate(request, { brokerId, brokerEpoch, signal, memory });
    },
  };
}
