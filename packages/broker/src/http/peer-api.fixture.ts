import { ZoologError } from "@zoolog/base";
import type { PeerApi } from "../peer-api.ts";

/** The calls that a test cares about; the others are refused. */
export function peerApiWith(components: Partial<PeerApi> = {}): PeerApi {
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

function notServed(call: string): () => Promise<never> {
  const message = `this test does not serve ${call}`;
  return () => Promise.reject(new ZoologError({ code: "UNSUPPORTED_VERSION", message }));
}
