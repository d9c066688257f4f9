/** The failures that members of groups find, and who administers groups. */
import {
  errorCode,
  errorMessage,
  type TopicPartition,
  topicPartitionKey,
  ZoologError,
} from "@zoolog/base";

/** The coordinator may have given the partitions to others. */
export function memberLost(group: string, why: string): ZoologError {
  return new ZoologError({
    code: "MEMBER_LOST",
    message: `the member of group ${group} has lost its partitions: ${why}`,
    retriable: true,
    hint: "It joins again by itself; records that were not committed are read again.",
  });
}

/** Found out while a call waited for the one before. The call is made again there. */
export function coordinatorMoved(group: string, endpoint: string): ZoologError {
  return new ZoologError({
    code: "NOT_COORDINATOR",
    message: `${endpoint} coordinates group ${group} now`,
    retriable: true,
  });
}

/** For longer than a move takes. The consumer goes on asking. */
export function coordinatorAway(group: string, awayMs: number, cause: unknown): ZoologError {
  const away = `has not answered for ${Math.round(awayMs / 1_000)} s`;
  return new ZoologError({
    code: errorCode(cause) ?? "COORDINATOR_NOT_AVAILABLE",
    message: `the coordinator of group ${group} ${away}: ${errorMessage(cause)}`,
    retriable: true,
    hint: "The consumer reads on until its session ends, and asks again. Look whether brokers run.",
    cause,
  });
}

/** It may still be created: the consumer goes on. */
export function subscribedTopicMissing(group: string, topic: string): ZoologError {
  return new ZoologError({
    code: "UNKNOWN_TOPIC_OR_PARTITION",
    message: `topic ${topic} does not exist: group ${group} reads it once it does`,
    retriable: true,
    hint: "List what exists with `zoolog topic list`, or create it.",
  });
}

/** A group that begins, and nobody has said where. */
export function startUnknown(group: string, tp: TopicPartition): ZoologError {
  return new ZoologError({
    code: "NO_COMMITTED_OFFSET",
    message: `group ${group} has no committed offset for ${topicPartitionKey(tp)}`,
    hint: 'Say where a first start begins: from: "earliest", "latest" or a Date.',
  });
}

/** A handler has failed for good at a record, and nothing else was to be done about it. */
export function handlerFailed(
  tp: TopicPartition,
  at: { readonly offset: number; readonly attempts: number },
  cause: unknown,
): ZoologError {
  const where = `${topicPartitionKey(tp)} at offset ${at.offset}`;
  return new ZoologError({
    code: "HANDLER_FAILED",
    message: `${where} could not be handled in ${at.attempts} attempts: ${errorMessage(cause)}`,
    hint: "Mend the handler, or choose onPoison: skip or a dead-letter topic.",
    cause,
  });
}

/** Nobody but its owner knows how many partitions and replicas it needs: it is not created here. */
export function deadLetterTopicMissing(group: string, topic: string, cause: unknown): ZoologError {
  return new ZoologError({
    code: "DEAD_LETTER_TOPIC_MISSING",
    message: `dead-letter topic ${topic} does not exist: group ${group} has nowhere to put poison records`,
    hint: `Create it with \`zoolog topic create ${topic}\`.`,
    cause,
  });
}

export function notAssigned(tp: TopicPartition): ZoologError {
  return new ZoologError({
    code: "NOT_ASSIGNED",
    message: `${topicPartitionKey(tp)} is not assigned to this consumer`,
    hint: "consumer.assignment() names what it reads; partitions come and go with the group.",
  });
}

/** Whoever assigns, in the classic protocol another member, has given what nobody asked for. */
export function notSubscribed(topic: string): ZoologError {
  return new ZoologError({
    code: "INCONSISTENT_GROUP_PROTOCOL",
    message: `the group assigns topic ${topic}, which this consumer does not subscribe to`,
    hint: "Look which member leads the group, and by which assignor: `zoolog group describe`.",
  });
}

/** Who shares no protocol with the members of a group is told the options; any other error stays. */
export function ofMembership(group: string, error: unknown): unknown {
  const isRefusal = error instanceof ZoologError && error.hint === undefined;
  if (!isRefusal || error.code !== "INCONSISTENT_GROUP_PROTOCOL") return error;
  return new ZoologError({
    code: error.code,
    message: `group ${group}: ${error.message}`,
    hint: "Choose what the group has by the options `protocol` and `assignor`; `zoolog group describe` shows it.",
    cause: error.cause,
  });
}

/** Two loops would take records from each other, and neither could say what is handled. */
export function alreadyIterated(): ZoologError {
  return new ZoologError({
    code: "ALREADY_ITERATED",
    message: "the consumer is being read already",
    hint: "Use one loop or run() at a time; run() handles records concurrently.",
  });
}

/** Its members would overwrite what is set, or read on elsewhere. */
export function groupHasMembers(
  groupId: string,
  members: readonly { readonly memberId: string; readonly clientHost: string }[],
): ZoologError {
  const shown = members.slice(0, 5).map((member) => `${member.memberId} at ${member.clientHost}`);
  const more = members.length > shown.length ? ", …" : "";
  return new ZoologError({
    code: "NON_EMPTY_GROUP",
    message: `group ${groupId} has ${members.length} members: ${shown.join(", ")}${more}`,
    hint: "Stop them first, or remove them with admin.groups.removeMembers().",
  });
}
