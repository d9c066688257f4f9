import { assert, inParallel, type TopicPartition } from "@zoolog/base";
import type { ProducerEntry } from "@zoolog/log";
import type {
  DeleteRecordsRequest,
  DeleteRecordsResponse,
  DescribeOffsetsRequest,
  DescribeOffsetsResponse,
  DescribeProducersRequest,
  DescribeProducersResponse,
} from "@zoolog/protocol";
import type { ReplicaManager } from "@zoolog/replication";
import { refusalOf, requireDistinct } from "./data-calls.ts";
import { tooManyPartitions } from "./errors.ts";

/** What leaders are asked of the ends of their logs. Answers stand in the order of the request. */

/** One look at an index each; many of them would hold up everybody else. */
const PARTITIONS_PER_CALL_MAX = 10_000;

/** Looks at a time: some read a file. */
const LOOKS_AT_ONCE = 64;

export async function deleteRecords(
  request: DeleteRecordsRequest,
  replicas: ReplicaManager,
): Promise<DeleteRecordsResponse> {
  const deletions = request.topics.flatMap(({ topic, partitions }) =>
    partitions.map(({ partition, offset: before }) => ({ topic, partition, before })),
  );
  requireFewAndDistinct(deletions);
  const { timeoutMs } = request;
  const answers = (await replicas.deleteRecords({ deletions, timeoutMs }))[Symbol.iterator]();
  return {
    topics: request.topics.map(({ topic, partitions }) => ({
      topic,
      partitions: partitions.map(({ partition }) => {
        const answer = answers.next().value;
        assert(answer !== undefined, "every partition is answered");
        if (answer.error !== undefined) return { partition, ...refusalOf(answer) };
        return { partition, lowWatermark: answer.lowWatermark };
      }),
    })),
  };
}

export async function describeOffsets(
  request: DescribeOffsetsRequest,
  replicas: ReplicaManager,
): Promise<DescribeOffsetsResponse> {
  const asked = request.topics.flatMap(({ topic, partitions }) =>
    partitions.map(({ partition, offset, currentLeaderEpoch: leaderEpoch }) => ({
      topic,
      partition,
      offset,
      leaderEpoch,
    })),
  );
  requireFewAndDistinct(asked);
  const limits = { atOnceMax: LOOKS_AT_ONCE };
  const found = await inParallel(asked, limits, async (each) => {
    const replica = replicas.find(each);
    return "error" in replica ? replica : replica.describeOffsets(each);
  });
  const answers = found[Symbol.iterator]();
  return {
    topics: request.topics.map(({ topic, partitions }) => ({
      topic,
      partitions: partitions.map(({ partition }) => {
        const answer = answers.next().value;
        assert(answer !== undefined, "every partition is answered");
        if (answer.error !== undefined) return { partition, ...refusalOf(answer) };
        const { logStartOffset, highWatermark, timestamp } = answer;
        const ends = { partition, logStartOffset, highWatermark };
        return timestamp === undefined ? ends : { ...ends, timestamp };
      }),
    })),
  };
}

export function describeProducers(
  { topics }: DescribeProducersRequest,
  replicas: ReplicaManager,
): DescribeProducersResponse {
  const asked = topics.flatMap(({ topic, partitions }) =>
    partitions.map((partition) => ({ topic, partition })),
  );
  requireFewAndDistinct(asked);
  return {
    topics: topics.map(({ topic, partitions }) => ({
      topic,
      partitions: partitions.map((partition) => {
        const found = replicas.find({ topic, partition });
        const answer = "error" in found ? found : found.describeProducers();
        if ("error" in answer) return { partition, ...refusalOf(answer) };
        return { partition, producers: answer.producers.map(producerOf) };
      }),
    })),
  };
}

function producerOf({ producerId, producerEpoch, batches, lastTimestamp }: ProducerEntry) {
  const lastSequence = batches.at(-1)?.lastSequence;
  const producer = { producerId, producerEpoch, lastTimestamp };
  return lastSequence === undefined ? producer : { ...producer, lastSequence };
}

function requireFewAndDistinct(partitions: readonly TopicPartition[]): void {
  if (partitions.length > PARTITIONS_PER_CALL_MAX) {
    throw tooManyPartitions(partitions.length, PARTITIONS_PER_CALL_MAX);
  }
  requireDistinct(partitions);
}
