import { topicPartitionKey } from "@zoolog/base";
import type { PartitionImage, TopicImage } from "../image/cluster-image.ts";
import {
  chooseFirstLeadership,
  chooseLeadership,
  type Leadership,
  offlineReason,
  type Situation,
} from "../leaders/leader-election.ts";
import { leadershipChanged, situationOf } from "../leaders/partition-state.ts";
import type { ControllerRecord } from "../state/controller-record.ts";
import type { ControllerState } from "../state/controller-state.ts";
import { reconcileSlots } from "./coordinator-slots.ts";

/** What must change after brokers came, went or changed. `cause` says why, for people. */
export function reconcileCluster(state: ControllerState, cause: string): ControllerRecord[] {
  return [...reconcileAll(state, cause), ...reconcileSlots(state, cause)];
}

/** What must change so that every partition has the leader and the ISR the situation asks for. */
export function reconcileAll(state: ControllerState, cause: string): ControllerRecord[] {
  const records: ControllerRecord[] = [];
  for (const topic of state.image.topics.values()) {
    // A topic with a tombstone is half deleted: nobody may lead it again.
    if (state.image.deletedTopics.has(topic.topicId)) continue;
    for (const partition of topic.partitions) {
      const record = reconcilePartition({ state, topic, partition, cause });
      if (record !== undefined) records.push(record);
    }
  }
  return records;
}

/** The record that one partition needs, if any. `cause` says, for people, why it was looked at. */
export function reconcilePartition(options: {
  readonly state: ControllerState;
  readonly topic: TopicImage;
  readonly partition: PartitionImage;
  readonly cause: string;
}): ControllerRecord | undefined {
  const { state, topic, partition, cause } = options;
  const key = topicPartitionKey({ topic: topic.name, partition: partition.partition });
  if (state.unreadable.has(key)) return undefined;

  const situation = situationOf(state, topic, partition);
  const leadership =
    partition.isr.length === 0 ? chooseFirstLeadership(situation) : chooseLeadership(situation);
  const reason = leadership.leader === undefined ? offlineReason(situation) : cause;
  if (needsWrite(partition, leadership)) {
    return leadershipChanged({ state, topic, situation, leadership, reason });
  }
  return reasonChanged(topic, situation, reason);
}

function needsWrite(partition: PartitionImage, leadership: Leadership): boolean {
  if (leadership.isr.length === 0) return false;
  if (partition.partitionEpoch === undefined) return true;
  if (leadership.election === "clean" || leadership.election === "unclean") return true;
  const sameIsr =
    partition.isr.length === leadership.isr.length &&
    leadership.isr.every((member) => partition.isr.includes(member));
  return partition.leader !== leadership.leader || !sameIsr;
}

function reasonChanged(
  topic: TopicImage,
  { partition }: Situation,
  reason: string,
): ControllerRecord | undefined {
  if (partition.leader !== undefined || partition.offlineReason === reason) return undefined;
  return {
    type: "offlineReasonChanged",
    topic: topic.name,
    partition: partition.partition,
    reason,
  };
}
