import { topicPartitionKey } from "@zoolog/base";
import type {
  BrokerImage,
  ClusterImage,
  PartitionImage,
  SlotImage,
  TopicImage,
} from "./image/cluster-image.ts";
import { FIRST_LEADER_EPOCH } from "./leaders/partition-state.ts";
import type { ControllerLoad, LoadedTopic, ObservedBroker } from "./observed-cluster.ts";
import type { ControllerSettings, ControllerState } from "./state/controller-state.ts";

/**
 * The state of a controller that has just been elected. Its first event is `controllerElected`,
 * which carries on with whatever its predecessor left unfinished.
 */
export function loadController(
  load: ControllerLoad,
  settings: ControllerSettings,
): ControllerState {
  const unreadable = new Map<string, string>();
  const topics = load.topics.map((topic) => loadTopic(topic, load, unreadable));
  const { coordinators, slotVersions } = loadSlots(load, settings.coordinatorSlots);
  const image: ClusterImage = {
    clusterId: load.clusterId,
    controllerId: load.controllerId,
    controllerEpoch: load.controllerEpoch,
    version: 1,
    brokers: new Map(
      load.brokers.map((broker): [BrokerImage["brokerId"], BrokerImage] => [
        broker.brokerId,
        { ...broker, shuttingDown: isLeaving(broker, load.predecessor) },
      ]),
    ),
    topics: new Map(topics.map((topic) => [topic.name, topic])),
    topicNames: new Map(topics.map((topic) => [topic.topicId, topic.name])),
    brokerConfigs: new Map(load.brokerConfigs.map((config) => [config.name, config.overrides])),
    unreadableTopics: new Map(load.unreadableTopics.map((topic) => [topic.name, topic])),
    deletedTopics: new Map(load.deletedTopics.map((deleted) => [deleted.topicId, deleted])),
    coordinators,
  };
  return { settings, image, unreadable, unreachable: new Map(), slotVersions };
}

/** Whoever has begun to shut down goes on with it: the mark stays until it registers anew. */
function isLeaving(
  { brokerId, brokerEpoch }: ObservedBroker,
  predecessor: ClusterImage | undefined,
): boolean {
  const known = predecessor?.brokers.get(brokerId);
  return known?.brokerEpoch === brokerEpoch && known.shuttingDown;
}

function loadSlots(load: ControllerLoad, count: number) {
  const stored = new Map(load.coordinators.map((slot) => [slot.slot, slot]));
  const coordinators = Array.from(
    { length: count },
    (_, slot): SlotImage =>
      stored.get(slot) ?? {
        slot,
        brokerId: undefined,
        brokerEpoch: undefined,
        coordinatorEpoch: undefined,
      },
  );
  const versions = [...stored].map(
    ([slot, { coordinatorEpoch }]) => [slot, coordinatorEpoch] as const,
  );
  return { coordinators, slotVersions: new Map(versions) };
}

function loadTopic(
  topic: LoadedTopic,
  load: ControllerLoad,
  unreadable: Map<string, string>,
): TopicImage {
  const partitions = topic.partitions.map(({ replicas, stored }, partition): PartitionImage => {
    if (stored.status === "present") {
      return {
        ...stored.state,
        partition,
        replicas,
        partitionEpoch: stored.partitionEpoch,
        offlineReplicas: [],
        offlineReason: stored.state.leader === undefined ? NEVER_ELECTED : undefined,
      };
    }
    if (stored.status === "unreadable") {
      unreadable.set(topicPartitionKey({ topic: topic.name, partition }), stored.reason);
    }
    return {
      partition,
      replicas,
      leader: undefined,
      leaderEpoch: FIRST_LEADER_EPOCH,
      isr: [],
      isrBrokerEpochs: [],
      controllerEpoch: load.controllerEpoch,
      partitionEpoch: undefined,
      offlineReplicas: [],
      offlineReason: stored.status === "unreadable" ? stored.reason : NEVER_ELECTED,
    };
  });
  return { name: topic.name, topicId: topic.topicId, configs: topic.configs, partitions };
}

/** Why a partition has no leader until the controller has looked at it. */
export const NEVER_ELECTED = "no leader was elected yet";
