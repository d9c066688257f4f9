import { type BrokerId, TOPIC_PARTITIONS_MAX } from "@zoolog/base";
import type { CreateTopicsEvent, NewTopic } from "../controller-event.ts";
import type { CreatedTopic, Refusal } from "../controller-response.ts";
import type { Decision } from "../decision.ts";
import type { TopicImage } from "../image/cluster-image.ts";
import { firstState, newPartition } from "../leaders/new-partition.ts";
import { clusterNumber } from "../leaders/partition-state.ts";
import { assignReplicas } from "../placement/assign-replicas.ts";
import type { ControllerRecord, TopicCreated } from "../state/controller-record.ts";
import type { ControllerState } from "../state/controller-state.ts";
import { refusal } from "./refusals.ts";
import {
  type Assignment,
  ledFromTheStart,
  manualReplicasFault,
  placeableBrokers,
  REPLICAS_PER_TOPIC_MAX,
  refused,
  tooManyReplicas,
} from "./replica-placement.ts";
import { TakenNames } from "./taken-names.ts";

/** Kafka's limit on the wire: the factor is an int16. */
const REPLICATION_FACTOR_MAX = 32_767;

/** Each topic is created or refused by itself; one bad name does not stop the others. */
export function decideCreateTopics(state: ControllerState, event: CreateTopicsEvent): Decision {
  const names = new TakenNames(state.image, event.topics);
  const records: ControllerRecord[] = [];
  const topics = event.topics.map((topic): CreatedTopic => {
    const error = names.fault(topic.name) ?? configsFault(state, topic);
    if (error !== undefined) return { name: topic.name, error };
    const assignment = chooseAssignment(state, topic, event.fullBrokers);
    if ("error" in assignment) return { name: topic.name, error: assignment.error };

    names.take(topic.name);
    const record = topicCreated(state, topic, assignment.replicas);
    if (!event.validateOnly) records.push(record);
    return {
      name: topic.name,
      topicId: topic.topicId,
      partitions: record.partitions.length,
      replicationFactor: assignment.replicas[0]?.length ?? 0,
      configs: topic.configs,
    };
  });
  const { requestId } = event;
  return {
    records,
    replies: [{ requestId, response: { type: "createTopics", topics } }],
    timers: [],
  };
}

function configsFault(state: ControllerState, topic: NewTopic): Refusal | undefined {
  for (const [name, value] of Object.entries(topic.configs)) {
    const resource = { kind: "topic", name: topic.name } as const;
    const fault = state.settings.configs.fault(resource, name, value);
    if (fault !== undefined) return refusal("INVALID_CONFIG", fault);
  }
  return undefined;
}

function chooseAssignment(
  state: ControllerState,
  topic: NewTopic,
  fullBrokers: ReadonlyMap<BrokerId, string> | undefined,
): Assignment {
  if (topic.assignment !== undefined) return manualAssignment(state, topic, topic.assignment);

  const partitions =
    topic.partitions ?? clusterNumber(state, "num.partitions") ?? state.settings.defaultPartitions;
  if (!Number.isInteger(partitions) || partitions < 1 || partitions > TOPIC_PARTITIONS_MAX) {
    const range = `1 to ${TOPIC_PARTITIONS_MAX}`;
    return refused("INVALID_PARTITIONS", `a topic has ${range} partitions, not ${partitions}`);
  }
  const replicationFactor =
    topic.replicationFactor ??
    clusterNumber(state, "default.replication.factor") ??
    state.settings.defaultReplicationFactor;
  if (
    !Number.isInteger(replicationFactor) ||
    replicationFactor < 1 ||
    replicationFactor > REPLICATION_FACTOR_MAX
  ) {
    return refused(
      "INVALID_REPLICATION_FACTOR",
      `a replication factor is 1 or more, not ${replicationFactor}`,
    );
  }
  if (partitions * replicationFactor > REPLICAS_PER_TOPIC_MAX) return tooManyReplicas();
  const placeable = placeableBrokers(state, { replicationFactor, fullBrokers });
  if ("error" in placeable) return placeable;
  const { brokers } = placeable;
  const start = topic.assignmentStart;
  const replicas = assignReplicas({ brokers, partitions, replicationFactor, start });
  return ledFromTheStart(state, replicas);
}

function manualAssignment(
  state: ControllerState,
  topic: NewTopic,
  replicas: readonly (readonly BrokerId[])[],
): Assignment {
  if (topic.partitions !== undefined || topic.replicationFactor !== undefined) {
    return refused(
      "INVALID_REQUEST",
      "give an assignment, or a number of partitions and a replication factor, not both",
    );
  }
  if (replicas.length < 1 || replicas.length > TOPIC_PARTITIONS_MAX) {
    const range = `1 to ${TOPIC_PARTITIONS_MAX}`;
    return refused("INVALID_PARTITIONS", `a topic has ${range} partitions, not ${replicas.length}`);
  }
  const factor = replicas[0]?.length ?? 0;
  if (replicas.length * factor > REPLICAS_PER_TOPIC_MAX) return tooManyReplicas();
  for (const [partition, brokerIds] of replicas.entries()) {
    const fault = manualReplicasFault(state, brokerIds, factor);
    if (fault !== undefined) {
      return refused("INVALID_REPLICA_ASSIGNMENT", `partition ${partition} ${fault}`);
    }
  }
  return { replicas };
}

function topicCreated(
  state: ControllerState,
  topic: NewTopic,
  assignment: readonly (readonly BrokerId[])[],
): TopicCreated {
  const partitions = assignment.map((replicas, partition) =>
    newPartition(state, partition, replicas),
  );
  const { name, topicId, configs } = topic;
  const image: TopicImage = { name, topicId, configs, partitions };
  return {
    type: "topicCreated",
    name,
    topicId,
    configs,
    partitions: partitions.map((partition) => ({
      replicas: partition.replicas,
      state: firstState(state, image, partition, "topic created"),
    })),
  };
}
