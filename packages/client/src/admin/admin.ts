import { abortable, type BrokerId, type Clock, type TopicId, ZoologError } from "@zoolog/base";
import type { BrokerCalls } from "@zoolog/calls";
import type {
  CreateTopicsRequest,
  CreateTopicsResponse,
  DescribeBrokerResponse,
  DescribeClusterResponse,
  DescribeOffsetsResponse,
  DescribeTopicsResponse,
  ElectLeadersResponse,
  ItemError,
  OffsetSpec,
} from "@zoolog/protocol";
import { oneOf, requireList, requireObject, requireTopicName } from "../arguments.ts";
import type { Cluster } from "../cluster/cluster.ts";
import type { FoundOffset, OffsetLookup } from "../cluster/offset-lookup.ts";
import { invalidOption, topicsNotCreated } from "../errors.ts";
import { itemFailure } from "../retriable.ts";
import { byTopic } from "./by-topic.ts";
import { type AdminCallOptions, limitsOf } from "./call-options.ts";
import { ConfigAdmin } from "./config-admin.ts";
import type { DirectedCalls } from "./directed-calls.ts";
import { GroupAdmin } from "./group-admin.ts";

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
export type BrokerDescription = DescribeBrokerResponse;

/** Where one partition begins and ends, and when the record at an offset of it was written. */
export type PartitionOffsets = Exclude<
  DescribeOffsetsResponse["topics"][number]["partitions"][number],
  { readonly error: unknown }
>;

/** What became of one partition's election: a leader, or why there was none. */
export type ElectionResult = {
  readonly topic: string;
} & ElectLeadersResponse["topics"][number]["partitions"][number];

/** Topics, groups, settings and the cluster. What every broker can answer is asked of each in turn. */
export class Admin {
  /** Consumer groups and their offsets. */
  readonly groups: GroupAdmin;
  /** Settings of topics and brokers that run. */
  readonly configs: ConfigAdmin;
  readonly #cluster: Cluster;
  readonly #lookup: OffsetLookup;
  readonly #brokerCalls: BrokerCalls;
  readonly #calls: DirectedCalls;

  /** Made by `client.admin`. */
  constructor(dependencies: {
    readonly cluster: Cluster;
    readonly lookup: OffsetLookup;
    readonly brokerCalls: BrokerCalls;
    readonly calls: DirectedCalls;
    readonly clock: Clock;
  }) {
    this.#cluster = dependencies.cluster;
    this.#lookup = dependencies.lookup;
    this.#brokerCalls = dependencies.brokerCalls;
    this.#calls = dependencies.calls;
    this.groups = new GroupAdmin(dependencies);
    this.configs = new ConfigAdmin(dependencies);
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
    requireList("topics", topics);
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
    for (const given of topics) {
      requireObject("topic", given);
      requireTopicName(given.topic);
    }
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

  /**
   * Topics as each live broker describes them, by broker id: a broker knows offsets and sizes of the
   * replicas that it has. Brokers that do not answer soon are left out. Default: all topics.
   */
  async describeReplicas(
    options: AdminCallOptions & { readonly topics?: readonly string[] } = {},
  ): Promise<Map<number, TopicDescription[]>> {
    const { topics } = options;
    for (const topic of topics ?? []) requireTopicName(topic);
    const request = topics === undefined ? {} : { topics };
    const limits = limitsOf(options);
    const answers = await this.#calls.answeringBrokers("describe-topics", request, limits);
    return new Map(
      [...answers].map(([id, answer]) => [
        id,
        answer.topics.flatMap((entry) => ("error" in entry ? [] : [entry])),
      ]),
    );
  }

  /**
   * Gives a topic more partitions; `count` is how many it is to have altogether. Keys that went to
   * one partition may go to another one from now on.
   *
   * @throws ZoologError `INVALID_PARTITIONS`, `UNKNOWN_TOPIC_OR_PARTITION`, …
   */
  async createPartitions(
    topic: string,
    count: number,
    options: AdminCallOptions & {
      /** Replicas of the new partitions alone, the preferred leader first. */
      readonly assignments?: readonly (readonly number[])[];
      readonly validateOnly?: boolean;
    } = {},
  ): Promise<void> {
    requireTopicName(topic);
    const limits = limitsOf(options);
    const { validateOnly = false } = options;
    const assignments = options.assignments as readonly (readonly BrokerId[])[] | undefined;
    const topics = [{ topic, count, ...(assignments === undefined ? {} : { assignments }) }];
    const request = { timeoutMs: limits.timeoutMs, validateOnly, topics };
    const answer = await this.#cluster.anyBroker("create-partitions", request, limits);
    for (const entry of answer.topics) if ("error" in entry) throw finalRefusal(entry);
    if (validateOnly) return;
    // Who has added partitions uses them next. They are there, whether we hear of them at once or not.
    await abortable(this.#cluster.refresh([topic]), limits.signal).catch(() => {});
  }

  /**
   * Deletes the records before an offset, for good. Answers the low watermark of each partition.
   *
   * @throws ZoologError `OFFSET_OUT_OF_RANGE`, `POLICY_VIOLATION`, `UNKNOWN_TOPIC_OR_PARTITION`.
   *   Other partitions may have been trimmed.
   */
  async deleteRecords(
    topic: string,
    before: ReadonlyMap<number, number | "highWatermark">,
    options: AdminCallOptions = {},
  ): Promise<Map<number, number>> {
    requireTopicName(topic);
    const limits = limitsOf(options);
    requireMap("before", before);
    const wantedPartitions = { topic, partitions: [...before.keys()] };
    const answers = await this.#calls.leaders(
      "delete-records",
      wantedPartitions,
      limits,
      async (endpoint, partitions, attempt) => {
        const entries = partitions.map((partition) => ({
          partition,
          offset: before.get(partition) as never,
        }));
        const request = {
          timeoutMs: attempt.timeoutMs,
          topics: [{ topic, partitions: entries }],
        };
        const call = "delete-records";
        const answer = await this.#brokerCalls.call(endpoint, call, request, attempt);
        return answer.topics[0]?.partitions ?? [];
      },
    );
    return new Map([...answers].map(([partition, { lowWatermark }]) => [partition, lowWatermark]));
  }

  /**
   * Where partitions begin and end, and when the first record at or after an offset was written.
   * Asks the leaders.
   */
  async describeOffsets(
    topic: string,
    at: ReadonlyMap<number, number | undefined>,
    options: AdminCallOptions = {},
  ): Promise<Map<number, PartitionOffsets>> {
    requireTopicName(topic);
    requireMap("at", at);
    return await this.#calls.leaders(
      "describe-offsets",
      { topic, partitions: [...at.keys()] },
      limitsOf(options),
      async (endpoint, partitions, attempt) => {
        const entries = partitions.map((partition) => {
          const offset = at.get(partition);
          return { partition, ...(offset === undefined ? {} : { offset: offset as never }) };
        });
        const request = { topics: [{ topic, partitions: entries }] };
        const call = "describe-offsets";
        const answer = await this.#brokerCalls.call(endpoint, call, request, attempt);
        return answer.topics[0]?.partitions ?? [];
      },
    );
  }

  /**
   * Elects leaders anew: the preferred ones, or, where nobody leads, one that may lack acknowledged
   * records (`"unclean"`: they are lost then). Without `partitions`: all.
   */
  async electLeaders(
    election: "preferred" | "unclean",
    options: AdminCallOptions & {
      readonly partitions?: readonly { readonly topic: string; readonly partition: number }[];
    } = {},
  ): Promise<ElectionResult[]> {
    const limits = limitsOf(options);
    const { partitions } = options;
    const topics = partitions && { topics: byTopic(partitions, ({ partition }) => partition) };
    const request = { timeoutMs: limits.timeoutMs, election, ...topics };
    const answer = await this.#cluster.anyBroker("elect-leaders", request, limits);
    return answer.topics.flatMap(({ partitions: entries, topic }) =>
      entries.map((entry) => ({ topic, ...entry })),
    );
  }

  /** What one broker knows of itself. @throws ZoologError `BROKER_NOT_AVAILABLE` */
  async describeBroker(
    brokerId: number,
    options: AdminCallOptions = {},
  ): Promise<BrokerDescription> {
    return await this.#calls.broker(brokerId, "describe-broker", {}, limitsOf(options));
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
    if (typeof at !== "object") oneOf("at", at, ["earliest", "latest", "maxTimestamp"]);
    const { partitionCount } = await this.#cluster.topic(topic, limits);
    const partitions =
      options.partitions ?? Array.from({ length: partitionCount }, (_, index) => index);
    const wanted = new Map(partitions.map((partition) => [partition, at as OffsetSpec]));
    return await this.#lookup.find(topic, wanted, limits);
  }
}

function requireMap(name: string, given: unknown): void {
  if (given instanceof Map) return;
  throw invalidOption(name, "must be a Map by partition", "new Map([[0, 42]])");
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
