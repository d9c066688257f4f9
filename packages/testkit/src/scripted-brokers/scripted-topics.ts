import {
  type BrokerId,
  brokerId,
  type LeaderEpoch,
  leaderEpoch,
  offset,
  type Random,
  timestamp,
  topicIdFromBytes,
} from "@zoolog/base";
import type { ItemError, NativeRequest, NativeResponse } from "@zoolog/protocol";
import { ScriptedPartition } from "./scripted-partition.ts";

type Topic = { readonly topicId: string; readonly partitions: ScriptedPartition[] };
type Led = { readonly found: ScriptedPartition };
type Refused = {
  readonly error: ItemError;
  readonly currentLeader?: { readonly brokerId: BrokerId; readonly leaderEpoch: LeaderEpoch };
};

/** Topics of a scripted cluster, and what its brokers answer about them, without any waiting. */
export class ScriptedTopics {
  readonly #endpoints: readonly string[];
  readonly #batchBytesMax: number;
  readonly #random: Random;
  readonly #topics = new Map<string, Topic>();
  /** Missing topics are created for callers of `metadata` who ask for it. */
  createsMissing = false;

  constructor(
    options: { readonly endpoints: readonly string[]; readonly batchBytesMax: number },
    dependencies: { readonly random: Random },
  ) {
    this.#endpoints = options.endpoints;
    this.#batchBytesMax = options.batchBytesMax;
    this.#random = dependencies.random;
  }

  create(topic: string, partitionCount: number): void {
    const partitions = Array.from(
      { length: partitionCount },
      (_, partition) => new ScriptedPartition(partition % this.#endpoints.length),
    );
    this.#topics.set(topic, { topicId: topicIdFromBytes(this.#random.bytes(16)), partitions });
  }

  /** More partitions for a topic that exists. */
  grow(topic: string, partitionCount: number): void {
    const { partitions } = this.#topics.get(topic)!;
    for (let next = partitions.length; next < partitionCount; next++) {
      partitions.push(new ScriptedPartition(next % this.#endpoints.length));
    }
  }

  /** Names, ids and sizes. */
  list(): { topic: string; topicId: string; partitionCount: number }[] {
    return [...this.#topics].map(([topic, { partitions, topicId }]) => {
      return { topic, topicId, partitionCount: partitions.length };
    });
  }

  delete(topic: string): void {
    this.#topics.delete(topic);
  }

  partition(topic: string, partition: number): ScriptedPartition {
    return this.#topics.get(topic)!.partitions[partition]!;
  }

  metadata(request: NativeRequest<"metadata">): NativeResponse<"metadata"> {
    if (this.createsMissing && request.allowAutoTopicCreation) {
      for (const name of request.topics ?? []) if (!this.#topics.has(name)) this.create(name, 1);
    }
    return {
      clusterId: "scripted",
      brokers: this.#endpoints.map((url, id) => ({
        brokerId: brokerId(id),
        host: "broker",
        port: id,
        url,
      })),
      topics: (request.topics ?? [...this.#topics.keys()]).map((topic) => {
        const known = this.#topics.get(topic);
        if (known === undefined) return { topic, error: refusal("UNKNOWN_TOPIC_OR_PARTITION") };
        return {
          topic,
          topicId: known.topicId as never,
          isInternal: false,
          partitions: known.partitions.map((partition, index) => ({
            partition: index,
            ...(partition.leader === undefined ? {} : { leader: brokerId(partition.leader) }),
            leaderEpoch: leaderEpoch(partition.leaderEpoch),
            replicas: [],
            isr: [],
            offlineReplicas: [],
          })),
        };
      }),
    };
  }

  produce(
    request: NativeRequest<"produce">,
    self: number,
    refuseWith: string | undefined,
  ): NativeResponse<"produce"> {
    return {
      topics: request.topics.map(({ topic, partitions }) => ({
        topic,
        partitions: partitions.map(({ partition, records }) => {
          const led = this.#led(topic, partition, self, refuseWith);
          if ("error" in led) return { partition, ...led };
          const appended = led.found.append(records, this.#batchBytesMax);
          if ("error" in appended) return { partition, error: refusal(appended.error) };
          return request.requiredAcks === "none"
            ? { partition }
            : { partition, baseOffset: offset(appended.baseOffset) };
        }),
      })),
    };
  }

  listOffsets(
    request: NativeRequest<"list-offsets">,
    self: number,
    refuseWith: string | undefined,
  ): NativeResponse<"list-offsets"> {
    return {
      topics: request.topics.map(({ topic, partitions }) => ({
        topic,
        partitions: partitions.map(({ at, partition }) => {
          const led = this.#led(topic, partition, self, refuseWith);
          if ("error" in led) return { partition, ...led };
          if (at === "earliest") return { partition, offset: offset(led.found.logStartOffset) };
          if (at === "latest") return { partition, offset: offset(led.found.logEndOffset) };
          const wanted = typeof at === "object" ? at.timestamp : 0;
          const record = led.found.firstAtOrAfter(wanted);
          if (record === undefined) return { partition };
          return { partition, offset: record.offset, timestamp: timestamp(record.timestamp) };
        }),
      })),
    };
  }

  fetched(
    request: NativeRequest<"fetch">,
    self: number,
    refuseWith: string | undefined,
  ): NativeResponse<"fetch"> {
    let bytesLeft = request.maxBytes;
    return {
      topics: request.topics.map(({ topic, partitions }) => ({
        topic,
        partitions: partitions.map((asked) => {
          const { fetchOffset, lastFetchedEpoch, partition, partitionMaxBytes } = asked;
          const led = this.#led(topic, partition, self, refuseWith);
          if ("error" in led) return { partition, ...led };
          const { logEndOffset, logStartOffset } = led.found;
          const marks = {
            partition,
            highWatermark: offset(logEndOffset),
            lastStableOffset: offset(logEndOffset),
            logStartOffset: offset(logStartOffset),
          };
          const divergingEpoch =
            lastFetchedEpoch === undefined
              ? undefined
              : led.found.divergence(fetchOffset, lastFetchedEpoch);
          if (divergingEpoch !== undefined) {
            return { ...marks, divergingEpoch, records: Buffer.alloc(0) };
          }
          if (fetchOffset < logStartOffset || fetchOffset > logEndOffset) {
            return {
              partition,
              error: refusal("OFFSET_OUT_OF_RANGE"),
              logStartOffset: offset(logStartOffset),
            };
          }
          const nothingYet = bytesLeft === request.maxBytes;
          const limit = Math.min(partitionMaxBytes, bytesLeft);
          const read = led.found.read(fetchOffset, limit);
          const records = read.length > limit && !nothingYet ? Buffer.alloc(0) : read;
          bytesLeft -= records.length;
          return { ...marks, records };
        }),
      })),
    };
  }

  #led(
    topic: string,
    partition: number,
    self: number,
    refuseWith: string | undefined,
  ): Led | Refused {
    if (refuseWith !== undefined) return { error: refusal(refuseWith) };
    const found = this.#topics.get(topic)?.partitions[partition];
    if (found === undefined) return { error: refusal("UNKNOWN_TOPIC_OR_PARTITION") };
    if (found.leader === undefined) return { error: refusal("LEADER_NOT_AVAILABLE") };
    if (found.leader !== self) {
      const currentLeader = {
        brokerId: brokerId(found.leader),
        leaderEpoch: leaderEpoch(found.leaderEpoch),
      };
      return { error: refusal("NOT_LEADER_OR_FOLLOWER"), currentLeader };
    }
    return { found };
  }
}

function refusal(code: string): { code: string; message: string } {
  return { code, message: `scripted ${code}` };
}
