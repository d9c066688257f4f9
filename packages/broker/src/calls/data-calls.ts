import {
  type AbortSignalLike,
  assert,
  inParallel,
  type TopicPartition,
  topicPartitionKey,
} from "@zoolog/base";
import type {
  FetchRequest,
  ItemError,
  ListOffsetsRequest,
  ListOffsetsResponse,
  OffsetForLeaderEpochRequest,
  OffsetForLeaderEpochResponse,
  ProduceRequest,
  ProduceResponse,
} from "@zoolog/protocol";
import type {
  AppendOutcome,
  FetchPartition,
  ProducedRecords,
  ReadMemory,
  ReplicaError,
  ReplicaManager,
} from "@zoolog/replication";
import type { CallContext, FetchResult, FetchResultPartition } from "../broker-api.ts";
import { partitionNamedTwice } from "./errors.ts";

/**
 * What data is written and read with, and what readers ask of its offsets: the messages of the
 * plane, flattened for the replica manager and folded back. Answers stand in the order of the request.
 */

/** By time: each reads an index and a batch of its partition. */
const LOOKUPS_AT_ONCE = 64;

export async function produce(
  request: ProduceRequest,
  replicas: ReplicaManager,
  caller: CallContext,
): Promise<ProduceResponse> {
  const { requiredAcks, timeoutMs } = request;
  const batches: ProducedRecords[] = [];
  for (const { topic, partitions } of request.topics) {
    for (const { partition, records, currentLeaderEpoch: leaderEpoch } of partitions) {
      batches.push({ topic, partition, records, leaderEpoch });
    }
  }
  // Which of two batches comes first would be anybody's guess.
  requireDistinct(batches);
  const outcomes = await replicas.produce({ requiredAcks, timeoutMs, batches, caller });
  const next = outcomes[Symbol.iterator]();
  return {
    topics: request.topics.map(({ topic, partitions }) => ({
      topic,
      partitions: partitions.map(({ partition }) =>
        producedPartition(partition, next.next().value),
      ),
    })),
  };
}

/** A call could name one partition a hundred thousand times, and nobody else would be served meanwhile. */
export function requireDistinct(partitions: readonly TopicPartition[]): void {
  if (partitions.length < 2) return;
  const seen = new Set<string>();
  for (const partition of partitions) {
    const key = topicPartitionKey(partition);
    if (seen.has(key)) throw partitionNamedTwice(key);
    seen.add(key);
  }
}

type ProducedPartition = ProduceResponse["topics"][number]["partitions"][number];

/** No outcome: nobody wanted to know (`requiredAcks: "none"`). */
function producedPartition(
  partition: number,
  outcome: AppendOutcome | undefined,
): ProducedPartition {
  if (outcome === undefined) return { partition };
  if (outcome.error !== undefined) {
    const { recordErrors } = outcome;
    return { partition, ...refusalOf(outcome), ...(recordErrors && { recordErrors }) };
  }
  const { baseOffset, logStartOffset, logAppendTime } = outcome;
  const place = { partition, baseOffset, logStartOffset };
  return logAppendTime === undefined ? place : { ...place, logAppendTime };
}

export async function fetch(
  request: FetchRequest,
  replicas: ReplicaManager,
  reader: {
    /** In place of what the request asks for. */
    readonly maxWaitMs: number;
    readonly signal: AbortSignalLike;
    readonly memory: ReadMemory | undefined;
  },
): Promise<FetchResult> {
  const { minBytes, maxBytes, rack } = request;
  const { maxWaitMs, memory, signal } = reader;
  const partitions: FetchPartition[] = [];
  for (const { topic, topicId, partitions: asked } of request.topics) {
    for (const entry of asked) {
      const { partition, fetchOffset, partitionMaxBytes, lastFetchedEpoch } = entry;
      partitions.push({
        topic,
        topicId,
        partition,
        fetchOffset,
        maxBytes: partitionMaxBytes,
        leaderEpoch: entry.currentLeaderEpoch,
        lastFetchedEpoch,
      });
    }
  }
  requireDistinct(partitions);
  const answers = await replicas.fetch({
    partitions,
    minBytes,
    maxBytes,
    maxWaitMs,
    rack,
    signal,
    memory,
  });
  const next = answers[Symbol.iterator]();
  return {
    topics: request.topics.map(({ topic, partitions: asked }) => ({
      topic,
      partitions: asked.map((): FetchResultPartition => fetchedPartition(next.next().value)),
    })),
  };
}

type Answer = Awaited<ReturnType<ReplicaManager["fetch"]>>[number];

function fetchedPartition(answer: Answer | undefined): FetchResultPartition {
  assert(answer !== undefined, "every partition asked for is answered");
  const { partition } = answer;
  if (answer.error !== undefined) {
    const refusal = { partition, ...refusalOf(answer) };
    const { logStartOffset } = answer;
    return logStartOffset === undefined ? refusal : { ...refusal, logStartOffset };
  }
  const { highWatermark, logStartOffset, batches: records } = answer;
  const { divergingEpoch, preferredReadReplica } = answer;
  // Without transactions nothing is unstable below the high watermark.
  const lastStableOffset = highWatermark;
  const fetched = { partition, highWatermark, lastStableOffset, logStartOffset, records };
  if (preferredReadReplica !== undefined) return { ...fetched, preferredReadReplica };
  return divergingEpoch === undefined ? fetched : { ...fetched, divergingEpoch };
}

export async function listOffsets(
  request: ListOffsetsRequest,
  replicas: ReplicaManager,
): Promise<ListOffsetsResponse> {
  const asked = request.topics.flatMap(({ topic, partitions }) =>
    partitions.map(({ partition, at, currentLeaderEpoch: leaderEpoch }) => ({
      topic,
      partition,
      at,
      leaderEpoch,
    })),
  );
  requireDistinct(asked);
  const limits = { atOnceMax: LOOKUPS_AT_ONCE };
  const found = await inParallel(asked, limits, (each) => replicas.findOffset(each));
  const next = found[Symbol.iterator]();
  return {
    topics: request.topics.map(({ topic, partitions }) => ({
      topic,
      partitions: partitions.map(({ partition }) => {
        const answer = next.next().value;
        assert(answer !== undefined, "every partition asked for is answered");
        if (answer.error !== undefined) return { partition, ...refusalOf(answer) };
        return { partition, ...definedOf(answer) };
      }),
    })),
  };
}

export function endOffsetsOfEpochs(
  request: OffsetForLeaderEpochRequest,
  replicas: ReplicaManager,
): OffsetForLeaderEpochResponse {
  return {
    topics: request.topics.map(({ topic, partitions }) => ({
      topic,
      partitions: partitions.map(({ partition, leaderEpoch: epoch, currentLeaderEpoch }) => {
        const asked = { topic, partition, epoch, leaderEpoch: currentLeaderEpoch };
        const end = replicas.endOfEpoch(asked);
        if (end.error !== undefined) return { partition, ...refusalOf(end) };
        const { leaderEpoch, endOffset } = end;
        if (leaderEpoch === undefined || endOffset === undefined) return { partition };
        return { partition, leaderEpoch, endOffset };
      }),
    })),
  };
}

type Refusal = Pick<ReplicaError, "currentLeader"> & { readonly error: ItemError };

export function refusalOf({ error: code, message, currentLeader }: ReplicaError): Refusal {
  const error = { code, message };
  return currentLeader === undefined ? { error } : { error, currentLeader };
}

type Found = Exclude<Awaited<ReturnType<ReplicaManager["findOffset"]>>, ReplicaError>;

function definedOf({ offset, timestamp, leaderEpoch }: Found): {
  offset?: NonNullable<Found["offset"]>;
  timestamp?: NonNullable<Found["timestamp"]>;
  leaderEpoch?: NonNullable<Found["leaderEpoch"]>;
} {
  return {
    ...(offset === undefined ? {} : { offset }),
    ...(timestamp === undefined ? {} : { timestamp }),
    ...(leaderEpoch === undefined ? {} : { leaderEpoch }),
  };
}
