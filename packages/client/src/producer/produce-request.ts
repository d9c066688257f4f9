import { topicPartitionKey } from "@zoolog/base";
import { type ProduceRequest, type ProduceResponse, TIMEOUT_MS_MAX } from "@zoolog/protocol";
import type { RequiredAcks } from "./delivery.ts";
import type { PartitionQueue } from "./partition-queue.ts";
import type { ProduceBatch } from "./produce-batch.ts";

/** One partition's part of a request. */
export type Leaving = {
  readonly queue: PartitionQueue;
  readonly batch: ProduceBatch;
  readonly bytes: Buffer;
};

export type PartitionAnswer = ProduceResponse["topics"][number]["partitions"][number];

/** The broker gives up waiting for replicas this much before we give up waiting for it. */
const ANSWER_MARGIN = 0.1;

/** @param options.timeoutMs how long we wait for the answer. */
export function produceRequest(
  leaving: readonly Leaving[],
  options: { readonly acks: RequiredAcks; readonly timeoutMs: number },
): ProduceRequest {
  const topics = new Map<string, { partition: number; records: Buffer }[]>();
  for (const { queue, bytes } of leaving) {
    const { topic, partition } = queue.topicPartition;
    const partitions = topics.get(topic) ?? [];
    partitions.push({ partition, records: bytes });
    topics.set(topic, partitions);
  }
  return {
    requiredAcks: options.acks,
    timeoutMs: Math.min(Math.floor(options.timeoutMs * (1 - ANSWER_MARGIN)), TIMEOUT_MS_MAX),
    topics: [...topics].map(([topic, partitions]) => ({ topic, partitions })),
  };
}

/** By `topicPartitionKey`. */
export function answersByPartition(response: ProduceResponse): Map<string, PartitionAnswer> {
  const answers = new Map<string, PartitionAnswer>();
  for (const { topic, partitions } of response.topics) {
    for (const entry of partitions) {
      answers.set(topicPartitionKey({ topic, partition: entry.partition }), entry);
    }
  }
  return answers;
}
