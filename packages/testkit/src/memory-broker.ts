import {
  type AbortSignalLike,
  type BrokerId,
  brokerId,
  type LeaderEpoch,
  leaderEpoch,
  type Offset,
  offset,
  type Timestamp,
  type TopicId,
  topicIdFromBytes,
} from "@zoolog/base";
import {
  type BrokerApi,
  type BrokerHealth,
  type CallContext,
  type FetchResult,
  unsupportedCalls,
} from "@zoolog/broker";
import {
  ADMIN_CALLS,
  type CreateTopicsResponse,
  type DeleteTopicsResponse,
  type DescribeClusterResponse,
  type DescribeTopicsResponse,
  type FetchRequest,
  GROUP_CALLS,
  type InitProducerIdResponse,
  type ListOffsetsRequest,
  type ListOffsetsResponse,
  type MetadataResponse,
  type NativeRequest,
  type NativeResponse,
  type OffsetSpec,
  type PartitionEntry,
  type ProduceRequest,
  type ProduceResponse,
  type RecordBatch,
  validateProducedBatch,
} from "@zoolog/protocol";

type MemoryTopic = { readonly topicId: TopicId; readonly partitions: readonly RecordBatch[][] };

const UNKNOWN = {
  code: "UNKNOWN_TOPIC_OR_PARTITION",
  message: "there is no such topic or partition",
};

/** Kafka's default of `message.max.bytes`. */
const BATCH_BYTES_MAX = 1024 * 1024 + 12;

/**
 * A broker's component in memory, for tests of the planes and of the SDK: one broker, no ZooKeeper,
 * no disk, and Kafka's answers all the same. `health` and `address` may be set by the test.
 */
export class MemoryBroker implements BrokerApi {
  readonly #topics = new Map<string, MemoryTopic>();
  /** Woken by every append. */
  #waiting = new Set<() => void>();
  #producerIds = 0;
  #topicIds = 0;
  /** By name: where this broker is told to be by other listeners than the native one. */
  readonly listeners = new Map<string, { readonly host: string; readonly port: number }>();
  healthNow: BrokerHealth = { live: true, ready: true, reasons: [] };
  address = { host: "127.0.0.1", port: 8092 };
  readonly id: BrokerId = brokerId(0);
  readonly groups = unsupportedCalls(GROUP_CALLS);
  readonly admin = unsupportedCalls(ADMIN_CALLS);

  async produce(request: ProduceRequest): Promise<ProduceResponse> {
    const topics = request.topics.map(({ topic, partitions }) => ({
      topic,
      partitions: partitions.map(({ partition, records }) => {
        const log = this.#topics.get(topic)?.partitions[partition];
        if (log === undefined) return { partition, error: UNKNOWN };
        const verdict = validateProducedBatch(Buffer.from(records), {
          batchBytesMax: BATCH_BYTES_MAX,
          walk: "all",
        });
        if (verdict.error !== undefined) {
          return { partition, error: { code: verdict.error, message: verdict.message } };
        }
        const baseOffset = endOf(log);
        verdict.batch.assign({ baseOffset, leaderEpoch: leaderEpoch(0) });
        log.push(verdict.batch);
        if (request.requiredAcks === "none") return { partition };
        return { partition, baseOffset, logStartOffset: offset(0) };
      }),
    }));
    const woken = this.#waiting;
    this.#waiting = new Set();
    for (const wake of woken) wake();
    return { topics };
  }

  async fetch(request: FetchRequest, context: CallContext): Promise<FetchResult> {
    const { signal } = context;
    const timeout = AbortSignal.timeout(request.maxWaitMs);
    for (;;) {
      const { result, bytes, isFailed } = this.#read(request);
      const isDone = isFailed || bytes >= request.minBytes || request.maxWaitMs === 0;
      if (isDone || signal.aborted || timeout.aborted) return result;
      await this.#news([signal, timeout]);
    }
  }

  #read(request: FetchRequest): {
    readonly result: FetchResult;
    readonly bytes: number;
    readonly isFailed: boolean;
  } {
    let bytes = 0;
    let isFailed = false;
    const topics = request.topics.map(({ topic, partitions }) => ({
      topic,
      partitions: partitions.map(({ partition, fetchOffset, partitionMaxBytes }) => {
        const log = this.#topics.get(topic)?.partitions[partition];
        isFailed ||= log === undefined || fetchOffset > endOf(log);
        if (log === undefined) return { partition, error: UNKNOWN };
        const highWatermark = endOf(log);
        const positions = { logStartOffset: offset(0), highWatermark };
        if (fetchOffset > highWatermark) {
          const message = `offset ${fetchOffset} is not in the partition`;
          return { partition, error: { code: "OFFSET_OUT_OF_RANGE", message }, ...positions };
        }
        const records: Buffer[] = [];
        for (const batch of log) {
          if (batch.lastOffset < fetchOffset) continue;
          const room = Math.min(partitionMaxBytes, request.maxBytes - bytes);
          if (bytes > 0 && batch.sizeInBytes > room) break;
          records.push(batch.bytes);
          bytes += batch.sizeInBytes;
        }
        return { partition, ...positions, lastStableOffset: highWatermark, records };
      }),
    }));
    return { result: { topics }, bytes, isFailed };
  }

  #news(signals: readonly AbortSignalLike[]): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        for (const signal of signals) signal.removeEventListener("abort", wake);
        this.#waiting.delete(wake);
        resolve();
      };
      this.#waiting.add(wake);
      for (const signal of signals) signal.addEventListener("abort", wake);
    });
  }

  async listOffsets(request: ListOffsetsRequest): Promise<ListOffsetsResponse> {
    const topics = request.topics.map(({ topic, partitions }) => ({
      topic,
      partitions: partitions.map(({ partition, at }) => {
        const log = this.#topics.get(topic)?.partitions[partition];
        if (log === undefined) return { partition, error: UNKNOWN };
        return { partition, ...positionOf(log, at) };
      }),
    }));
    return { topics };
  }

  async offsetForLeaderEpoch({
    topics,
  }: NativeRequest<"offset-for-leader-epoch">): Promise<NativeResponse<"offset-for-leader-epoch">> {
    const endOf0 = (topic: string, partition: number, epoch: LeaderEpoch) => {
      const log = this.#topics.get(topic)?.partitions[partition];
      if (log === undefined) return { partition, error: UNKNOWN };
      return epoch > 0
        ? { partition }
        : { partition, leaderEpoch: leaderEpoch(0), endOffset: endOf(log) };
    };
    return {
      topics: topics.map(({ topic, partitions }) => ({
        topic,
        partitions: partitions.map((asked) => endOf0(topic, asked.partition, asked.leaderEpoch)),
      })),
    };
  }

  async metadata({ topics }: NativeRequest<"metadata">): Promise<MetadataResponse> {
    const names = topics ?? [...this.#topics.keys()];
    return {
      clusterId: "memory",
      controllerId: this.id,
      brokers: [this.#broker()],
      topics: names.map((topic) => {
        const known = this.#topics.get(topic);
        if (known === undefined) return { topic, error: UNKNOWN };
        const partitions = known.partitions.map((_, partition) => this.#partition(partition));
        return { topic, topicId: known.topicId, isInternal: false, partitions };
      }),
    };
  }

  async initProducerId(): Promise<InitProducerIdResponse> {
    return { producerId: this.#producerIds++, producerEpoch: 0 };
  }

  async createTopics(request: NativeRequest<"create-topics">): Promise<CreateTopicsResponse> {
    const topics = request.topics.map(({ topic, numPartitions = 1 }) => {
      if (this.#topics.has(topic)) {
        const message = `there is a topic "${topic}"`;
        return { topic, error: { code: "TOPIC_ALREADY_EXISTS", message } };
      }
      if (numPartitions < 1) {
        const message = "a topic has at least one partition";
        return { topic, error: { code: "INVALID_PARTITIONS", message } };
      }
      const counts = { numPartitions, replicationFactor: 1 };
      if (request.validateOnly) return { topic, ...counts };
      const topicId = topicIdFromBytes(new Uint8Array(16).fill(this.#topicIds++));
      const partitions = Array.from({ length: numPartitions }, () => []);
      this.#topics.set(topic, { topicId, partitions });
      return { topic, topicId, ...counts };
    });
    return { topics };
  }

  async deleteTopics(request: NativeRequest<"delete-topics">): Promise<DeleteTopicsResponse> {
    const topics = request.topics.map(({ topic }) => {
      const known = this.#topics.get(topic);
      if (known === undefined) return { topic, error: UNKNOWN };
      this.#topics.delete(topic);
      return { topic, topicId: known.topicId };
    });
    return { topics };
  }

  async describeTopics(request: NativeRequest<"describe-topics">): Promise<DescribeTopicsResponse> {
    const names = request.topics ?? [...this.#topics.keys()];
    const topics = names.map((topic) => {
      const known = this.#topics.get(topic);
      if (known === undefined) return { topic, error: UNKNOWN };
      const partitions = known.partitions.map((log, partition) => ({
        ...this.#partition(partition),
        logStartOffset: offset(0),
        highWatermark: endOf(log),
        sizeBytes: log.reduce((sum, batch) => sum + batch.sizeInBytes, 0),
      }));
      return { topic, topicId: known.topicId, isInternal: false, partitions, configs: {} };
    });
    return { topics };
  }

  async describeCluster(): Promise<DescribeClusterResponse> {
    const counts = [...this.#topics.values()].map(({ partitions }) => partitions.length);
    return {
      clusterId: "memory",
      controllerId: this.id,
      controllerEpoch: 1,
      brokers: [this.#broker()],
      topicCount: counts.length,
      partitionCount: counts.reduce((sum, count) => sum + count, 0),
      offlinePartitionCount: 0,
      underReplicatedPartitionCount: 0,
      version: "0.0.0",
    };
  }

  brokersAt(listener: string): ReturnType<BrokerApi["brokersAt"]> {
    const address = this.listeners.get(listener);
    return address === undefined ? [] : [{ brokerId: this.id, ...address, rack: undefined }];
  }

  clusterKnown(_timeoutMs: number): Promise<boolean> {
    return Promise.resolve(true);
  }

  topicNameOf(topicId: TopicId): string | undefined {
    for (const [name, topic] of this.#topics) if (topic.topicId === topicId) return name;
    return undefined;
  }

  health(): BrokerHealth {
    return this.healthNow;
  }

  #broker() {
    const { host, port } = this.address;
    return { brokerId: this.id, host, port, url: `http://${host}:${port}` };
  }

  #partition(partition: number): PartitionEntry {
    const ids = [this.id];
    return {
      partition,
      leader: this.id,
      leaderEpoch: leaderEpoch(0),
      replicas: ids,
      isr: ids,
      offlineReplicas: [],
    };
  }
}

function endOf(log: readonly RecordBatch[]): Offset {
  return log.at(-1)?.nextOffset ?? offset(0);
}

function positionOf(
  log: readonly RecordBatch[],
  at: OffsetSpec,
): { readonly offset?: Offset; readonly timestamp?: Timestamp } {
  if (at === "earliest") return { offset: offset(0) };
  if (at === "latest") return { offset: endOf(log) };
  const records = log.flatMap((batch) => [...batch.records()]);
  const greatest = Math.max(-1, ...records.map(({ timestamp }) => timestamp));
  const wanted = at === "maxTimestamp" ? greatest : at.timestamp;
  const found = records.find(({ timestamp }) => timestamp >= wanted);
  return found === undefined ? {} : { offset: found.offset, timestamp: found.timestamp };
}
