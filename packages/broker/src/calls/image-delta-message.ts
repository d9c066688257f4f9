import type { ImageDelta, PartitionImage, SlotImage } from "@zoolog/controller";
import type { ClusterImageDelta } from "@zoolog/protocol";

/**
 * What the controller found changed, as the message of `cluster-image`, and back. The message has no
 * names for what a partition consists of, and `null` where the image has `undefined`.
 */
export function imageDeltaMessage(delta: ImageDelta): ClusterImageDelta {
  const { fromVersion, ...rest } = delta;
  return {
    ...rest,
    ...(fromVersion === undefined ? {} : { fromVersion }),
    brokers: delta.brokers.map(({ rack, losses: _losses, damaged: _damaged, ...broker }) => ({
      ...broker,
      ...(rack === undefined ? {} : { rack }),
    })),
    topics: delta.topics.map(({ partitions, ...topic }) => ({
      ...topic,
      partitions: partitions.map(partitionMessage),
    })),
    unreadableTopics: delta.unreadableTopics.map(({ topicId, ...topic }) => ({
      ...topic,
      ...(topicId === undefined ? {} : { topicId }),
    })),
    coordinators: delta.coordinators.map(({ slot, brokerId, brokerEpoch, coordinatorEpoch }) => [
      slot,
      brokerId ?? null,
      brokerEpoch ?? null,
      coordinatorEpoch ?? null,
    ]),
  };
}

export function imageDeltaOf(message: ClusterImageDelta): ImageDelta {
  return {
    ...message,
    fromVersion: message.fromVersion,
    brokers: message.brokers.map((broker) => ({ ...broker, rack: broker.rack })),
    topics: message.topics.map((topic) => ({
      ...topic,
      partitions: topic.partitions.map(partitionOf),
    })),
    unreadableTopics: message.unreadableTopics.map((topic) => ({
      ...topic,
      topicId: topic.topicId,
    })),
    coordinators: message.coordinators.map(
      ([slot, brokerId, brokerEpoch, coordinatorEpoch]): SlotImage => ({
        slot,
        brokerId: brokerId ?? undefined,
        brokerEpoch: brokerEpoch ?? undefined,
        coordinatorEpoch: coordinatorEpoch ?? undefined,
      }),
    ),
  };
}

type PartitionMessage = ClusterImageDelta["topics"][number]["partitions"][number];

function partitionMessage(image: PartitionImage): PartitionMessage {
  return [
    image.partition,
    image.replicas,
    image.leader ?? null,
    image.leaderEpoch,
    image.isr,
    image.isrBrokerEpochs.map((epoch) => epoch ?? null),
    image.controllerEpoch,
    image.partitionEpoch ?? null,
    image.offlineReplicas,
    image.offlineReason ?? null,
  ];
}

function partitionOf(message: PartitionMessage): PartitionImage {
  const [partition, replicas, leader, leaderEpoch, isr, isrBrokerEpochs, controllerEpoch] = message;
  const [, , , , , , , partitionEpoch, offlineReplicas, offlineReason] = message;
  return {
    partition,
    replicas,
    leader: leader ?? undefined,
    leaderEpoch,
    isr,
    isrBrokerEpochs: isrBrokerEpochs.map((epoch) => epoch ?? undefined),
    controllerEpoch,
    partitionEpoch: partitionEpoch ?? undefined,
    offlineReplicas,
    offlineReason: offlineReason ?? undefined,
  };
}
