import type { BrokerId } from "@zoolog/base";
import type { DeleteTopicsEvent, ReplicasDeletedEvent } from "../controller-event.ts";
import type { DeletedTopicResult } from "../controller-response.ts";
import type { Decision } from "../decision.ts";
import type { TopicImage } from "../image/cluster-image.ts";
import type { ControllerRecord, TopicDeleted } from "../state/controller-record.ts";
import type { ControllerState } from "../state/controller-state.ts";
import { refusal, unknownTopic } from "./refusals.ts";

/**
 * A topic is gone at once; its tombstone makes each broker that holds a replica delete it, as soon
 * as it is there. So a deletion never waits for anybody, and the name is free.
 */
export function decideDeleteTopics(state: ControllerState, event: DeleteTopicsEvent): Decision {
  const { requestId } = event;
  const records: ControllerRecord[] = [];
  const wanted = new Map(event.topics.map((topic) => [topic.name, topic]));
  const topics = [...wanted.values()].map(({ name, topicId: meant }): DeletedTopicResult => {
    const topic = state.image.topics.get(name);
    if (meant !== undefined && meant !== topic?.topicId) {
      return {
        name,
        error: refusal("UNKNOWN_TOPIC_ID", `the topic named ${name} is not ${meant}`),
      };
    }
    if (topic !== undefined && state.settings.deleteTopicEnabled) {
      records.push(topicDeleted(topic));
      return { name, topicId: topic.topicId };
    }
    const unreadable = state.image.unreadableTopics.get(name);
    if (unreadable !== undefined && state.settings.deleteTopicEnabled) {
      const { topicId } = unreadable;
      const replicas = [...state.image.brokers.keys()].sort((a, b) => a - b);
      records.push({ type: "unreadableTopicDeleted", topic: name, topicId, replicas });
      return { name, topicId };
    }
    // A request in ZooKeeper has nobody to answer to, so it is taken away.
    if (requestId === undefined) records.push({ type: "deleteRequestDiscarded", topic: name });
    if (topic === undefined && unreadable === undefined) {
      return { name, error: unknownTopic(name) };
    }
    return {
      name,
      error: refusal("TOPIC_DELETION_DISABLED", "deletion of topics is switched off"),
    };
  });
  const replies =
    requestId === undefined
      ? []
      : [{ requestId, response: { type: "deleteTopics", topics } as const }];
  return { records, replies, timers: [] };
}

/** Topics that a former controller had begun to delete: they have a tombstone and still exist. */
export function unfinishedDeletions(state: ControllerState): ControllerRecord[] {
  return [...state.image.topics.values()]
    .filter((topic) => state.image.deletedTopics.has(topic.topicId))
    .map(topicDeleted);
}

function topicDeleted(topic: TopicImage): TopicDeleted {
  const replicas = new Set<BrokerId>();
  for (const partition of topic.partitions) {
    for (const replica of partition.replicas) replicas.add(replica);
  }
  return {
    type: "topicDeleted",
    topic: topic.name,
    topicId: topic.topicId,
    partitions: topic.partitions.length,
    replicas: [...replicas].sort((a, b) => a - b),
  };
}

export function decideReplicasDeleted(
  state: ControllerState,
  event: ReplicasDeletedEvent,
): Decision {
  const records: ControllerRecord[] = [];
  for (const topicId of new Set(event.topicIds)) {
    const deleted = state.image.deletedTopics.get(topicId);
    if (deleted === undefined || !deleted.pending.includes(event.brokerId)) continue;
    const pending = deleted.pending.filter((brokerId) => brokerId !== event.brokerId);
    records.push({ type: "replicasDeleted", topic: deleted.name, topicId, pending });
  }
  const { requestId } = event;
  const replies =
    requestId === undefined ? [] : [{ requestId, response: { type: "replicasDeleted" } as const }];
  return { records, replies, timers: [] };
}
