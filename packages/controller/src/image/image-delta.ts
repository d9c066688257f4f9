import type { BrokerId, ControllerEpoch, TopicId } from "@zoolog/base";
import { assert } from "@zoolog/base";
import type {
  BrokerImage,
  ClusterImage,
  ConfigOverrides,
  DeletedTopic,
  PartitionImage,
  SlotImage,
  TopicImage,
  UnreadableTopic,
} from "./cluster-image.ts";

/** What turns the image `fromVersion` into `version`; from `undefined` it is a full picture. */
export type ImageDelta = {
  readonly clusterId: string;
  readonly controllerId: BrokerId;
  readonly controllerEpoch: ControllerEpoch;
  readonly fromVersion: number | undefined;
  readonly version: number;
  readonly brokers: readonly BrokerImage[];
  readonly brokersRemoved: readonly BrokerId[];
  readonly topics: readonly TopicDelta[];
  readonly topicsRemoved: readonly TopicId[];
  readonly brokerConfigs: readonly NamedOverrides[];
  readonly brokerConfigsRemoved: readonly string[];
  readonly deletedTopics: readonly DeletedTopic[];
  readonly deletedTopicsRemoved: readonly TopicId[];
  /** All of them: there are few, if any. */
  readonly unreadableTopics: readonly UnreadableTopic[];
  /** Those that changed. */
  readonly coordinators: readonly SlotImage[];
};

type NamedOverrides = { readonly name: string; readonly overrides: ConfigOverrides };

/** A topic that is new or changed; `partitions` holds only the changed ones. */
export type TopicDelta = {
  readonly name: string;
  readonly topicId: TopicId;
  readonly configs: ConfigOverrides;
  readonly partitions: readonly PartitionImage[];
};

/**
 * Finds by identity what changed, which costs no more than looking at each topic once. A full
 * picture when `from` is missing or of another controller.
 */
export function imageDelta(from: ClusterImage | undefined, to: ClusterImage): ImageDelta {
  const base = from?.controllerEpoch === to.controllerEpoch ? from : undefined;
  const brokers = mapDifference(base?.brokers, to.brokers);
  const topics = mapDifference(base?.topics, to.topics);
  const brokerConfigs = mapDifference(base?.brokerConfigs, to.brokerConfigs);
  const deletedTopics = mapDifference(base?.deletedTopics, to.deletedTopics);
  return {
    clusterId: to.clusterId,
    controllerId: to.controllerId,
    controllerEpoch: to.controllerEpoch,
    fromVersion: base?.version,
    version: to.version,
    brokers: brokers.changed.map(([, broker]) => broker),
    brokersRemoved: brokers.removed,
    topics: topics.changed.map(([name, topic]) => topicDelta(base?.topics.get(name), topic)),
    topicsRemoved: removedTopicIds(base, to),
    brokerConfigs: brokerConfigs.changed.map(([name, overrides]) => ({ name, overrides })),
    brokerConfigsRemoved: brokerConfigs.removed,
    deletedTopics: deletedTopics.changed.map(([, deleted]) => deleted),
    deletedTopicsRemoved: deletedTopics.removed,
    unreadableTopics: [...to.unreadableTopics.values()],
    coordinators: to.coordinators.filter((slot, i) => base?.coordinators[i] !== slot),
  };
}

function topicDelta(from: TopicImage | undefined, to: TopicImage): TopicDelta {
  const same = from?.topicId === to.topicId ? from : undefined;
  return {
    name: to.name,
    topicId: to.topicId,
    configs: to.configs,
    partitions: to.partitions.filter((partition, i) => same?.partitions[i] !== partition),
  };
}

/** By id: a name may have passed on to another topic. */
function removedTopicIds(from: ClusterImage | undefined, to: ClusterImage): TopicId[] {
  if (from === undefined || from.topicNames === to.topicNames) return [];
  return [...from.topicNames.keys()].filter((topicId) => !to.topicNames.has(topicId));
}

function mapDifference<K, V>(
  from: ReadonlyMap<K, V> | undefined,
  to: ReadonlyMap<K, V>,
): { readonly changed: readonly [K, V][]; readonly removed: readonly K[] } {
  if (from === to) return { changed: [], removed: [] };
  return {
    changed: [...to].filter(([key, value]) => from?.get(key) !== value),
    removed: from === undefined ? [] : [...from.keys()].filter((key) => !to.has(key)),
  };
}

export type ImageUpdate =
  | { readonly outcome: "updated"; readonly image: ClusterImage }
  /** Of a deposed controller, or seen already: keep what you have. */
  | { readonly outcome: "stale" }
  /** Does not fit to what you have: ask for a full picture. */
  | { readonly outcome: "gap" };

/** The next image of a broker. Never goes back to an older controller or version. */
export function applyImageDelta(image: ClusterImage | undefined, delta: ImageDelta): ImageUpdate {
  if (image !== undefined && isOlder(delta, image)) return { outcome: "stale" };
  if (delta.fromVersion === undefined)
    return { outcome: "updated", image: build(undefined, delta) };
  const fits =
    image?.controllerEpoch === delta.controllerEpoch && image.version === delta.fromVersion;
  return fits ? { outcome: "updated", image: build(image, delta) } : { outcome: "gap" };
}

function isOlder(delta: ImageDelta, image: ClusterImage): boolean {
  if (delta.controllerEpoch !== image.controllerEpoch) {
    return delta.controllerEpoch < image.controllerEpoch;
  }
  return delta.version <= image.version;
}

function build(image: ClusterImage | undefined, delta: ImageDelta): ClusterImage {
  const topics = new Map(image?.topics);
  const topicNames = new Map(image?.topicNames);
  for (const topicId of delta.topicsRemoved) {
    const name = topicNames.get(topicId);
    assert(name !== undefined, () => `removed topic ${topicId} was known`);
    topicNames.delete(topicId);
    topics.delete(name);
  }
  for (const topic of delta.topics) {
    topicNames.set(topic.topicId, topic.name);
    topics.set(topic.name, updateTopic(topics.get(topic.name), topic));
  }
  return {
    clusterId: delta.clusterId,
    controllerId: delta.controllerId,
    controllerEpoch: delta.controllerEpoch,
    version: delta.version,
    brokers: updateMap(
      image?.brokers,
      delta.brokers.map((broker) => [broker.brokerId, broker]),
      delta.brokersRemoved,
    ),
    topics,
    topicNames,
    brokerConfigs: updateMap(
      image?.brokerConfigs,
      delta.brokerConfigs.map((config) => [config.name, config.overrides]),
      delta.brokerConfigsRemoved,
    ),
    deletedTopics: updateMap(
      image?.deletedTopics,
      delta.deletedTopics.map((deleted) => [deleted.topicId, deleted]),
      delta.deletedTopicsRemoved,
    ),
    unreadableTopics: new Map(delta.unreadableTopics.map((topic) => [topic.name, topic])),
    coordinators: updateSlots(image?.coordinators ?? [], delta.coordinators),
  };
}

function updateSlots(
  slots: readonly SlotImage[],
  changed: readonly SlotImage[],
): readonly SlotImage[] {
  if (changed.length === 0) return slots;
  const next = [...slots];
  for (const slot of changed) next[slot.slot] = slot;
  return next;
}

function updateTopic(topic: TopicImage | undefined, delta: TopicDelta): TopicImage {
  const partitions = topic === undefined ? [] : [...topic.partitions];
  for (const partition of delta.partitions) partitions[partition.partition] = partition;
  const { name, topicId, configs } = delta;
  return { name, topicId, configs, partitions };
}

function updateMap<K, V>(
  map: ReadonlyMap<K, V> | undefined,
  changed: readonly (readonly [K, V])[],
  removed: readonly K[],
): ReadonlyMap<K, V> {
  if (map !== undefined && changed.length === 0 && removed.length === 0) return map;
  const next = new Map(map);
  for (const key of removed) next.delete(key);
  for (const [key, value] of changed) next.set(key, value);
  return next;
}
