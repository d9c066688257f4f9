import { assert, inParallel, type TopicPartition, topicPartitionKey } from "@zoolog/base";
import type {
  DeleteRecordsRequest,
  DeleteRecordsResponse,
  DescribeOffsetsRequest,
  DescribeOffsetsResponse,
} from "@zoolog/protocol";
import type { ReplicaManager } from "@zoolog/replication";
import { refusalOf } from "./data-calls.ts";
import { partitionNamedTwice, tooManyPartitions } from "./errors.ts";

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
  const found = await inParallel(asked, limits, (each) => replicas.describeOffsets(each));
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

function requireFewAndDistinct(partitions: readonly TopicPartition[]): void {
  if (partitions.length > PARTITIONS_PER_CALL_MAX) {
    throw tooManyPartitions(partitions.length, PARTITIONS_PER_CALL_MAX);
  }
  const seen = new Set<string>();
  for (const partition of partitions) {
    const key = topicPartitionKey(partition);
    if (seen.has(key)) throw partitionNamedTwice(key);
    seen.add(key);
  }
}
