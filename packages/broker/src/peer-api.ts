import type {
  AlterPartitionRequest,
  AlterPartitionResponse,
  ClusterImageRequest,
  ClusterImageResponse,
  ControlledShutdownRequest,
  ControlledShutdownResponse,
  ReplicasDeletedRequest,
  ReplicasDeletedResponse,
  ReplicasOfflineRequest,
  ReplicasOfflineResponse,
  ReplicateRequest,
  ReplicateResponse,
} from "@zoolog/protocol";
import type { ReadMemory } from "@zoolog/replication";
import type { CallContext } from "./broker-api.ts";
import type { BrokerPrincipal } from "./principal.ts";

export type PeerContext = CallContext & { readonly principal: BrokerPrincipal };

/**
 * What a broker does for other brokers. As with `BrokerApi`, what goes wrong with one partition is a
 * value in the response, and a method rejects when the whole call failed: with `STALE_BROKER_EPOCH`
 * where the caller has registered anew since, with `NOT_CONTROLLER` where only the controller answers.
 */
export interface PeerApi {
  /**
   * Parks up to `maxWaitMs` for `minBytes`; an aborted signal answers with what is there. What is read
   * is reserved in `memory` first, and stays so: it is the caller's to release.
   */
  replicate(
    request: ReplicateRequest,
    context: PeerContext,
    memory: ReadMemory,
  ): Promise<ReplicateResult>;
  alterPartition(
    request: AlterPartitionRequest,
    context: PeerContext,
  ): Promise<AlterPartitionResponse>;
  /** Parks up to `maxWaitMs`; an aborted signal answers without news. */
  clusterImage(request: ClusterImageRequest, context: PeerContext): Promise<ClusterImageResponse>;
  replicasOffline(
    request: ReplicasOfflineRequest,
    context: PeerContext,
  ): Promise<ReplicasOfflineResponse>;
  replicasDeleted(
    request: ReplicasDeletedRequest,
    context: PeerContext,
  ): Promise<ReplicasDeletedResponse>;
  controlledShutdown(
    request: ControlledShutdownRequest,
    context: PeerContext,
  ): Promise<ControlledShutdownResponse>;
}

type ReplicatedPartition = ReplicateResponse["topics"][number]["partitions"][number];
type ReplicatedRecords = Exclude<ReplicatedPartition, { readonly error: unknown }>;

/** A `ReplicateResponse` whose records are still in the buffers that they were read into. */
export type ReplicateResult = Omit<ReplicateResponse, "topics"> & {
  readonly topics: readonly {
    readonly topicId: ReplicateResponse["topics"][number]["topicId"];
    readonly partitions: readonly ReplicateResultPartition[];
  }[];
};

export type ReplicateResultPartition =
  | (Omit<ReplicatedRecords, "records"> & { readonly records: readonly Buffer[] })
  | Exclude<ReplicatedPartition, ReplicatedRecords>;
