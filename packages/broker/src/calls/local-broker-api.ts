import { type Logger, type Random, type TopicId, ZoologError } from "@zoolog/base";
import { type ClusterImage, grantableNames } from "@zoolog/controller";
import type { GroupStore } from "@zoolog/coordination";
import type {
  CreateTopicsRequest,
  CreateTopicsResponse,
  DeleteTopicsRequest,
  DeleteTopicsResponse,
  DescribeClusterResponse,
  DescribeTopicsRequest,
  DescribeTopicsResponse,
  FetchRequest,
  InitProducerIdRequest,
  InitProducerIdResponse,
  ListOffsetsRequest,
  ListOffsetsResponse,
  MetadataRequest,
  MetadataResponse,
  OffsetForLeaderEpochRequest,
  OffsetForLeaderEpochResponse,
  ProduceRequest,
  ProduceResponse,
} from "@zoolog/protocol";
import type { ProduceTrace, ReadMemory } from "@zoolog/replication";
import type {
  BrokerApi,
  BrokerAtListener,
  BrokerHealth,
  CallContext,
  FetchResult,
} from "../broker-api.ts";
import { ANONYMOUS } from "../principal.ts";
import type { GroupRuntime } from "../runtimes/groups/group-runtime.ts";
import type { ProducerIds } from "../runtimes/producer-ids.ts";
import { type AdminCallDependencies, adminCalls } from "./admin-calls.ts";
import { brokersAt, describeCluster, describeMetadata, describeTopics } from "./cluster-calls.ts";
import { endOffsetsOfEpochs, fetch, listOffsets, produce } from "./data-calls.ts";
import { groupCalls } from "./groups/group-calls.ts";
import { createTopics, deleteTopics } from "./topic-calls.ts";

export type LocalBrokerApiDependencies = Omit<AdminCallDependencies, "image"> & {
  readonly groups: GroupRuntime;
  readonly store: Pick<GroupStore, "readOffsets">;
  readonly random: Random;
  readonly logger: Logger;
  readonly producerIds: ProducerIds;
  readonly health: () => BrokerHealth;
  readonly trace?: ProduceTrace | undefined;
};

/** How long a metadata call waits for topics that it brings into being. */
const AUTO_CREATE_TIMEOUT_MS = 10_000;

/**
 * Topics that one metadata call brings into being. Each is written to ZooKeeper and opened on disk, and
 * a call may name a quarter of a million. Clients name the few that they use; who has more is told
 * LEADER_NOT_AVAILABLE of the rest, asks again as for any topic that is being created, and gets the next.
 */
const AUTO_CREATED_TOPICS_MAX = 100;

/** What this broker asks of itself: nobody hangs up on it. */
export const OWN_CALL: CallContext = {
  signal: new AbortController().signal,
  clientId: "broker",
  remoteAddress: "",
  principal: ANONYMOUS,
  holdWhile: (task) => task,
};

/** What this broker answers its planes; each call goes to one component. */
export class LocalBrokerApi implements BrokerApi {
  readonly #dependencies: LocalBrokerApiDependencies;
  readonly groups: BrokerApi["groups"];
  readonly admin: BrokerApi["admin"];

  constructor(dependencies: LocalBrokerApiDependencies) {
    this.#dependencies = dependencies;
    this.admin = adminCalls({ ...dependencies, image: () => this.#image() });
    const { groups: runtime, live } = dependencies;
    this.groups = groupCalls({
      ...dependencies,
      runtime,
      writeTimeoutMs: () => live.current.offsetsCommitTimeoutMs,
      describeOffsets: (request) => this.admin["describe-offsets"](request, OWN_CALL),
    });
  }

  async produce(request: ProduceRequest, context: CallContext): Promise<ProduceResponse> {
    const { replicas, trace, live } = this.#dependencies;
    const { requiredAcks, topics } = request;
    trace?.("produce received", { requiredAcks });
    const timeoutMs = Math.min(request.timeoutMs, live.current.produceMaxTimeoutMs);
    const response = await produce({ requiredAcks, timeoutMs, topics }, replicas, context);
    trace?.("produce answered", {});
    return response;
  }

  fetch(request: FetchRequest, { signal }: CallContext, memory?: ReadMemory): Promise<FetchResult> {
    const { replicas, live } = this.#dependencies;
    const maxWaitMs = Math.min(request.maxWaitMs, live.current.fetchMaxWaitMs);
    return fetch(request, replicas, { maxWaitMs, signal, memory });
  }

  listOffsets(request: ListOffsetsRequest): Promise<ListOffsetsResponse> {
    return listOffsets(request, this.#dependencies.replicas);
  }

  async offsetForLeaderEpoch(
    request: OffsetForLeaderEpochRequest,
  ): Promise<OffsetForLeaderEpochResponse> {
    return endOffsetsOfEpochs(request, this.#dependencies.replicas);
  }

  async metadata(request: MetadataRequest): Promise<MetadataResponse> {
    const { live } = this.#dependencies;
    const mayCreate = request.allowAutoTopicCreation && live.current.autoCreateTopicsEnable;
    const missing = mayCreate ? this.#missing(request.topics ?? []) : [];
    await this.#create(missing.slice(0, AUTO_CREATED_TOPICS_MAX));
    const later = new Set(missing.slice(AUTO_CREATED_TOPICS_MAX));
    return describeMetadata(this.#image(), { names: request.topics, later });
  }

  initProducerId(request: InitProducerIdRequest): Promise<InitProducerIdResponse> {
    return this.#dependencies.producerIds.init(request);
  }

  createTopics(
    request: CreateTopicsRequest,
    { principal }: Pick<CallContext, "principal">,
  ): Promise<CreateTopicsResponse> {
    return createTopics(request, principal, this.#dependencies);
  }

  deleteTopics(
    request: DeleteTopicsRequest,
    { principal }: Pick<CallContext, "principal">,
  ): Promise<DeleteTopicsResponse> {
    return deleteTopics(request, principal, this.#dependencies);
  }

  async describeTopics(request: DescribeTopicsRequest): Promise<DescribeTopicsResponse> {
    const { replicas, live } = this.#dependencies;
    return describeTopics(this.#image(), request.topics, { replicas, config: live.current });
  }

  async describeCluster(): Promise<DescribeClusterResponse> {
    return describeCluster(this.#image(), this.#dependencies.version);
  }

  brokersAt(listener: string): readonly BrokerAtListener[] {
    const { image } = this.#dependencies.cache;
    return image === undefined ? [] : brokersAt(image, listener);
  }

  clusterKnown(timeoutMs: number): Promise<boolean> {
    return this.#dependencies.cache.waitFor(() => true, timeoutMs);
  }

  topicNameOf(topicId: TopicId): string | undefined {
    return this.#dependencies.cache.image?.topicNames.get(topicId);
  }

  health(): BrokerHealth {
    return this.#dependencies.health();
  }

  #image(): ClusterImage {
    const { image } = this.#dependencies.cache;
    if (image !== undefined) return image;
    throw new ZoologError({
      code: "LEADER_NOT_AVAILABLE",
      message: "this broker has no picture of the cluster yet",
      retriable: true,
      hint: "Wait until /health/ready says so.",
    });
  }

  /** Each once. Names that nothing can have must not keep those behind them from their turn. */
  #missing(names: readonly string[]): readonly string[] {
    const image = this.#image();
    const missing = [...new Set(names)].filter((name) => !image.topics.has(name));
    return missing.length > AUTO_CREATED_TOPICS_MAX ? grantableNames(image, missing) : missing;
  }

  /**
   * Neither a refusal nor a failure is told here: the call goes on and answers that the topic is
   * unknown. Who asks for others, too, is to find their leaders also while nothing can be created.
   */
  async #create(missing: readonly string[]): Promise<void> {
    if (missing.length === 0) return;
    const topics = missing.map((topic) => ({ topic }));
    const request = { timeoutMs: AUTO_CREATE_TIMEOUT_MS, validateOnly: false, topics };
    try {
      await this.createTopics(request, { principal: ANONYMOUS });
    } catch (error) {
      if (!(error instanceof ZoologError)) throw error;
    }
  }
}
