import { type BrokerId, TOPIC_PARTITIONS_MAX } from "@zoolog/base";
import type { CreatePartitionsEvent, MorePartitions } from "../controller-event.ts";
import type { ExtendedTopic, Refusal } from "../controller-response.ts";
import type { Decision } from "../decision.ts";
import type { PartitionImage, TopicImage } from "../image/cluster-image.ts";
import { firstState, newPartition } from "../leaders/new-partition.ts";
import { extendAssignment } from "../placement/extend-assignment.ts";
import type { PartitionsCreated } from "../state/controller-record.ts";
import type { ControllerState } from "../state/controller-state.ts";
import { refusal, unknownTopic } from "./refusals.ts";
import {
  type Assignment,
  ledFromTheStart,
  manualReplicasFault,
  placeableBrokers,
  REPLICAS_PER_TOPIC_MAX,
  refused,
  tooManyReplicas,
} from "./replica-placement.ts";

/**
 * Gives topics more partitions (KIP-195). There are never fewer: where records with a key stand
 * depends on the number. Each topic is extended or refused by itself.
 */
export function decideCreatePartitions(
  state: ControllerState,
  event: CreatePartitionsEvent,
): Decision {
  const records: PartitionsCreated[] = [];
  const repeated = namedTwice(event.topics);
  const topics = event.topics.map((wanted): ExtendedTopic => {
    const { name } = wanted;
    const topic = state.image.topics.get(name);
    const error = repeated.has(name)
      ? refusal("INVALID_REQUEST", `topic ${name} is named twice in the request`)
      : topic === undefined
        ? noTopic(state, name)
        : countFault(topic, wanted.count);
    if (error !== undefined || topic === undefined) {
      return { name, error: error ?? unknownTopic(name) };
    }
    const assignment = chooseAssignment(state, topic, wanted, event.fullBrokers);
    if ("error" in assignment) return { name, error: assignment.error };
    if (!event.validateOnly) records.push(partitionsCreated(state, topic, assignment.replicas));
    return { name, partitions: wanted.count, added: assignment.replicas };
  });
  const { requestId } = event;
  return {
    records,
    replies: [{ requestId, response: { type: "createPartitions", topics } }],
    timers: [],
  };
}

function namedTwice(topics: readonly MorePartitions[]): ReadonlySet<string> {
  const seen = new Set<string>();
  const repeated = new Set<string>();
  for (const { name } of topics) (seen.has(name) ? repeated : seen).add(name);
  return repeated;
}

function noTopic(state: ControllerState, name: string): Refusal {
  const unreadable = state.image.unreadableTopics.get(name);
  if (unreadable === undefined) return unknownTopic(name);
  const message = `topic ${name} cannot be read: ${unreadable.reason}; mend it first`;
  return refusal("UNKNOWN_TOPIC_OR_PARTITION", message);
}

function countFault({ name, partitions }: TopicImage, count: number): Refusal | undefined {
  const has = `topic ${name} has ${partitions.length} partition${partitions.length === 1 ? "" : "s"}`;
  if (!Number.isInteger(count) || count > TOPIC_PARTITIONS_MAX) {
    const message = `a topic has at most ${TOPIC_PARTITIONS_MAX} partitions, not ${count}; ${has}`;
    return refusal("INVALID_PARTITIONS", message);
  }
  if (count === partitions.length) return refusal("INVALID_PARTITIONS", `${has} already`);
  if (count < partitions.length) {
    const message = `${has}; partitions can be added but not taken away, so not ${count}`;
    return refusal("INVALID_PARTITIONS", message);
  }
  return undefined;
}

function chooseAssignment(
  state: ControllerState,
  topic: TopicImage,
  { count, assignment }: MorePartitions,
  fullBrokers: ReadonlyMap<BrokerId, string> | undefined,
): Assignment {
  const existing = topic.partitions.map(({ replicas }) => replicas);
  const replicationFactor = existing[0]?.length ?? 1;
  const partitions = count - existing.length;
  if (count * replicationFactor > REPLICAS_PER_TOPIC_MAX) return tooManyReplicas();
  if (assignment !== undefined) {
    if (assignment.length !== partitions) {
      const message = `${partitions} partitions are added, but replicas are named for ${assignment.length}`;
      return refused("INVALID_REPLICA_ASSIGNMENT", message);
    }
    for (const [i, brokerIds] of assignment.entries()) {
      const fault = manualReplicasFault(state, brokerIds, replicationFactor);
      if (fault === undefined) continue;
      return refused("INVALID_REPLICA_ASSIGNMENT", `partition ${existing.length + i} ${fault}`);
    }
    return { replicas: assignment };
  }
  const placeable = placeableBrokers(state, { replicationFactor, fullBrokers });
  if ("error" in placeable) return placeable;
  const { brokers } = placeable;
  const replicas = extendAssignment({ brokers, existing, partitions, replicationFactor });
  return ledFromTheStart(state, replicas);
}

function partitionsCreated(
  state: ControllerState,
  topic: TopicImage,
  added: readonly (readonly BrokerId[])[],
): PartitionsCreated {
  const first = topic.partitions.length;
  const partitions = added.map(
    (replicas, i): PartitionImage => newPartition(state, first + i, replicas),
  );
  return {
    type: "partitionsCreated",
    topic: topic.name,
    topicId: topic.topicId,
    existing: topic.partitions.map(({ replicas }) => replicas),
    partitions: partitions.map((partition) => ({
      replicas: partition.replicas,
      state: firstState(state, topic, partition, "partition added"),
    })),
  };
}
