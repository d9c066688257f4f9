import type { BrokerId } from "@zoolog/base";
import type { PartitionImage, PartitionState, TopicImage } from "../image/cluster-image.ts";
import type { ControllerState } from "../state/controller-state.ts";
import { chooseFirstLeadership } from "./leader-election.ts";
import { FIRST_LEADER_EPOCH, leadershipChanged, situationOf } from "./partition-state.ts";

/** A partition that nobody has led yet. */
export function newPartition(
  state: ControllerState,
  partition: number,
  replicas: readonly BrokerId[],
): PartitionImage {
  return {
    partition,
    replicas,
    leader: undefined,
    leaderEpoch: FIRST_LEADER_EPOCH,
    isr: [],
    isrBrokerEpochs: [],
    controllerEpoch: state.image.controllerEpoch,
    partitionEpoch: undefined,
    offlineReplicas: [],
    offlineReason: undefined,
  };
}

/** Its first leadership: the logs are empty, so that all that serve are in sync. */
export function firstState(
  state: ControllerState,
  topic: TopicImage,
  partition: PartitionImage,
  reason: string,
): PartitionState {
  const situation = situationOf(state, topic, partition);
  const leadership = chooseFirstLeadership(situation);
  return leadershipChanged({ state, topic, situation, leadership, reason }).state;
}
