import {
  assert,
  type BrokerId,
  coordinatorEpoch,
  leaderEpoch,
  type TopicPartition,
  topicPartitionKey,
  unreachable,
} from "@zoolog/base";
import type { BrokerImage, OfflineReplica, PartitionImage } from "./image/cluster-image.ts";
import { FIRST_PARTITION_EPOCH } from "./leaders/partition-state.ts";
import { NEVER_ELECTED } from "./load-controller.ts";
import type {
  ControllerRecord,
  PartitionObserved,
  PartitionStateChanged,
  PartitionsCreated,
  ReplicasDeleted,
  SlotChanged,
  SlotObserved,
  TopicCreated,
  TopicDeleted,
  UnreadableTopicDeleted,
} from "./state/controller-record.ts";
import type { ControllerState } from "./state/controller-state.ts";
import { StateDraft } from "./state/state-draft.ts";

/** What is true once `record` is. Never fails: what may be applied was checked by `decide`. */
export function apply(state: ControllerState, record: ControllerRecord): ControllerState {
  return applyAll(state, [record]);
}

/** The same, one after the other, with one copy of each map that changes: thousands are cheap. */
export function applyAll(
  state: ControllerState,
  records: readonly ControllerRecord[],
): ControllerState {
  if (records.length === 0) return state;
  const draft = new StateDraft(state);
  for (const record of records) applyTo(draft, record);
  return draft.finish(records.length);
}

function applyTo(draft: StateDraft, record: ControllerRecord): void {
  switch (record.type) {
    case "brokerRegistered":
      applyBrokerRegistered(draft, record.broker);
      return;
    case "brokerRemoved":
      draft.brokers.delete(record.brokerId);
      clearOfflineReplicas(draft, record.brokerId);
      draft.unreachable.delete(record.brokerId);
      return;
    case "brokerUnreachable":
      draft.unreachable.set(record.brokerId, record.brokerEpoch);
      return;
    case "brokerReachable":
      draft.unreachable.delete(record.brokerId);
      return;
    case "topicCreated":
      applyTopicCreated(draft, record);
      return;
    case "partitionsCreated":
      applyPartitionsCreated(draft, record);
      return;
    case "topicDeleted":
      applyTopicDeleted(draft, record);
      return;
    case "unreadableTopicDeleted":
      applyUnreadableTopicDeleted(draft, record);
      return;
    case "replicasDeleted":
      applyReplicasDeleted(draft, record);
      return;
    case "partitionStateChanged":
      applyPartitionStateChanged(draft, record);
      return;
    case "partitionObserved":
      applyPartitionObserved(draft, record);
      return;
    case "partitionUnreadable":
      draft.unreadable.set(topicPartitionKey(record), record.reason);
      draft.updatePartition(record, (partition) => ({
        ...partition,
        leader: undefined,
        partitionEpoch: undefined,
        offlineReason: record.reason,
      }));
      return;
    case "offlineReasonChanged":
      draft.updatePartition(record, (partition) => ({
        ...partition,
        offlineReason: record.reason,
      }));
      return;
    case "replicaOffline":
      applyReplica(draft, record, record.replica.brokerId, [record.replica]);
      return;
    case "replicaRecovered":
      applyReplica(draft, record, record.brokerId, []);
      return;
    case "configChanged":
    case "configObserved":
      if (record.kind === "broker") draft.brokerConfigs.set(record.name, record.overrides);
      else draft.updateTopic(record.name, (topic) => ({ ...topic, configs: record.overrides }));
      return;
    case "deleteRequestDiscarded":
      return;
    case "slotChanged":
      applySlotChanged(draft, record);
      return;
    case "slotObserved":
      applySlotObserved(draft, record);
      return;
    default:
      unreachable(record);
  }
}

function applyBrokerRegistered(draft: StateDraft, broker: BrokerImage): void {
  const before = draft.brokers.get(broker.brokerId);
  draft.brokers.set(broker.brokerId, broker);
  if (before === undefined || before.brokerEpoch === broker.brokerEpoch) return;
  clearOfflineReplicas(draft, broker.brokerId);
  draft.unreachable.delete(broker.brokerId);
}

/** What is said of one replica takes the place of what was said before. */
function applyReplica(
  draft: StateDraft,
  at: TopicPartition,
  brokerId: BrokerId,
  offline: readonly OfflineReplica[],
): void {
  draft.updatePartition(at, (partition) => ({
    ...partition,
    offlineReplicas: [
      ...partition.offlineReplicas.filter((replica) => replica.brokerId !== brokerId),
      ...offline,
    ],
  }));
}

function applyTopicCreated(draft: StateDraft, record: TopicCreated): void {
  draft.topicNames.set(record.topicId, record.name);
  draft.topics.set(record.name, {
    name: record.name,
    topicId: record.topicId,
    configs: record.configs,
    partitions: firstImages(record, 0),
  });
}

function applyPartitionsCreated(draft: StateDraft, record: PartitionsCreated): void {
  draft.updateTopic(record.topic, (topic) => {
    assert(topic.partitions.length === record.existing.length, "nothing came in between");
    const added = firstImages(record, topic.partitions.length);
    return { ...topic, partitions: [...topic.partitions, ...added] };
  });
}

/** What was just written of partitions that are numbered from `first`. */
function firstImages(
  { partitions }: Pick<TopicCreated, "partitions">,
  first: number,
): PartitionImage[] {
  return partitions.map(({ replicas, state }, i) => ({
    ...state,
    partition: first + i,
    replicas,
    partitionEpoch: FIRST_PARTITION_EPOCH,
    offlineReplicas: [],
    offlineReason: undefined,
  }));
}

function applyTopicDeleted(draft: StateDraft, record: TopicDeleted): void {
  const { topic: name, topicId } = record;
  for (let partition = 0; partition < record.partitions; partition++) {
    draft.unreadable.delete(topicPartitionKey({ topic: name, partition }));
  }
  draft.topics.delete(name);
  draft.topicNames.delete(topicId);
  draft.deletedTopics.set(topicId, { topicId, name, pending: record.replicas });
}

function applyUnreadableTopicDeleted(draft: StateDraft, record: UnreadableTopicDeleted): void {
  const { topic: name, topicId, replicas: pending } = record;
  draft.unreadableTopics.delete(name);
  if (topicId !== undefined) draft.deletedTopics.set(topicId, { topicId, name, pending });
}

function applyReplicasDeleted(draft: StateDraft, record: ReplicasDeleted): void {
  const { topic: name, topicId, pending } = record;
  if (pending.length === 0) draft.deletedTopics.delete(topicId);
  else draft.deletedTopics.set(topicId, { topicId, name, pending });
}

function applyPartitionStateChanged(draft: StateDraft, record: PartitionStateChanged): void {
  draft.updatePartition(record, (partition) => {
    assert(record.state.isr.length > 0, "the ISR never becomes empty");
    assert(record.state.leaderEpoch >= partition.leaderEpoch, "leader epochs never fall");
    return {
      ...partition,
      ...record.state,
      partitionEpoch: record.partitionEpoch,
      offlineReason: record.state.leader === undefined ? record.reason : undefined,
    };
  });
}

function applyPartitionObserved(draft: StateDraft, record: PartitionObserved): void {
  draft.unreadable.delete(topicPartitionKey(record));
  draft.updatePartition(record, (partition) => {
    if (record.stored === undefined) return { ...partition, partitionEpoch: undefined };
    const { state, partitionEpoch } = record.stored;
    return {
      ...partition,
      ...state,
      // A hand that writes an older epoch cannot make us forget the one that was given out, and a
      // leader it names was not elected: unknown broker epochs make the controller elect again.
      leaderEpoch: leaderEpoch(Math.max(state.leaderEpoch, partition.leaderEpoch)),
      isrBrokerEpochs: state.isr.map(() => undefined),
      partitionEpoch,
      offlineReason: state.leader === undefined ? NEVER_ELECTED : undefined,
    };
  });
}

function applySlotChanged(draft: StateDraft, record: SlotChanged): void {
  const { slot, brokerId, brokerEpoch, coordinatorEpoch } = record;
  draft.slotVersions.set(slot, coordinatorEpoch);
  draft.updateSlot(slot, (image) => {
    const former = image.coordinatorEpoch ?? -1;
    assert(coordinatorEpoch > former, "coordinator epochs rise");
    return { slot, brokerId, brokerEpoch, coordinatorEpoch };
  });
}

/** Who removes the znode of a slot cannot make us forget its epoch, nor who has it. */
function applySlotObserved(draft: StateDraft, { slot, stored }: SlotObserved): void {
  if (stored === undefined) {
    draft.slotVersions.delete(slot);
    return;
  }
  const { brokerId, brokerEpoch, coordinatorEpoch: version } = stored;
  draft.slotVersions.set(slot, version);
  draft.updateSlot(slot, (image) => ({
    slot,
    brokerId,
    brokerEpoch,
    coordinatorEpoch: coordinatorEpoch(Math.max(version, image.coordinatorEpoch ?? 0)),
  }));
}

function clearOfflineReplicas(draft: StateDraft, brokerId: BrokerId): void {
  for (const topic of draft.topics.values()) {
    for (const { partition, offlineReplicas } of topic.partitions) {
      if (!offlineReplicas.some((replica) => replica.brokerId === brokerId)) continue;
      draft.updatePartition({ topic: topic.name, partition }, (image) => ({
        ...image,
        offlineReplicas: offlineReplicas.filter((replica) => replica.brokerId !== brokerId),
      }));
    }
  }
}
