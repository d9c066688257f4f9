import { type Timestamp, topicPartitionKey } from "@zoolog/base";
import { applyAll } from "../apply.ts";
import type { ObservedPartition, ReplicasOfflineEvent } from "../controller-event.ts";
import { type Decision, replyTo } from "../decision.ts";
import type { PartitionImage, PartitionState } from "../image/cluster-image.ts";
import type {
  ControllerRecord,
  PartitionObserved,
  PartitionUnreadable,
} from "../state/controller-record.ts";
import type { ControllerState } from "../state/controller-state.ts";
import { reconcilePartition } from "./reconcile.ts";
import { staleBrokerEpoch } from "./refusals.ts";

/**
 * A broker cannot serve some replicas: they leave the ISR, and their leaderships move. Others it can
 * serve again. Not persisted: a broker reports again whenever it sees a new controller.
 */
export function decideReplicasOffline(
  state: ControllerState,
  event: ReplicasOfflineEvent,
  now: Timestamp,
): Decision {
  const { requestId, brokerId, brokerEpoch } = event;
  const broker = state.image.brokers.get(brokerId);
  if (broker === undefined || broker.brokerEpoch !== brokerEpoch) {
    const error = staleBrokerEpoch(event, broker);
    if (requestId === undefined) return { records: [], replies: [], timers: [] };
    return replyTo(requestId, { type: "replicasOffline", error });
  }
  const reported: ControllerRecord[] = [];
  const touched: PartitionId[] = [];
  for (const { topicId, partition, reason } of event.replicas) {
    const topic = state.image.topicNames.get(topicId);
    const image = topic === undefined ? undefined : findPartition(state, { topic, partition });
    if (topic === undefined || image === undefined || !image.replicas.includes(brokerId)) continue;
    const known = image.offlineReplicas.find((replica) => replica.brokerId === brokerId);
    if (known?.reason === reason) continue;
    const replica = { brokerId, brokerEpoch, reason, since: known?.since ?? now };
    reported.push({ type: "replicaOffline", topic, partition, replica });
    touched.push({ topic, partition });
  }
  reported.push(...recoveredReplicas(state, event));
  const cause = `broker ${brokerId} reported replicas offline`;
  return {
    records: [...reported, ...reconcileThese(applyAll(state, reported), touched, cause)],
    replies: requestId === undefined ? [] : [{ requestId, response: { type: "replicasOffline" } }],
    timers: [],
  };
}

/** They join the ISR when their leaders ask for it, as every other replica does. */
function recoveredReplicas(
  state: ControllerState,
  { recovered = [], brokerId }: ReplicasOfflineEvent,
): ControllerRecord[] {
  return recovered.flatMap(({ topicId, partition }): ControllerRecord[] => {
    const topic = state.image.topicNames.get(topicId);
    if (topic === undefined) return [];
    const image = findPartition(state, { topic, partition });
    const isOffline = image?.offlineReplicas.some((replica) => replica.brokerId === brokerId);
    return isOffline === true ? [{ type: "replicaRecovered", topic, partition, brokerId }] : [];
  });
}

/** Takes over what somebody else wrote, and elects anew where that is not what we had written. */
export function decidePartitionsObserved(
  state: ControllerState,
  observed: readonly ObservedPartition[],
): Decision {
  const found: (PartitionObserved | PartitionUnreadable)[] = [];
  for (const { topic, partition, stored } of observed) {
    const image = findPartition(state, { topic, partition });
    if (image === undefined) continue;
    const unreadable = state.unreadable.get(topicPartitionKey({ topic, partition }));
    if (stored.status === "unreadable") {
      if (unreadable === stored.reason) continue;
      found.push({ type: "partitionUnreadable", topic, partition, reason: stored.reason });
    } else if (stored.status === "absent") {
      if (unreadable === undefined && image.partitionEpoch === undefined) continue;
      found.push({ type: "partitionObserved", topic, partition, stored: undefined });
    } else {
      const { state: theirs, partitionEpoch } = stored;
      const known = unreadable === undefined && image.partitionEpoch === partitionEpoch;
      if (known && sameState(image, theirs)) continue;
      const read = { state: theirs, partitionEpoch };
      found.push({ type: "partitionObserved", topic, partition, stored: read });
    }
  }
  // Only what is news: to try the same again on what stayed as it was would go on for ever.
  const next = applyAll(state, found);
  const records = [...found, ...reconcileThese(next, found, "its state was changed by hand")];
  return { records, replies: [], timers: [] };
}

type PartitionId = { readonly topic: string; readonly partition: number };

function findPartition(state: ControllerState, id: PartitionId): PartitionImage | undefined {
  return state.image.topics.get(id.topic)?.partitions[id.partition];
}

function reconcileThese(
  state: ControllerState,
  partitions: readonly PartitionId[],
  cause: string,
): ControllerRecord[] {
  return partitions.flatMap((id) => {
    const topic = state.image.topics.get(id.topic);
    const partition = topic?.partitions[id.partition];
    if (topic === undefined || partition === undefined) return [];
    if (state.image.deletedTopics.has(topic.topicId)) return [];
    return reconcilePartition({ state, topic, partition, cause }) ?? [];
  });
}

function sameState(a: PartitionState, b: PartitionState): boolean {
  return (
    a.leader === b.leader &&
    a.leaderEpoch === b.leaderEpoch &&
    a.controllerEpoch === b.controllerEpoch &&
    a.isr.join() === b.isr.join() &&
    a.isrBrokerEpochs.join() === b.isrBrokerEpochs.join()
  );
}
