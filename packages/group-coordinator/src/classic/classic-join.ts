import { type GroupDecision, refuse } from "../decision.ts";
import type { GroupContext } from "../group-context.ts";
import type { JoinGroupEvent } from "../group-event.ts";
import type { GroupRefusal } from "../group-reply.ts";
import { memberRefusal } from "../member-identity.ts";
import { joinTooLarge } from "../request-limits.ts";
import type { ClassicMember } from "../state/classic-group.ts";
import type { GroupState } from "../state/group-state.ts";
import { sameTopics } from "../topics/subscription-topics.ts";
import {
  armSession,
  joinedMembers,
  joinResponse,
  prepareRebalance,
  tryCompleteJoin,
} from "./classic-rebalance.ts";
import { ClassicTurn } from "./classic-turn.ts";
import { chooseProtocol, commonProtocols, metadataOf, sameProtocols } from "./protocol-choice.ts";

/** A member joins, or joins again. Most answers come when the rebalance has everybody. */
export function decideJoinGroup(
  group: GroupState | undefined,
  event: JoinGroupEvent,
  context: GroupContext,
): GroupDecision {
  const refusal = joinTooLarge(event) ?? joinRefusal(group, event, context);
  if (refusal !== undefined) return refuse(event.requestId, refusal);

  const turn = new ClassicTurn(group, context);
  if (event.memberId === undefined) joinWithoutId(turn, event);
  else joinWithId(turn, event, event.memberId);
  return turn.finish();
}

function joinRefusal(
  group: GroupState | undefined,
  event: JoinGroupEvent,
  { settings }: GroupContext,
): GroupRefusal | undefined {
  const { sessionTimeoutMs, protocols, protocolType } = event;
  const { sessionTimeoutMinMs: min, sessionTimeoutMaxMs: max } = settings;
  if (sessionTimeoutMs < min || sessionTimeoutMs > max) {
    const message = `the session timeout must lie between ${min} and ${max} ms`;
    return { code: "INVALID_SESSION_TIMEOUT", message };
  }
  if (protocolType === "" || protocols.length === 0) {
    return inconsistent("a member needs a protocol type and at least one protocol");
  }
  if (group === undefined || group.members.size === 0) return undefined;
  if (group.type === "consumer") {
    return inconsistent("the group uses the server-side protocol (consumer)");
  }
  if (group.protocolType !== protocolType) {
    return inconsistent(`the group's protocol type is ${group.protocolType}`);
  }
  const common = commonProtocols(group.members);
  if (protocols.some(({ name }) => common.has(name))) return undefined;
  return inconsistent(`the group's members have in common: ${[...common].join(", ")}`);
}

function inconsistent(message: string): GroupRefusal {
  return { code: "INCONSISTENT_GROUP_PROTOCOL", message };
}

function joinWithoutId(turn: ClassicTurn, event: JoinGroupEvent): void {
  const { groupInstanceId, memberIdCandidate, requestId } = event;
  if (groupInstanceId !== undefined) {
    const former = turn.instances.get(groupInstanceId);
    if (former !== undefined) replaceStaticMember(turn, event, former);
    else addMember(turn, event, memberIdCandidate);
    return;
  }
  if (!event.requiresKnownMemberId) {
    addMember(turn, event, memberIdCandidate);
    return;
  }
  if (isFull(turn) || turn.progress.pendingMembers.size >= turn.settings.groupSizeMax) {
    refuseFull(turn, event);
    return;
  }
  // KIP-394: who does not come back with it has not become a member for a whole session timeout.
  turn.addPending(memberIdCandidate, event.sessionTimeoutMs);
  turn.reply(requestId, {
    type: "refused",
    error: { code: "MEMBER_ID_REQUIRED", message: "join again with this member id" },
    memberId: memberIdCandidate,
  });
}

function joinWithId(turn: ClassicTurn, event: JoinGroupEvent, memberId: string): void {
  const { requestId, groupInstanceId } = event;
  if (turn.progress.pendingMembers.has(memberId) && groupInstanceId === undefined) {
    if (isFull(turn)) {
      turn.dropPending(memberId);
      refuseFull(turn, event);
      return;
    }
    turn.dropPending(memberId);
    addMember(turn, event, memberId);
    return;
  }
  const refusal = memberRefusal(turn, memberId, groupInstanceId);
  if (refusal !== undefined) {
    turn.refuse(requestId, refusal);
    turn.forgetIfUnused();
    return;
  }
  const { state, leader } = turn.progress;
  const isUnchanged = sameProtocols(turn.member(memberId).protocols, event.protocols);
  const keepsGeneration =
    isUnchanged && (state === "CompletingRebalance" || (state === "Stable" && leader !== memberId));
  if (keepsGeneration) {
    // It has missed its answer. A leader of a stable group, though, wants to assign anew.
    turn.reply(requestId, joinResponse(turn, memberId));
    armSession(turn, memberId);
    return;
  }
  parkJoin(turn, event, memberId);
  if (state === "PreparingRebalance") tryCompleteJoin(turn);
  else prepareRebalance(turn);
}

function addMember(turn: ClassicTurn, event: JoinGroupEvent, memberId: string): void {
  if (isFull(turn)) {
    refuseFull(turn, event);
    return;
  }
  const { state, initialDelay } = turn.progress;
  turn.move({ protocolType: event.protocolType });
  parkJoin(turn, event, memberId);
  if (initialDelay !== undefined) {
    turn.move({ initialDelay: { ...initialDelay, hasNewMembers: true } });
  } else if (state === "PreparingRebalance") tryCompleteJoin(turn);
  else prepareRebalance(turn);
}

/**
 * KIP-345: a process comes back under its instance id. It takes the place of the former one; in a
 * stable group nobody else notices, as long as the protocol and its topics stay: with others, what
 * the former one was assigned is not what it asks for.
 */
function replaceStaticMember(turn: ClassicTurn, event: JoinGroupEvent, former: string): void {
  const { state, leader, protocol } = turn.progress;
  const memberId = event.memberIdCandidate;
  const { assignment, generation, protocols } = turn.member(former);
  const message = "another process has joined with the same instance id";
  turn.dropMember(former, { code: "FENCED_INSTANCE_ID", message });
  parkJoin(turn, event, memberId);
  if (state === "PreparingRebalance") {
    tryCompleteJoin(turn);
    return;
  }
  const chosen = chooseProtocol(turn.members);
  const isAlike =
    protocol !== undefined &&
    chosen === protocol &&
    sameTopics(metadataOf({ protocols }, protocol), metadataOf(event, protocol));
  if (state !== "Stable" || !isAlike) {
    turn.move({ leader: leader === former ? memberId : leader });
    prepareRebalance(turn);
    return;
  }
  turn.changeMember(memberId, { assignment, generation, parkedJoin: undefined, hasSynced: true });
  turn.move({ leader: leader === former ? memberId : leader });
  armSession(turn, memberId);
  turn.storeReplacement(former, memberId);
  const response = { ...joinResponse(turn, memberId), members: [] };
  if (leader !== former) turn.reply(event.requestId, response);
  else if (event.supportsSkippingAssignment) {
    const members = joinedMembers(turn, protocol);
    turn.reply(event.requestId, { ...response, skipAssignment: true, members });
  } else {
    // A client that cannot skip it must not think that it leads, or it would assign alone.
    turn.reply(event.requestId, { ...response, leader: former });
  }
}

/** The member waits in the group until everybody has joined; its session does not run meanwhile. */
function parkJoin(turn: ClassicTurn, event: JoinGroupEvent, memberId: string): void {
  const known = turn.members.get(memberId);
  if (known?.parkedJoin !== undefined) {
    const message = "the member has joined once more";
    turn.refuse(known.parkedJoin, { code: "REBALANCE_IN_PROGRESS", message });
  }
  const { groupInstanceId, clientId, clientHost, sessionTimeoutMs, rebalanceTimeoutMs } = event;
  const member: ClassicMember = {
    type: "classic",
    groupInstanceId,
    clientId,
    clientHost,
    sessionTimeoutMs,
    rebalanceTimeoutMs,
    protocols: event.protocols,
    assignment: known?.assignment ?? new Uint8Array(),
    generation: known?.generation ?? 0,
    parkedJoin: event.requestId,
    parkedSync: known?.parkedSync,
    hasSynced: false,
  };
  turn.setMember(memberId, member);
  turn.cancel(`session:${memberId}`);
}

function isFull(turn: ClassicTurn): boolean {
  return turn.members.size >= turn.settings.groupSizeMax;
}

function refuseFull(turn: ClassicTurn, { requestId }: JoinGroupEvent): void {
  const message = `the group has its ${turn.settings.groupSizeMax} members (group.max.size)`;
  turn.refuse(requestId, { code: "GROUP_MAX_SIZE_REACHED", message });
  turn.forgetIfUnused();
}
