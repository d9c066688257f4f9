import type { Static } from "../schema.ts";
import { alterPartitionRequest, alterPartitionResponse } from "./alter-partition.ts";
import { clusterImageRequest, clusterImageResponse } from "./cluster-image.ts";
import { controlledShutdownRequest, controlledShutdownResponse } from "./controlled-shutdown.ts";
import { replicasDeletedRequest, replicasDeletedResponse } from "./replicas-deleted.ts";
import { replicasOfflineRequest, replicasOfflineResponse } from "./replicas-offline.ts";
import { replicateRequest, replicateResponse } from "./replicate.ts";

/**
 * Every call that only brokers make, of each other: `POST /v1/<name>`, in msgpack alone. Who calls
 * is never in a message: it is what the header `BROKER_CREDENTIAL_HEADER` proves (CVE-2018-1288).
 */
export const PEER_CALLS = {
  replicate: {
    summary: "A follower reads what it lacks; what it asks for says what it has",
    request: replicateRequest,
    response: replicateResponse,
  },
  "alter-partition": {
    summary: "A leader asks the controller for other in-sync replicas",
    request: alterPartitionRequest,
    response: alterPartitionResponse,
  },
  "cluster-image": {
    summary: "What changed in the cluster; waits for it",
    request: clusterImageRequest,
    response: clusterImageResponse,
  },
  "replicas-offline": {
    summary: "A broker tells the controller that it cannot serve some of its replicas",
    request: replicasOfflineRequest,
    response: replicasOfflineResponse,
  },
  "replicas-deleted": {
    summary: "A broker tells the controller that replicas of deleted topics are gone",
    request: replicasDeletedRequest,
    response: replicasDeletedResponse,
  },
  "controlled-shutdown": {
    summary: "A broker asks the controller to move its leaderships away",
    request: controlledShutdownRequest,
    response: controlledShutdownResponse,
  },
} as const;

/** Carries `<brokerId>.<brokerEpoch>.<proof>` (docs/decisions/012-brokers-credential.md). */
export const BROKER_CREDENTIAL_HEADER = "zoolog-broker";

export type PeerCall = keyof typeof PEER_CALLS;
export type PeerRequest<Call extends PeerCall> = Static<(typeof PEER_CALLS)[Call]["request"]>;
