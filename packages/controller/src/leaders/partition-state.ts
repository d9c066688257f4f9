import {
  type LeaderEpoch,
  leaderEpoch,
  type PartitionEpoch,
  partitionEpoch,
  topicPartitionKey,
} from "@zoolog/base";
import {
  CLUSTER_CONFIG_NAME,
  type PartitionImage,
  type PartitionState,
  type TopicImage,
} from "../image/cluster-image.ts";
import type { PartitionStateChanged } from "../state/controller-record.ts";
import type { ControllerState } from "../state/controller-state.ts";
import { isrBrokerEpochs, type Leadership, type Situation } from "./leader-election.ts";

/** What a partition's first leader gets. */
export const FIRST_LEADER_EPOCH: LeaderEpoch = leaderEpoch(0);
/** The version of a znode that was just created. */
export const FIRST_PARTITION_EPOCH: PartitionEpoch = partitionEpoch(0);

/** The epoch a state has once it is written over `expected`. */
export function nextPartitionEpoch(expected: PartitionEpoch | undefined): PartitionEpoch {
  return expected === undefined ? FIRST_PARTITION_EPOCH : partitionEpoch(expected + 1);
}

/** The effective settings of a topic that elections depend on. */
export function situationOf(
  state: ControllerState,
  topic: TopicImage,
  partition: PartitionImage,
): Situation {
  const name = "unclean.leader.election.enable";
  const unclean = topic.configs[name] ?? clusterConfig(state, name);
  return {
    key: topicPartitionKey({ topic: topic.name, partition: partition.partition }),
    partition,
    brokers: state.image.brokers,
    unreachable: state.unreachable,
    uncleanElection:
      unclean === undefined ? state.settings.uncleanLeaderElection : unclean === "true",
  };
}

/** What stands for all brokers, over what stands in the files of each. */
function clusterConfig(state: ControllerState, name: string): string | undefined {
  return state.image.brokerConfigs.get(CLUSTER_CONFIG_NAME)?.[name];
}

/** A whole number that stands for all brokers; overrides were checked when they came. */
export function clusterNumber(state: ControllerState, name: string): number | undefined {
  const value = clusterConfig(state, name);
  return value === undefined ? undefined : Number(value);
}

/** The record that gives a partition this leadership. A leader not kept gets a new leader epoch. */
export function leadershipChanged(options: {
  readonly state: ControllerState;
  readonly topic: TopicImage;
  readonly situation: Situation;
  readonly leadership: Leadership;
  readonly reason: string;
}): PartitionStateChanged {
  const { topic, situation, leadership } = options;
  const { partition } = situation;
  return partitionStateChanged({
    topic,
    partition,
    reason: options.reason,
    state: {
      leader: leadership.leader,
      leaderEpoch: nextLeaderEpoch(partition, leadership),
      isr: leadership.isr,
      isrBrokerEpochs: isrBrokerEpochs(situation, leadership),
      controllerEpoch: options.state.image.controllerEpoch,
    },
  });
}

export function partitionStateChanged(options: {
  readonly topic: TopicImage;
  readonly partition: PartitionImage;
  readonly state: PartitionState;
  readonly reason: string;
}): PartitionStateChanged {
  const { topic, partition } = options;
  return {
    type: "partitionStateChanged",
    topic: topic.name,
    topicId: topic.topicId,
    partition: partition.partition,
    expectedPartitionEpoch: partition.partitionEpoch,
    partitionEpoch: nextPartitionEpoch(partition.partitionEpoch),
    state: options.state,
    reason: options.reason,
  };
}

/**
 * Every change of leader, also to nobody, raises the epoch. So does a state that must be written
 * anew after its znode vanished: partition epochs start again at 0 there, and what was asked for
 * under the former ones must not fit.
 */
function nextLeaderEpoch(partition: PartitionImage, leadership: Leadership): LeaderEpoch {
  const neverLed = partition.isr.length === 0;
  const vanished = partition.partitionEpoch === undefined;
  const stillOffline = partition.leader === undefined && leadership.leader === undefined;
  const sameLeadership = leadership.election === "kept" || stillOffline;
  if (neverLed || (sameLeadership && !vanished)) return partition.leaderEpoch;
  return leaderEpoch(partition.leaderEpoch + 1);
}
