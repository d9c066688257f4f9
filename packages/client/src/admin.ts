import {
  type AbortSignalLike,
  type BrokerId,
  type TopicId,
  topicNameFault,
  ZoologError,
} from "@zoolog/base";
import type {
  CreateTopicsRequest,
  CreateTopicsResponse,
  DescribeClusterResponse,
  DescribeTopicsResponse,
  ItemError,
  OffsetSpec,
} from "@zoolog/protocol";
import type { Cluster } from "./cluster/cluster.ts";
import type { FoundOffset, OffsetLookup } from "./cluster/offset-lookup.ts";
import { invalidTopicName, topicsNotCreated } from "./errors.ts";
import { itemFailure } from "./retriable.ts";

export type AdminCallOptions = {
  /** All attempts together, ms; default 30,000. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignalLike;
};

export type NewTopic = {
  readonly topic: string;
  /** Default: the broker's `num.partitions`. */
  readonly partitions?: number;
  /** Default: the broker's `default.replication.factor`. */
  readonly replicationFactor?: number;
  /** Replicas of each partition by broker id, the preferred leader first; instead of counts. */
  readonly assignments?: readonly (readonly number[])[];
  /** Kafka's names of topic settings. */
  readonly configs?: Readonly<Record<string, string>>;
};

export type CreatedTopic = {
  readonly topic: string;
  /** Missing when it was only validated. */
  readonly topicId?: string;
  readonly partitions: number;
  readonly replicationFactor: number;
};

export type TopicDescription = Extract<
  DescribeTopicsResponse["topics"][number],
  { readonly partitions: unknown }
>;

export type ClusterDescription = DescribeClusterResponse;

const TIMEOUT_MS = 30_000;

/** Topics and the cluster. Every broker can answer; the next one is asked when one does not. */
export class Admin {
  readonly #cluster: Cluster;
  readonly #lookup: OffsetLookup;

  /** Made by `client.admin`. */
  constructor(dependencies: { readonly cluster: Cluster; readonly lookup: OffsetLookup }) {
    this.#cluster = dependencies.cluster;
    this.#lookup = dependencies.lookup;
  }

  /**
   * @throws ZoologError `TOPIC_ALREADY_EXISTS`, `INVALID_TOPIC_EXCEPTION`, `INVALID_PARTITIONS`,
   *   `INVALID_REPLICATION_FACTOR`, `INVALID_CONFIG`, … After a timeout the topic may exist.
   */
  async createTopic(
    topic: NewTopic,
    options: AdminCallOptions & { readonly validateOnly?: boolean } = {},
  ): Promise<CreatedTopic> {
    const [created] = accepted(await this.#create([topic], options));
    return createdTopic(created);
  }

  /**
   * Several topics in one call; each is created or not on its own.
   *
   * @throws ZoologError with the code of the first that was refused; its message names all of them,
   *   its `cause` is an `AggregateError` of their errors. The others have been created.
   */
  async createTopics(
    topics: readonly NewTopic[],
    options: AdminCallOptions & { readonly validateOnly?: boolean } = {},
  ): Promise<CreatedTopic[]> {
    if (topics.length === 0) return [];
    const answers = await this.#create(topics, options);
    const failures = answers.flatMap((entry) => ("error" in entry ? [refusal(entry)] : []));
    if (failures.length > 0) throw topicsNotCreated(failures, topics.length);
    return accepted(answers).map(createdTopic);
  }

  async #create(
    topics: readonly NewTopic[],
    options: AdminCallOptions & { readonly validateOnly?: boolean },
  ): Promise<CreateTopicsResponse["topics"]> {
    const limits = limitsOf(options);
    for (const { topic } of topics) requireTopicName(topic);
    const request = {
      timeoutMs: limits.timeoutMs,
      validateOnly: options.validateOnly ?? false,
      topics: topics.map(wanted),
    };
    return (await this.#cluster.anyBroker("create-topics", request, limits)).topics;
  }

  /** Deletes a topic and its records. @throws ZoologError `UNKNOWN_TOPIC_OR_PARTITION` */
  async deleteTopic(
    topic: string,
    options: AdminCallOptions & { readonly topicId?: string } = {},
  ): Promise<void> {
    requireTopicName(topic);
    const limits = limitsOf(options);
    const topicId = options.topicId as TopicId | undefined;
    const answer = await this.#cluster.anyBroker(
      "delete-topics",
      {
        timeoutMs: limits.timeoutMs,
        topics: [{ topic, ...(topicId === undefined ? {} : { topicId }) }],
      },
      limits,
    );
    for (const entry of answer.topics) if ("error" in entry) throw finalRefusal(entry);
  }

  /** All topics, sorted by name. */
  async listTopics(options: AdminCallOptions = {}): Promise<TopicDescription[]> {
    const answer = await this.#cluster.anyBroker("describe-topics", {}, limitsOf(options));
    const topics = accepted(answer.topics);
    return [...topics].sort((a, b) => (a.topic < b.topic ? -1 : 1));
  }

  /** @throws ZoologError `UNKNOWN_TOPIC_OR_PARTITION` */
  async describeTopic(topic: string, options: AdminCallOptions = {}): Promise<TopicDescription> {
    requireTopicName(topic);
    const answer = await this.#cluster.anyBroker(
      "describe-topics",
      { topics: [topic] },
      limitsOf(options),
    );
    return accepted(answer.topics)[0];
  }

  describeCluster(options: AdminCallOptions = {}): Promise<ClusterDescription> {
    return this.#cluster.anyBroker("describe-cluster", {}, limitsOf(options));
  }

  /**
   * An offset of each partition: `"earliest"`, `"latest"` (the high watermark), `"maxTimestamp"` or
   * the first record not older than `{timestamp}`. Asks the leaders. Default: all partitions.
   */
  async listOffsets(
    topic: string,
    at: "earliest" | "latest" | "maxTimestamp" | { readonly timestamp: number },
    options: AdminCallOptions & { readonly partitions?: readonly number[] } = {},
  ): Promise<Map<number, FoundOffset>> {
    requireTopicName(topic);
    const limits = limitsOf(options);
    const { partitionCount } = await this.#cluster.topic(topic, limits);
    const partitions =
      options.partitions ?? Array.from({ length: partitionCount }, (_, index) => index);
    const wanted = new Map(partitions.map((partition) => [partition, at as OffsetSpec]));
    return await this.#lookup.find(topic, wanted, limits);
  }
}

function limitsOf(options: AdminCallOptions) {
  return { timeoutMs: options.timeoutMs ?? TIMEOUT_MS, signal: options.signal };
}

function requireTopicName(topic: string): void {
  const fault = topicNameFault(topic);
  if (fault !== undefined) throw invalidTopicName(topic, fault);
}

function wanted(newTopic: NewTopic): CreateTopicsRequest["topics"][number] {
  const { assignments, configs, partitions, replicationFactor, topic } = newTopic;
  return {
    topic,
    ...(partitions === undefined ? {} : { numPartitions: partitions }),
    ...(replicationFactor === undefined ? {} : { replicationFactor }),
    ...(assignments === undefined
      ? {}
      : { assignments: assignments as readonly (readonly BrokerId[])[] }),
    ...(configs === undefined ? {} : { configs }),
  };
}

function createdTopic(entry: Accepted<CreateTopicsResponse["topics"][number]>): CreatedTopic {
  const { numPartitions, replicationFactor, topic, topicId } = entry;
  return {
    topic,
    ...(topicId === undefined ? {} : { topicId }),
    partitions: numPartitions,
    replicationFactor,
  };
}

type Refused = { readonly topic: string; readonly error: ItemError };
type Accepted<T> = Exclude<T, { readonly error: unknown }>;

function refusal({ error, topic }: Refused): ZoologError {
  return itemFailure(`topic ${topic}`, error);
}

/** Only a reader may wait until a topic is there: what is to be deleted is there, or is not. */
function finalRefusal(refused: Refused): ZoologError {
  const { code, message, hint, cause, retriable } = refusal(refused);
  const isAbsent = code === "UNKNOWN_TOPIC_OR_PARTITION";
  return new ZoologError({
    code,
    message,
    retriable: retriable && !isAbsent,
    cause,
    ...(hint === undefined ? {} : { hint }),
  });
}

/** The topics of an answer, none of which was refused; there is one for each that was asked for. */
function accepted<T extends { readonly topic: string }>(
  topics: readonly T[],
): [Accepted<T>, ...Accepted<T>[]] {
  for (const entry of topics) {
    if ("error" in entry) throw refusal(entry as unknown as Refused);
  }
  return topics as unknown as [Accepted<T>, ...Accepted<T>[]];
}
