import type { BrokerId, TopicId } from "@zoolog/base";
import type { ClusterImage, TopicImage } from "@zoolog/controller";
import type { HostedReplica, PartitionConfig } from "@zoolog/replication";

/** What an image asks of one broker, compared with the image that it has followed. */
export type LocalChanges = {
  /** Replicas that are new here, or whose state or settings may have changed. */
  readonly host: readonly HostedReplica[];
  /** Deleted topics of which this broker may still have replicas; it is to confirm each. */
  readonly purge: readonly { readonly topicId: TopicId; readonly name: string }[];
};

/**
 * Finds by identity what changed for a broker: images share the parts that did not, so that an
 * image of thousands of topics costs one look at each.
 */
export function localChanges(
  from: ClusterImage | undefined,
  to: ClusterImage,
  broker: {
    readonly brokerId: BrokerId;
    readonly configOf: (topic: TopicImage) => PartitionConfig;
  },
): LocalChanges {
  const host: HostedReplica[] = [];
  // Settings of brokers are what topics have that say nothing else: all are looked at again.
  const sameSettings = from?.brokerConfigs === to.brokerConfigs;
  for (const topic of to.topics.values()) {
    const before = sameSettings ? from?.topics.get(topic.name) : undefined;
    if (before !== topic) host.push(...changedReplicas(before, topic, broker));
  }
  const purge = [...to.deletedTopics.values()].filter(({ pending }) =>
    pending.includes(broker.brokerId),
  );
  return { host, purge };
}

function changedReplicas(
  before: TopicImage | undefined,
  topic: TopicImage,
  broker: Parameters<typeof localChanges>[2],
): HostedReplica[] {
  const replicas: HostedReplica[] = [];
  const sameTopic = before?.topicId === topic.topicId && before.configs === topic.configs;
  for (const image of topic.partitions) {
    const isKnown = sameTopic && before.partitions[image.partition] === image;
    // Without a state nobody has ever led it: there is nothing to follow yet.
    if (isKnown || image.partitionEpoch === undefined) continue;
    if (!image.replicas.includes(broker.brokerId)) continue;
    const { leader, leaderEpoch, partitionEpoch, isr } = image;
    replicas.push({
      topic: topic.name,
      partition: image.partition,
      topicId: topic.topicId,
      config: broker.configOf(topic),
      assignment: { leader, leaderEpoch, partitionEpoch, isr, replicas: image.replicas },
    });
  }
  return replicas;
}
