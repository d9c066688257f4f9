import type { BrokerId, LeaderEpoch, TopicId } from "@zoolog/base";
import type { NativeResponse } from "@zoolog/protocol";
import type { PartitionedTopic } from "../partitioner.ts";

export type PartitionMetadata = {
  readonly leader: BrokerId | undefined;
  readonly leaderEpoch: LeaderEpoch;
};

/** What the client knows of a topic. Immutable: newer knowledge is a new object. */
export type TopicMetadata = PartitionedTopic & {
  readonly topicId: TopicId;
  /** By partition number. */
  readonly partitions: readonly PartitionMetadata[];
  /** By the monotonic clock, ms. */
  readonly fetchedAt: number;
};

type TopicEntry = Extract<
  NativeResponse<"metadata">["topics"][number],
  { readonly partitions: unknown }
>;

/**
 * Merges an answer with what was known. A broker that lags behind may name a leader of the past, and
 * leave out partitions that were added: within one incarnation of a topic a partition's leader epoch
 * never goes back (KIP-320), and partitions never become fewer.
 */
export function mergeTopic(
  known: TopicMetadata | undefined,
  entry: TopicEntry,
  fetchedAt: number,
): TopicMetadata {
  const same = known?.topicId === entry.topicId ? known : undefined;
  const partitions: PartitionMetadata[] = [...(same?.partitions ?? [])];
  for (const { partition, leader, leaderEpoch } of entry.partitions) {
    const before = same?.partitions[partition];
    partitions[partition] =
      before !== undefined && before.leaderEpoch > leaderEpoch ? before : { leader, leaderEpoch };
  }
  return withPartitions({ name: entry.topic, topicId: entry.topicId, fetchedAt }, partitions);
}

/** Takes a broker's word in an error for who leads now, unless we know something newer. */
export function withLeader(
  known: TopicMetadata,
  partition: number,
  hint: { readonly brokerId: BrokerId; readonly leaderEpoch: LeaderEpoch },
): TopicMetadata {
  const before = known.partitions[partition];
  if (before === undefined || before.leaderEpoch >= hint.leaderEpoch) return known;
  const partitions = [...known.partitions];
  partitions[partition] = { leader: hint.brokerId, leaderEpoch: hint.leaderEpoch };
  return withPartitions(known, partitions);
}

function withPartitions(
  topic: Pick<TopicMetadata, "name" | "topicId" | "fetchedAt">,
  partitions: readonly PartitionMetadata[],
): TopicMetadata {
  const available = partitions.flatMap(({ leader }, partition) =>
    leader === undefined ? [] : [partition],
  );
  const { name, topicId, fetchedAt } = topic;
  return { name, topicId, fetchedAt, partitions, partitionCount: partitions.length, available };
}
