import { unreachable } from "@zoolog/base";
import type {
  ControllerRecord,
  ControllerResponse,
  ControllerState,
  Decision,
  ObservedSlot,
  PartitionState,
  Refusal,
} from "@zoolog/controller";

/** One line per record, reply item and timer. */
export function describeDecision(decision: Decision): string {
  const lines = [
    ...decision.records.flatMap(describeRecord),
    ...decision.replies.flatMap(({ response }) => describeResponse(response)),
    ...decision.timers.map((timer) => `timer ${timer.arm} after ${timer.afterMs} ms`),
  ];
  return lines.length === 0 ? "nothing" : lines.join("\n");
}

/** Everything a script may ask about, in a fixed order. */
export function describeImage({ image, unreadable }: ControllerState): string {
  const brokers = [...image.brokers.values()]
    .sort((a, b) => a.brokerId - b.brokerId)
    .map((broker) => {
      const leaving = broker.shuttingDown ? ", shutting down" : "";
      return `broker ${broker.brokerId}@${broker.brokerEpoch} ${broker.boot}${leaving}`;
    });
  const topics = [...image.topics.values()]
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((topic) => [
      `topic ${topic.name} ${describeOverrides(topic.configs)}`,
      ...topic.partitions.map((partition) => {
        const key = `${topic.name}-${partition.partition}`;
        const version =
          partition.partitionEpoch === undefined ? "unwritten" : `v${partition.partitionEpoch}`;
        const offline = partition.offlineReplicas.map(
          (r) => `, ${r.brokerId} offline since ${r.since}: ${r.reason}`,
        );
        const reason = partition.offlineReason === undefined ? "" : ` (${partition.offlineReason})`;
        const blind = unreadable.has(key) ? ", unreadable" : "";
        return `  ${partition.partition} [${partition.replicas}] ${version} ${describeState(partition)}${reason}${offline.join("")}${blind}`;
      }),
    ]);
  const configs = [...image.brokerConfigs].map(
    ([name, overrides]) => `broker config ${name} ${describeOverrides(overrides)}`,
  );
  const deleted = [...image.deletedTopics.values()].map(
    (topic) => `deleted ${topic.name} ${topic.topicId} pending [${topic.pending}]`,
  );
  const unreadableTopics = [...image.unreadableTopics.values()].map(
    (topic) => `unreadable ${topic.name} ${topic.topicId ?? "without id"}: ${topic.reason}`,
  );
  return [
    `version ${image.version}`,
    ...brokers,
    ...topics,
    ...unreadableTopics,
    ...configs,
    ...deleted,
  ].join("\n");
}

function describeRecord(record: ControllerRecord): string | string[] {
  switch (record.type) {
    case "brokerRegistered": {
      const { brokerId, brokerEpoch, boot, shuttingDown } = record.broker;
      return `broker ${brokerId}@${brokerEpoch} ${shuttingDown ? "shutting down" : boot}`;
    }
    case "brokerUnreachable":
      return `broker ${record.brokerId}@${record.brokerEpoch} unreachable`;
    case "brokerReachable":
      return `broker ${record.brokerId}@${record.brokerEpoch} reachable`;
    case "brokerRemoved":
      return `broker ${record.brokerId} removed`;
    case "topicCreated":
      return [
        `create ${record.name} ${record.topicId} ${describeOverrides(record.configs)}`,
        ...record.partitions.map(
          ({ replicas, state }, i) => `  ${record.name}-${i} [${replicas}] ${describeState(state)}`,
        ),
      ];
    case "partitionsCreated":
      return [
        `add partitions to ${record.topic}, which has ${record.existing.length}`,
        ...record.partitions.map(
          ({ replicas, state }, i) =>
            `  ${record.topic}-${record.existing.length + i} [${replicas}] ${describeState(state)}`,
        ),
      ];
    case "partitionStateChanged": {
      const { topic, partition, expectedPartitionEpoch, partitionEpoch, state, reason } = record;
      const versions = `${expectedPartitionEpoch ?? "new"}->${partitionEpoch}`;
      return `write ${topic}-${partition} ${versions} ${describeState(state)} (${reason})`;
    }
    case "topicDeleted":
      return `delete ${record.topic} ${record.topicId}: ${record.partitions} partitions on [${record.replicas}]`;
    case "unreadableTopicDeleted":
      return `delete unreadable ${record.topic} ${record.topicId ?? "without id"} on [${record.replicas}]`;
    case "deleteRequestDiscarded":
      return `discard the request to delete ${record.topic}`;
    case "replicasDeleted":
      return `replicas of ${record.topic} deleted, pending [${record.pending}]`;
    case "configChanged":
      return `write config ${record.kind} ${record.name} ${describeOverrides(record.overrides)}`;
    case "configObserved":
      return `config ${record.kind} ${record.name} ${describeOverrides(record.overrides)}`;
    case "replicaOffline": {
      const { brokerId, since, reason } = record.replica;
      return `replica ${record.topic}-${record.partition} on ${brokerId} offline since ${since}: ${reason}`;
    }
    case "replicaRecovered":
      return `replica ${record.topic}-${record.partition} on ${record.brokerId} recovered`;
    case "partitionObserved": {
      const { topic, partition, stored } = record;
      const found =
        stored === undefined
          ? "absent"
          : `v${stored.partitionEpoch} ${describeState(stored.state)}`;
      return `observed ${topic}-${partition} ${found}`;
    }
    case "slotChanged": {
      const { slot, expectedCoordinatorEpoch, coordinatorEpoch, brokerId, brokerEpoch } = record;
      const epochs = `${expectedCoordinatorEpoch ?? "new"}->${coordinatorEpoch}`;
      return `slot ${slot} ${epochs} coordinator ${brokerId}@${brokerEpoch} (${record.reason})`;
    }
    case "slotObserved":
      return `observed slot ${record.slot} ${describeSlot(record.stored)}`;
    case "partitionUnreadable":
      return `observed ${record.topic}-${record.partition} unreadable: ${record.reason}`;
    case "offlineReasonChanged":
      return `still offline ${record.topic}-${record.partition}: ${record.reason}`;
    default:
      return unreachable(record);
  }
}

function describeSlot(slot: Omit<ObservedSlot, "slot"> | undefined): string {
  if (slot === undefined) return "absent";
  return `v${slot.coordinatorEpoch} coordinator ${slot.brokerId ?? "?"}@${slot.brokerEpoch ?? "?"}`;
}

function describeResponse(response: ControllerResponse): string[] {
  switch (response.type) {
    case "createTopics":
      return response.topics.map((topic) =>
        topic.error === undefined
          ? `reply ${topic.name}: ${topic.topicId} ${topic.partitions} x ${topic.replicationFactor}`
          : `reply ${topic.name}: ${describeRefusal(topic.error)}`,
      );
    case "createPartitions":
      return response.topics.map((topic) =>
        topic.error === undefined
          ? `reply ${topic.name}: ${topic.partitions} partitions, new ${topic.added.map((ids) => `[${ids}]`).join(" ")}`
          : `reply ${topic.name}: ${describeRefusal(topic.error)}`,
      );
    case "deleteTopics":
      return response.topics.map((topic) =>
        topic.error === undefined
          ? `reply ${topic.name}: ${topic.topicId ?? "without id"} deleted`
          : `reply ${topic.name}: ${describeRefusal(topic.error)}`,
      );
    case "alterConfigs":
      return response.resources.map((resource) =>
        resource.error === undefined
          ? `reply ${resource.name}: ${describeOverrides(resource.overrides)}`
          : `reply ${resource.name}: ${describeRefusal(resource.error)}`,
      );
    case "alterPartition":
      if (response.error !== undefined) return [`reply ${describeRefusal(response.error)}`];
      return response.partitions.map((item) =>
        item.error === undefined
          ? `reply ${item.topicId} ${item.partition}: v${item.partitionEpoch} leader ${item.state.leader} epoch ${item.state.leaderEpoch} isr [${item.state.isr}]`
          : `reply ${item.topicId} ${item.partition}: ${describeRefusal(item.error)}`,
      );
    case "controlledShutdown":
      if (response.error !== undefined) return [`reply ${describeRefusal(response.error)}`];
      return [`reply remaining [${response.remaining.map((p) => `${p.topic}-${p.partition}`)}]`];
    case "electLeaders":
      return response.partitions.map((item) =>
        item.error === undefined
          ? `reply ${item.topic}-${item.partition}: leader ${item.leader}`
          : `reply ${item.topic}-${item.partition}: ${describeRefusal(item.error)}`,
      );
    case "replicasOffline":
      return [`reply ${response.error === undefined ? "ok" : describeRefusal(response.error)}`];
    case "replicasDeleted":
      return ["reply ok"];
    default:
      return unreachable(response);
  }
}

function describeState(state: PartitionState): string {
  const members = state.isr.map((id, i) => `${id}@${state.isrBrokerEpochs[i] ?? "?"}`);
  return `leader ${state.leader ?? "none"} epoch ${state.leaderEpoch} isr [${members}] by ${state.controllerEpoch}`;
}

function describeRefusal(refusal: Refusal): string {
  return `${refusal.code}: ${refusal.message}`;
}

function describeOverrides(overrides: Readonly<Record<string, string>>): string {
  return `{${Object.entries(overrides).map(([name, value]) => `${name}=${value}`)}}`;
}
