import { topicPartitionKey } from "@zoolog/base";
import type { BrokerImage, ClusterImage, PartitionImage, TopicImage } from "@zoolog/controller";
import type {
  BrokerEntry,
  DescribeClusterResponse,
  DescribeTopicsResponse,
  ItemError,
  MetadataResponse,
  PartitionEntry,
} from "@zoolog/protocol";
import type { ReplicaManager } from "@zoolog/replication";
import { addressBy, httpAddressOf, urlOf } from "../broker-address.ts";
import type { BrokerAtListener } from "../broker-api.ts";
import type { BrokerConfig } from "../config/config.ts";
import { describeTopicConfig } from "../config/topic-settings.ts";
import { unreadableTopic } from "../runtimes/image/metadata-cache.ts";

/** What is told about the cluster: all of it from the image, offsets and sizes from local logs. */

/** @param asked `names`: all topics when left out; `later`: those that the next call creates. */
export function describeMetadata(
  image: ClusterImage,
  {
    names,
    later,
  }: { readonly names: readonly string[] | undefined; readonly later: ReadonlySet<string> },
): MetadataResponse {
  const { clusterId, controllerId } = image;
  return {
    clusterId,
    controllerId,
    brokers: brokerEntries(image),
    topics: namesOf(image, names).map((name) => {
      const topic = image.topics.get(name);
      if (topic === undefined) {
        return { topic: name, error: later.has(name) ? notYet(name) : noTopic(image, name) };
      }
      const { topicId } = topic;
      const partitions = topic.partitions.map((partition) => partitionEntry(image, partition));
      return { topic: name, topicId, isInternal: false, partitions };
    }),
  };
}

export function describeTopics(
  image: ClusterImage,
  names: readonly string[] | undefined,
  local: { readonly replicas: ReplicaManager; readonly config: BrokerConfig },
): DescribeTopicsResponse {
  return {
    topics: namesOf(image, names).map((name) => {
      const topic = image.topics.get(name);
      if (topic === undefined) return { topic: name, error: noTopic(image, name) };
      return {
        topic: name,
        topicId: topic.topicId,
        isInternal: false,
        partitions: topic.partitions.map((partition) => ({
          ...partitionEntry(image, partition),
          ...offlineReason(partition),
          ...localOffsets(topic, partition, local.replicas),
        })),
        configs: describeTopicConfig(topic.configs, local.config),
      };
    }),
  };
}

export function describeCluster(image: ClusterImage, version: string): DescribeClusterResponse {
  const partitions = [...image.topics.values()].flatMap((topic) => topic.partitions);
  const { clusterId, controllerId, controllerEpoch } = image;
  return {
    clusterId,
    controllerId,
    controllerEpoch,
    brokers: [...image.brokers.values()].flatMap((broker) => {
      const entry = brokerEntry(broker);
      return entry === undefined ? [] : [{ ...entry, endpoints: [...broker.endpoints] }];
    }),
    topicCount: image.topics.size,
    partitionCount: partitions.length,
    offlinePartitionCount: partitions.filter(isOffline).length,
    underReplicatedPartitionCount: partitions.filter(isUnderReplicated).length,
    version,
  };
}

export function isOffline({ leader }: PartitionImage): boolean {
  return leader === undefined;
}

export function isUnderReplicated({ leader, isr, replicas }: PartitionImage): boolean {
  return leader === undefined || isr.length < replicas.length;
}

function namesOf(image: ClusterImage, names: readonly string[] | undefined): readonly string[] {
  return names ?? [...image.topics.keys()].sort();
}

function noTopic(image: ClusterImage, name: string): ItemError {
  const unreadable = image.unreadableTopics.get(name);
  if (unreadable !== undefined) {
    const { error: code, message } = unreadableTopic(unreadable);
    return { code, message };
  }
  return { code: "UNKNOWN_TOPIC_OR_PARTITION", message: `there is no topic ${name}` };
}

function notYet(name: string): ItemError {
  const message = `topic ${name} is not created yet: too many are missing at once; ask again`;
  return { code: "LEADER_NOT_AVAILABLE", message };
}

export function brokersAt(image: ClusterImage, listener: string): readonly BrokerAtListener[] {
  return [...image.brokers.values()].flatMap(({ brokerId, endpoints, rack }) => {
    const address = addressBy(listener, endpoints);
    return address === undefined ? [] : [{ brokerId, ...address, rack }];
  });
}

/** Brokers without our listener cannot be reached by clients of this plane. */
function brokerEntries(image: ClusterImage): BrokerEntry[] {
  return [...image.brokers.values()].flatMap((broker) => brokerEntry(broker) ?? []);
}

function brokerEntry({ brokerId, endpoints, rack }: BrokerImage): BrokerEntry | undefined {
  const address = httpAddressOf(endpoints);
  if (address === undefined) return undefined;
  const entry = { brokerId, ...address, url: urlOf(address) };
  return rack === undefined ? entry : { rack, ...entry };
}

/** A replica is offline when its broker is not there, or has reported that its log failed. */
function partitionEntry(image: ClusterImage, partition: PartitionImage): PartitionEntry {
  const { partition: index, leader, leaderEpoch, replicas, isr } = partition;
  const failed = new Set(partition.offlineReplicas.map(({ brokerId }) => brokerId));
  const offlineReplicas = replicas.filter((id) => failed.has(id) || !image.brokers.has(id));
  const entry = { partition: index, leaderEpoch, replicas, isr, offlineReplicas };
  return leader === undefined ? entry : { leader, ...entry };
}

function offlineReason({ leader, offlineReason, offlineReplicas }: PartitionImage): {
  offlineReason?: string;
} {
  const why = leader === undefined ? offlineReason : undefined;
  // Why nobody leads names the faults of the members of the ISR already.
  const others = offlineReplicas.filter(
    ({ brokerId, reason }) => !(why?.includes(`broker ${brokerId} `) && why.includes(reason)),
  );
  const reasons = [
    ...(why === undefined ? [] : [why]),
    ...others.map(({ brokerId, reason }) => `broker ${brokerId}: ${reason}`),
  ];
  return reasons.length === 0 ? {} : { offlineReason: reasons.join("; ") };
}

function localOffsets(
  { name, topicId }: TopicImage,
  { partition }: PartitionImage,
  replicas: ReplicaManager,
): Pick<
  Extract<DescribeTopicsResponse["topics"][number], { partitions: unknown }>["partitions"][number],
  "logStartOffset" | "highWatermark" | "sizeBytes"
> {
  const replica = replicas.partitions.get(topicPartitionKey({ topic: name, partition }));
  if (replica?.log === undefined || replica.topicId !== topicId) return {};
  const { logStartOffset, highWatermark, sizeInBytes: sizeBytes } = replica.log;
  return { logStartOffset, highWatermark, sizeBytes };
}
