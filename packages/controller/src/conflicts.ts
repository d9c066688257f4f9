import { type TopicId, type TopicPartition, unreachable } from "@zoolog/base";
import type { ControllerErrorCode, ControllerResponse, Refusal } from "./controller-response.ts";
import type { Reply } from "./decision.ts";
import { refusal } from "./decisions/refusals.ts";

/** A durable record that ZooKeeper refused because something else stands there. */
export type Conflict =
  | { readonly kind: "topic"; readonly topic: string }
  /** The topic znode is not what it was: somebody else gave the topic other replicas. */
  | { readonly kind: "assignment"; readonly topic: string; readonly isReadable: boolean }
  | { readonly kind: "slot"; readonly slot: number }
  | ({ readonly kind: "partition"; readonly topicId: TopicId } & TopicPartition);

/**
 * The replies of a decision of which some records could not be persisted: what was promised about
 * them becomes a retriable refusal, everything else stays.
 */
export function repliesAfterConflicts(
  replies: readonly Reply[],
  conflicts: readonly Conflict[],
): readonly Reply[] {
  if (conflicts.length === 0) return replies;
  const topics = new Set(conflicts.flatMap((c) => (c.kind === "topic" ? [c.topic] : [])));
  const assignments = new Set(conflicts.flatMap((c) => (c.kind === "assignment" ? [c.topic] : [])));
  const partitions = new Set(
    conflicts.flatMap((c) =>
      c.kind === "partition" ? [`${c.topic} ${c.partition}`, `${c.topicId} ${c.partition}`] : [],
    ),
  );
  return replies.map(({ requestId, response }) => ({
    requestId,
    response: afterConflicts(response, { topics, assignments, partitions }),
  }));
}

function afterConflicts(
  response: ControllerResponse,
  conflicting: Readonly<Record<"topics" | "assignments" | "partitions", ReadonlySet<string>>>,
): ControllerResponse {
  const { topics, assignments, partitions } = conflicting;
  switch (response.type) {
    case "createTopics": {
      const error = conflictRefusal("TOPIC_ALREADY_EXISTS");
      const items = response.topics.map((item) =>
        topics.has(item.name) ? { name: item.name, error } : item,
      );
      return { ...response, topics: items };
    }
    case "createPartitions": {
      const error = conflictRefusal("INVALID_UPDATE_VERSION");
      const items = response.topics.map((item) =>
        assignments.has(item.name) ? { name: item.name, error } : item,
      );
      return { ...response, topics: items };
    }
    case "alterPartition": {
      const error = conflictRefusal("INVALID_UPDATE_VERSION");
      const items = response.partitions.map((item) => {
        const { topicId, partition } = item;
        return partitions.has(`${topicId} ${partition}`) ? { topicId, partition, error } : item;
      });
      return { ...response, partitions: items };
    }
    case "electLeaders": {
      const error = conflictRefusal("INVALID_UPDATE_VERSION");
      const items = response.partitions.map((item) => {
        const { topic, partition } = item;
        return partitions.has(`${topic} ${partition}`) ? { topic, partition, error } : item;
      });
      return { ...response, partitions: items };
    }
    case "deleteTopics":
    case "alterConfigs":
    case "replicasOffline":
    case "replicasDeleted":
    case "controlledShutdown":
      return response;
    default:
      return unreachable(response);
  }
}

function conflictRefusal(code: ControllerErrorCode): Refusal {
  return refusal(code, "somebody else changed it in ZooKeeper at the same time");
}
