import { type GroupDecision, refuse } from "../decision.ts";
import type { GroupContext } from "../group-context.ts";
import type { ConsumerGroupHeartbeatEvent } from "../group-event.ts";
import type { AssignedTopic, GroupRefusal } from "../group-reply.ts";
import { memberRefusal, unknownMember } from "../member-identity.ts";
import { heartbeatTooLarge } from "../request-limits.ts";
import type { GroupState } from "../state/group-state.ts";
import { isSubset, NO_PARTITIONS, partitionMap, samePartitions } from "../state/partition-map.ts";
import type { ConsumerMemberValue, PartitionMap, Subscription } from "../state/stored-group.ts";
import { compilePattern } from "../topics/topic-pattern.ts";
import { ConsumerTurn } from "./consumer-turn.ts";
import { reconcile } from "./reconciliation.ts";
import { areTargetsValid, assignTargets } from "./targets.ts";

/**
 * A member of a server-side group joins, reports, or leaves; it is answered at once, with the next
 * step towards its target (see reconciliation.ts).
 */
export function decideConsumerHeartbeat(
  group: GroupState | undefined,
  event: ConsumerGroupHeartbeatEvent,
  context: GroupContext,
): GroupDecision {
  const refusal = heartbeatTooLarge(event) ?? requestRefusal(group, event, context);
  if (refusal !== undefined) return refuse(event.requestId, refusal);

  const turn = new ConsumerTurn(group, context);
  const { memberEpoch } = event;
  const found =
    memberEpoch === "leave" || memberEpoch === "leaveForNow"
      ? leave(turn, event, memberEpoch)
      : memberEpoch === "join"
        ? join(turn, event)
        : goOn(turn, event, memberEpoch);
  if ("code" in found) return refuse(event.requestId, found);
  if (found.type === "left") return turn.finish();
  answer(turn, event, found);
  return turn.finish();
}

/** A member that may go on. `owned`: to be believed as what it owns now. */
type Present = {
  readonly type: "present";
  readonly memberId: string;
  readonly owned: PartitionMap | undefined;
  /** Whether it has to be told its whole assignment, as an answer was lost or it is new. */
  readonly needsAssignment: boolean;
};

function requestRefusal(
  group: GroupState | undefined,
  event: ConsumerGroupHeartbeatEvent,
  { settings }: GroupContext,
): GroupRefusal | undefined {
  const { serverAssignor, subscribedPattern, memberEpoch, memberId } = event;
  if (group?.type === "classic" && group.members.size > 0) {
    if (memberEpoch !== "join") return unknownMember(memberId ?? "a nameless one");
    const message = "the group uses the classic protocol; it can change when it is empty";
    return { code: "INCONSISTENT_GROUP_PROTOCOL", message };
  }
  if (memberEpoch === "join") return joinRefusal(event) ?? subscriptionRefusal();
  if (memberId === undefined) return invalid("only a joining member may have no id");
  if (group?.type !== "consumer") return unknownMember(memberId);
  return subscriptionRefusal();

  function subscriptionRefusal(): GroupRefusal | undefined {
    const offered: readonly string[] = settings.consumerAssignors;
    if (serverAssignor !== undefined && !offered.includes(serverAssignor)) {
      const message = `the broker's assignors are ${offered.join(", ")}`;
      return { code: "UNSUPPORTED_ASSIGNOR", message };
    }
    if (subscribedPattern === undefined || subscribedPattern === "") return undefined;
    const compiled = compilePattern(subscribedPattern);
    if (compiled.pattern !== undefined) return undefined;
    return { code: "INVALID_REGULAR_EXPRESSION", message: compiled.fault };
  }
}

function joinRefusal(event: ConsumerGroupHeartbeatEvent): GroupRefusal | undefined {
  const { subscribedTopics, subscribedPattern, rebalanceTimeoutMs, owned } = event;
  if (rebalanceTimeoutMs === undefined || rebalanceTimeoutMs <= 0) {
    return invalid("a joining member says its rebalance timeout");
  }
  if (subscribedTopics === undefined && subscribedPattern === undefined) {
    return invalid("a joining member says what it subscribes to");
  }
  return owned !== undefined && owned.length > 0
    ? invalid("a joining member owns nothing")
    : undefined;
}

function invalid(message: string): GroupRefusal {
  return { code: "INVALID_REQUEST", message };
}

function join(turn: ConsumerTurn, event: ConsumerGroupHeartbeatEvent): Present | GroupRefusal {
  const { groupInstanceId, memberIdCandidate } = event;
  const memberId = event.memberId ?? memberIdCandidate;
  const present: Present = { type: "present", memberId, owned: undefined, needsAssignment: true };
  const known = turn.members.get(memberId);
  if (known !== undefined) {
    if (known.groupInstanceId !== groupInstanceId) return invalid("an instance id never changes");
    // What it was giving up stays taken: this may be a late copy of its first request.
    update(turn, memberId, event, { ...known, isAway: false });
    return present;
  }
  const holder = groupInstanceId === undefined ? undefined : turn.instances.get(groupInstanceId);
  if (holder !== undefined) {
    const away = turn.member(holder);
    if (!away.isAway) {
      const message = `member ${holder} has instance id ${groupInstanceId} and has not left`;
      return { code: "UNRELEASED_INSTANCE_ID", message };
    }
    // The place of the former process, with everything that waited for it.
    update(turn, memberId, event, { ...away, isAway: false });
    turn.removeMember(holder);
    return present;
  }
  const { groupSizeMax } = turn.context.settings;
  if (turn.members.size >= groupSizeMax) {
    const message = `the group has its ${groupSizeMax} members (group.max.size)`;
    return { code: "GROUP_MAX_SIZE_REACHED", message };
  }
  update(turn, memberId, event, newcomer(event));
  turn.bumpEpoch();
  return present;
}

function newcomer(event: ConsumerGroupHeartbeatEvent): ConsumerMemberValue {
  return {
    type: "consumer",
    groupInstanceId: event.groupInstanceId,
    clientId: event.clientId,
    clientHost: event.clientHost,
    rack: undefined,
    rebalanceTimeoutMs: 0,
    subscription: { topics: [], pattern: undefined },
    assignor: undefined,
    epoch: 0,
    previousEpoch: 0,
    isAway: false,
    assigned: NO_PARTITIONS,
    revoking: NO_PARTITIONS,
    target: NO_PARTITIONS,
  };
}

function goOn(
  turn: ConsumerTurn,
  event: ConsumerGroupHeartbeatEvent,
  epoch: number,
): Present | GroupRefusal {
  const memberId = event.memberId ?? "";
  const refusal = memberRefusal(turn, memberId, event.groupInstanceId);
  if (refusal !== undefined) return refusal;
  const member = turn.member(memberId);
  const told = event.owned === undefined ? undefined : partitionMap(event.owned);
  const isCurrent = epoch === member.epoch;
  // Its last answer was lost. What it owns is from before that answer: it proves nothing given up.
  const hasMissedAnswer =
    epoch === member.previousEpoch && told !== undefined && isSubset(told, member.assigned);
  if (member.isAway || (!isCurrent && !hasMissedAnswer)) {
    const message = `the member's epoch is ${member.epoch}, not ${epoch}; join again`;
    return { code: "FENCED_MEMBER_EPOCH", message };
  }
  update(turn, memberId, event, member);
  const differs = told !== undefined && !samePartitions(told, member.assigned);
  return {
    type: "present",
    memberId,
    owned: isCurrent ? told : undefined,
    needsAssignment: !isCurrent || differs,
  };
}

/** Takes over what the member says of itself. Another subscription needs other targets. */
function update(
  turn: ConsumerTurn,
  memberId: string,
  event: ConsumerGroupHeartbeatEvent,
  member: ConsumerMemberValue,
): void {
  const { clientId, clientHost, rackId, rebalanceTimeoutMs, serverAssignor } = event;
  const subscription = subscriptionOf(event, member.subscription);
  const next: ConsumerMemberValue = {
    ...member,
    clientId,
    clientHost,
    rack: rackId ?? member.rack,
    rebalanceTimeoutMs: rebalanceTimeoutMs ?? member.rebalanceTimeoutMs,
    assignor: serverAssignor ?? member.assignor,
    subscription,
  };
  const isSame =
    turn.members.get(memberId) === member &&
    next.clientId === member.clientId &&
    next.clientHost === member.clientHost &&
    next.rack === member.rack &&
    next.rebalanceTimeoutMs === member.rebalanceTimeoutMs &&
    next.assignor === member.assignor &&
    subscription === member.subscription;
  if (isSame) return;
  turn.setMember(memberId, next);
  if (subscription !== member.subscription) turn.bumpEpoch();
}

function subscriptionOf(event: ConsumerGroupHeartbeatEvent, former: Subscription): Subscription {
  const topics =
    event.subscribedTopics === undefined
      ? former.topics
      : [...new Set(event.subscribedTopics)].sort();
  const pattern =
    event.subscribedPattern === undefined ? former.pattern : event.subscribedPattern || undefined;
  const isSame =
    pattern === former.pattern &&
    topics.length === former.topics.length &&
    topics.every((topic, i) => topic === former.topics[i]);
  return isSame ? former : { topics, pattern };
}

function answer(turn: ConsumerTurn, event: ConsumerGroupHeartbeatEvent, present: Present): void {
  const { memberId, owned } = present;
  const { assigned } = turn.member(memberId);
  if (!turn.targetsVerified) {
    if (!areTargetsValid(turn.members, turn.context.topics)) turn.bumpEpoch();
    turn.verifyTargets();
  }
  if (turn.value.epoch > turn.value.assignmentEpoch) assignTargets(turn);
  reconcile(turn, memberId, owned);

  const member = turn.member(memberId);
  const isTold = present.needsAssignment || !samePartitions(member.assigned, assigned);
  turn.armSession(memberId);
  turn.reply(event.requestId, {
    type: "consumerGroupHeartbeat",
    memberId,
    memberEpoch: member.epoch,
    heartbeatIntervalMs: turn.context.settings.consumerHeartbeatIntervalMs,
    assignment: isTold ? assignedTopics(turn, member.assigned) : undefined,
  });
}

function assignedTopics(turn: ConsumerTurn, assigned: PartitionMap): readonly AssignedTopic[] {
  return [...assigned].map(([topicId, partitions]) => {
    const topic = turn.context.topics.topicById(topicId)?.name;
    return { topicId, topic, partitions };
  });
}

/** −1: out of the group. −2: a static member whose place, and partitions, wait for it. */
function leave(
  turn: ConsumerTurn,
  event: ConsumerGroupHeartbeatEvent,
  how: "leave" | "leaveForNow",
): { readonly type: "left" } | GroupRefusal {
  const memberId = event.memberId ?? "";
  const refusal = memberRefusal(turn, memberId, event.groupInstanceId);
  if (refusal !== undefined) return refusal;
  const member = turn.member(memberId);
  if (how === "leaveForNow") {
    if (member.groupInstanceId === undefined) return invalid("only a static member comes back");
    // It has stopped: what it was giving up is free.
    turn.changeMember(memberId, { isAway: true, revoking: NO_PARTITIONS });
    turn.cancel(`revocation:${memberId}`);
    turn.armSession(memberId);
  } else {
    turn.removeMember(memberId);
    turn.bumpEpoch();
  }
  turn.reply(event.requestId, {
    type: "consumerGroupHeartbeat",
    memberId,
    memberEpoch: how,
    heartbeatIntervalMs: turn.context.settings.consumerHeartbeatIntervalMs,
    assignment: undefined,
  });
  return { type: "left" };
}
