import { ZoologError } from "@zoolog/base";
import type { PeerApi } from "../peer-api.ts";

function notServed(call: string): () => Promise<never> {
  return () =>
    Promise.reject(
      new ZoologError({
        code: "UNSUPPORTED_VERSION",
        message: `this broker does not serve ${call} yet`,
        hint: "Run brokers of one version.",
      }),
    );
}

/** What this broker does for others: each call is what a component was given for it. */
export function localPeerApi(components: Partial<PeerApi> = {}): PeerApi {
  return {
    replicate: notServed("replicate"),
    alterPartition: notServed("alter-partition"),
    clusterImage: notServed("cluster-image"),
    replicasOffline: notServed("replicas-offline"),
    replicasDeleted: notServed("replicas-deleted"),
    controlledShutdown: notServed("controlled-shutdown"),
    ...components,
  };
}
