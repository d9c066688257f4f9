import type { Client, TopicDescription } from "@zoolog/client";
import type { CommandContext } from "../../context.ts";
import { aboutTopic } from "../../topic-meant.ts";

export type TopicRow = {
  readonly topic: string;
  readonly partitions: number;
  readonly replicationFactor: number;
  readonly records: number | undefined;
  readonly sizeBytes: number | undefined;
};

export function topicRow(description: TopicDescription): TopicRow {
  const { partitions, topic } = description;
  let records: number | undefined = 0;
  let sizeBytes: number | undefined = 0;
  for (const partition of partitions) {
    const { highWatermark, logStartOffset } = partition;
    const known = highWatermark !== undefined && logStartOffset !== undefined;
    // The answering broker knows this only of the replicas it has.
    records =
      records === undefined || !known ? undefined : records + highWatermark - logStartOffset;
    sizeBytes =
      sizeBytes === undefined || partition.sizeBytes === undefined
        ? undefined
        : sizeBytes + partition.sizeBytes;
  }
  const replicationFactor = Math.max(0, ...partitions.map(({ replicas }) => replicas.length));
  return { topic, partitions: partitions.length, replicationFactor, records, sizeBytes };
}

export function describedTopic(
  context: CommandContext,
  client: Client,
  topic: string,
): Promise<TopicDescription> {
  const task = () => client.admin.describeTopic(topic, context.limits);
  return aboutTopic(context, client, topic, task);
}
