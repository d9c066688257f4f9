import { topicNameFault } from "@zoolog/base";
import { type GroupDecision, NOTHING, refuse } from "./decision.ts";
import type { GroupContext } from "./group-context.ts";
import type { DeleteOffsetsEvent, RequestId } from "./group-event.ts";
import type { GroupRefusal, PartitionResult } from "./group-reply.ts";
import type { GroupTimer } from "./group-timer.ts";
import type { GroupRecord } from "./state/group-record.ts";
import type { GroupState } from "./state/group-state.ts";
import { SubscribedTopics } from "./topics/subscribed-topics.ts";
import { subscriptionTopics } from "./topics/subscription-topics.ts";

const NOT_FOUND: GroupRefusal = { code: "GROUP_ID_NOT_FOUND", message: "there is no such group" };

/** The group and its offsets go. Only an empty one: members would go on without their offsets. */
export function decideDeleteGroup(
  group: GroupState | undefined,
  requestId: RequestId,
): GroupDecision {
  if (group === undefined) return refuse(requestId, NOT_FOUND);
  if (group.members.size > 0) {
    const message = `the group has ${group.members.size} members; stop them first`;
    return refuse(requestId, { code: "NON_EMPTY_GROUP", message });
  }
  const replies = [{ requestId, response: { type: "deleteGroup" as const } }];
  return { records: [{ type: "groupDeleted" }], replies, timers: timersEnded(group) };
}

function timersEnded(group: GroupState): GroupTimer[] {
  if (group.type === "consumer") return [];
  const pending = [...group.pendingMembers].map((id) => `pending:${id}` as const);
  return [...pending, "initialDelay" as const, "join" as const].map((key) => {
    return { type: "cancel", key };
  });
}

/** Nobody is in it, and there is nothing that somebody could come back to. */
export function decideFoundWithoutOffsets(group: GroupState | undefined): GroupDecision {
  if (group === undefined || group.members.size > 0) return NOTHING;
  if (group.type === "classic" && group.pendingMembers.size > 0) return NOTHING;
  return { records: [{ type: "groupDeleted" }], replies: [], timers: timersEnded(group) };
}

/** Offsets of topics that no member subscribes to. */
export function decideDeleteOffsets(
  group: GroupState | undefined,
  event: DeleteOffsetsEvent,
  context: GroupContext,
): GroupDecision {
  const { requestId } = event;
  if (group === undefined) return refuse(requestId, NOT_FOUND);
  const isSubscribed = subscriptionOf(group, context);
  if (isSubscribed === undefined) {
    const message = "what the group's members subscribe to is not known; stop them first";
    return refuse(requestId, { code: "NON_EMPTY_GROUP", message });
  }
  const records: GroupRecord[] = [];
  const partitions: PartitionResult[] = [];
  for (const { topic, partitions: deleted } of event.topics) {
    const ofTopic = topicRefusal(topic, isSubscribed);
    for (const partition of deleted) {
      const error = ofTopic ?? (partition < 0 ? noPartition(topic, partition) : undefined);
      partitions.push({ topic, partition, error });
      if (error === undefined) records.push({ type: "offsetDeleted", topic, partition });
    }
  }
  return {
    records,
    replies: [{ requestId, response: { type: "deleteOffsets", partitions } }],
    timers: [],
  };
}

/** Topics that were deleted are no fault: their offsets may be there still. */
function topicRefusal(
  topic: string,
  isSubscribed: (topic: string) => boolean,
): GroupRefusal | undefined {
  const fault = topicNameFault(topic);
  if (fault !== undefined) return { code: "UNKNOWN_TOPIC_OR_PARTITION", message: fault };
  if (!isSubscribed(topic)) return undefined;
  const message = `a member of the group subscribes to topic ${topic}`;
  return { code: "GROUP_SUBSCRIBED_TO_TOPIC", message };
}

function noPartition(topic: string, partition: number): GroupRefusal {
  const message = `topic ${topic} has no partition ${partition}`;
  return { code: "UNKNOWN_TOPIC_OR_PARTITION", message };
}

/** `undefined`: the members speak a protocol of their own. */
function subscriptionOf(
  group: GroupState,
  context: GroupContext,
): ((topic: string) => boolean) | undefined {
  const topics = new Set<string>();
  if (group.type === "consumer") {
    const subscribed = new SubscribedTopics(context.topics);
    for (const { subscription } of group.members.values()) {
      for (const name of subscription.topics) topics.add(name);
      for (const { name } of subscribed.of(subscription)) topics.add(name);
    }
    return (topic) => topics.has(topic);
  }
  if (group.members.size > 0 && group.protocolType !== "consumer") return undefined;
  for (const { protocols } of group.members.values()) {
    // Assignors of one member are told the same topics.
    const [first] = protocols;
    const names = first === undefined ? undefined : subscriptionTopics(first.metadata);
    if (names === undefined) return undefined;
    for (const name of names) topics.add(name);
  }
  return (topic) => topics.has(topic);
}
