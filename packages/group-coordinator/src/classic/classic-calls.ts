import { type GroupDecision, NOTHING, refuse } from "../decision.ts";
import type { GroupContext } from "../group-context.ts";
import type {
  HeartbeatEvent,
  LeaveGroupEvent,
  LeavingMember,
  SyncGroupEvent,
} from "../group-event.ts";
import type { GroupRefusal, SyncGroupResponse } from "../group-reply.ts";
import type { GroupTimer, GroupTimerKey } from "../group-timer.ts";
import { memberRefusal, namedMember, removed, unknownMember } from "../member-identity.ts";
import { syncTooLarge } from "../request-limits.ts";
import type { ClassicGroup } from "../state/classic-group.ts";
import {
  armSession,
  completeJoin,
  endInitialDelay,
  endSync,
  isParked,
  rebalanceTimeoutMs,
  rebalanceWithoutThem,
  tryCompleteJoin,
} from "./classic-rebalance.ts";
import { ClassicTurn } from "./classic-turn.ts";

/** A member asks for its assignment; the leader brings everybody's. */
export function decideSyncGroup(
  group: ClassicGroup,
  event: SyncGroupEvent,
  context: GroupContext,
): GroupDecision {
  const refusal = syncTooLarge(event) ?? syncRefusal(group, event);
  if (refusal !== undefined) return refuse(event.requestId, refusal);

  const { memberId, requestId } = event;
  const turn = new ClassicTurn(group, context);
  if (group.state === "Stable") {
    turn.changeMember(memberId, { hasSynced: true });
    turn.reply(requestId, syncResponse(turn, memberId));
    armSession(turn, memberId);
    cancelSyncTimer(turn);
    return turn.finish();
  }
  const { parkedSync } = turn.member(memberId);
  if (parkedSync !== undefined) {
    const message = "the member has synced once more";
    turn.refuse(parkedSync, { code: "REBALANCE_IN_PROGRESS", message });
  }
  turn.changeMember(memberId, { parkedSync: requestId, hasSynced: true });
  turn.cancel(`session:${memberId}`);
  if (group.leader === memberId) completeSync(turn, event);
  return turn.finish();
}

function syncRefusal(group: ClassicGroup, event: SyncGroupEvent): GroupRefusal | undefined {
  const refusal = generationRefusal(group, event);
  if (refusal !== undefined) return refusal;
  const { protocolType, protocolName } = event;
  const isOther =
    (protocolType !== undefined && protocolType !== group.protocolType) ||
    (protocolName !== undefined && protocolName !== group.protocol);
  // While a rebalance is prepared the next protocol is open still.
  if (isOther && group.state !== "PreparingRebalance") {
    const message = `the group has chosen ${group.protocolType}/${group.protocol}`;
    return { code: "INCONSISTENT_GROUP_PROTOCOL", message };
  }
  return group.state === "PreparingRebalance" ? rebalancing() : undefined;
}

/** The generation is complete: whoever waits, and whoever asks later, gets its assignment. */
function completeSync(turn: ClassicTurn, { assignments }: SyncGroupEvent): void {
  const { generation } = turn.progress;
  const byMember = new Map(assignments.map(({ memberId, assignment }) => [memberId, assignment]));
  turn.move({ state: "Stable" });
  for (const [memberId, { parkedSync }] of turn.members) {
    const assignment = byMember.get(memberId) ?? new Uint8Array();
    turn.changeMember(memberId, { assignment, generation, parkedSync: undefined });
    if (parkedSync === undefined) continue;
    turn.reply(parkedSync, syncResponse(turn, memberId));
    armSession(turn, memberId);
  }
  turn.storeAll();
  cancelSyncTimer(turn);
}

function cancelSyncTimer(turn: ClassicTurn): void {
  for (const { hasSynced } of turn.members.values()) if (!hasSynced) return;
  turn.cancel("sync");
}

function syncResponse(turn: ClassicTurn, memberId: string): SyncGroupResponse {
  const { protocolType, protocol } = turn.progress;
  return {
    type: "syncGroup",
    assignment: turn.member(memberId).assignment,
    protocolType,
    protocolName: protocol ?? "",
  };
}

/** Changes nothing but the session, which is a timer: no record, whatever the group's size. */
export function decideHeartbeat(group: ClassicGroup, event: HeartbeatEvent): GroupDecision {
  const { memberId, requestId } = event;
  const refusal = generationRefusal(group, event);
  if (refusal !== undefined) return refuse(requestId, refusal);
  const timers = sessionTimers(group, memberId);
  if (group.state === "PreparingRebalance") return { ...refuse(requestId, rebalancing()), timers };
  return { records: [], replies: [{ requestId, response: { type: "heartbeat" } }], timers };
}

/** The member was heard of. */
export function sessionTimers(group: ClassicGroup, memberId: string): readonly GroupTimer[] {
  const member = group.members.get(memberId);
  if (member === undefined || isParked(member)) return [];
  return [{ type: "arm", key: `session:${memberId}`, afterMs: member.sessionTimeoutMs }];
}

/** Who asks, as of which generation; without one it is nobody's. */
type InGeneration = {
  readonly memberId: string;
  readonly groupInstanceId: string | undefined;
  readonly generationId: number | undefined;
};

export function generationRefusal(
  group: ClassicGroup,
  { memberId, groupInstanceId, generationId }: InGeneration,
): GroupRefusal | undefined {
  const refusal = memberRefusal(group, memberId, groupInstanceId);
  if (refusal !== undefined) return refusal;
  if (generationId === group.generation) return undefined;
  const message = `the group's generation is ${group.generation}, not ${generationId ?? "none"}`;
  return { code: "ILLEGAL_GENERATION", message };
}

export function rebalancing(): GroupRefusal {
  return { code: "REBALANCE_IN_PROGRESS", message: "the group rebalances; join it again" };
}

export function decideClassicLeave(
  group: ClassicGroup,
  event: LeaveGroupEvent,
  context: GroupContext,
): GroupDecision {
  const turn = new ClassicTurn(group, context);
  const members = event.members.map((member) => {
    const error = leave(turn, member);
    return error === undefined ? member : { ...member, error };
  });
  if (turn.members.size < group.members.size) rebalanceWithoutThem(turn);
  else tryCompleteJoin(turn);
  turn.reply(event.requestId, { type: "leaveGroup", members });
  turn.forgetIfUnused();
  return turn.finish();
}

function leave(turn: ClassicTurn, leaving: LeavingMember): GroupRefusal | undefined {
  const { memberId, groupInstanceId } = leaving;
  if (memberId !== undefined && turn.progress.pendingMembers.has(memberId)) {
    turn.dropPending(memberId);
    return undefined;
  }
  const named = namedMember(turn, memberId, groupInstanceId);
  if (named === undefined) return unknownMember(memberId ?? groupInstanceId ?? "a nameless one");
  const refusal = memberRefusal(turn, named, groupInstanceId);
  if (refusal !== undefined) return refusal;
  turn.dropMember(named, removed(leaving));
  return undefined;
}

export function decideClassicTimer(
  group: ClassicGroup,
  key: GroupTimerKey,
  context: GroupContext,
): GroupDecision {
  const turn = new ClassicTurn(group, context);
  if (key === "initialDelay") endInitialDelay(turn);
  else if (key === "join") {
    if (group.state === "PreparingRebalance") completeJoin(turn);
  } else if (key === "sync") endSync(turn);
  else if (key.startsWith("pending:")) {
    const memberId = key.slice("pending:".length);
    if (!group.pendingMembers.has(memberId)) return NOTHING;
    turn.dropPending(memberId);
    tryCompleteJoin(turn);
    turn.forgetIfUnused();
  } else if (key.startsWith("session:")) expireSession(turn, key.slice("session:".length));
  return turn.finish();
}

function expireSession(turn: ClassicTurn, memberId: string): void {
  const member = turn.members.get(memberId);
  // Who waits for an answer of ours cannot be late.
  if (member === undefined || isParked(member)) return;
  turn.dropMember(memberId, unknownMember(memberId));
  rebalanceWithoutThem(turn);
}

/** Sessions begin anew, with the grace, and so does the time to join again where that was under way. */
export function decideClassicLoaded(
  group: ClassicGroup,
  graceMs: number,
  context: GroupContext,
): GroupDecision {
  const turn = new ClassicTurn(group, context);
  for (const memberId of group.members.keys()) armSession(turn, memberId, graceMs);
  if (group.state === "PreparingRebalance") turn.arm("join", rebalanceTimeoutMs(turn));
  return turn.finish();
}
