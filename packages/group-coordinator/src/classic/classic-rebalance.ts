import { assert } from "@zoolog/base";
import type { GroupRefusal, JoinGroupResponse } from "../group-reply.ts";
import type { ClassicMember } from "../state/classic-group.ts";
import type { ClassicTurn } from "./classic-turn.ts";
import { chooseProtocol, metadataOf } from "./protocol-choice.ts";

const AGAIN: GroupRefusal = {
  code: "REBALANCE_IN_PROGRESS",
  message: "the group rebalances once more; join it again",
};

/** Everybody has to join again. From `Empty` it waits a little for more members (KIP-134). */
export function prepareRebalance(turn: ClassicTurn): void {
  const { state } = turn.progress;
  assert(state !== "PreparingRebalance", "one rebalance at a time");
  turn.cancel("sync");
  for (const [memberId, { parkedSync }] of turn.members) {
    if (parkedSync === undefined) continue;
    turn.refuse(parkedSync, AGAIN);
    turn.changeMember(memberId, { parkedSync: undefined });
    armSession(turn, memberId);
  }
  const delayMs = turn.settings.initialRebalanceDelayMs;
  if (state === "Empty" && delayMs > 0) {
    const remainingMs = Math.max(0, rebalanceTimeoutMs(turn) - delayMs);
    const initialDelay = { remainingMs, hasNewMembers: false };
    turn.move({ state: "PreparingRebalance", initialDelay });
    turn.arm("initialDelay", delayMs);
    return;
  }
  turn.move({ state: "PreparingRebalance" });
  if (!tryCompleteJoin(turn)) turn.arm("join", rebalanceTimeoutMs(turn));
}

/** Somebody has come to a group that waits for members, or gone from it. */
export function tryCompleteJoin(turn: ClassicTurn): boolean {
  const { state, initialDelay, pendingMembers } = turn.progress;
  if (state !== "PreparingRebalance" || initialDelay !== undefined || pendingMembers.size > 0) {
    return false;
  }
  for (const { parkedJoin } of turn.members.values()) if (parkedJoin === undefined) return false;
  completeJoin(turn);
  return true;
}

/** The initial delay is extended as long as members come, in all up to the rebalance timeout. */
export function endInitialDelay(turn: ClassicTurn): void {
  const { initialDelay } = turn.progress;
  if (initialDelay === undefined) return;
  const delayMs = Math.min(turn.settings.initialRebalanceDelayMs, initialDelay.remainingMs);
  if (!initialDelay.hasNewMembers || delayMs === 0) {
    completeJoin(turn);
    return;
  }
  const remainingMs = initialDelay.remainingMs - delayMs;
  turn.move({ initialDelay: { remainingMs, hasNewMembers: false } });
  turn.arm("initialDelay", delayMs);
}

/** The next generation has whoever has joined, and static members that are only away. */
export function completeJoin(turn: ClassicTurn): void {
  turn.cancel("join");
  turn.cancel("initialDelay");
  turn.move({ initialDelay: undefined });
  for (const [memberId, { parkedJoin, groupInstanceId }] of turn.members) {
    if (parkedJoin !== undefined || groupInstanceId !== undefined) continue;
    turn.dropMember(memberId, tooLate("joined again"));
  }
  const joined = [...turn.members].filter(([, { parkedJoin }]) => parkedJoin !== undefined);
  if (joined.length === 0 && turn.members.size > 0) {
    // Only silent static members: nobody could assign. Their sessions decide.
    turn.arm("join", rebalanceTimeoutMs(turn));
    return;
  }
  const generation = turn.progress.generation + 1;
  if (joined.length === 0) {
    turn.move({ state: "Empty", generation, protocol: undefined, leader: undefined });
    turn.storeAll();
    return;
  }
  const ids = joined.map(([memberId]) => memberId);
  const { leader: former } = turn.progress;
  const leader = former !== undefined && ids.includes(former) ? former : ids[0];
  const protocol = chooseProtocol(turn.members);
  assert(protocol !== undefined, "members have a protocol in common");
  turn.move({ state: "CompletingRebalance", generation, leader, protocol });
  for (const [memberId, { parkedJoin }] of turn.members) {
    // A static member that is away owes no sync either: only its session ends it.
    turn.changeMember(memberId, { parkedJoin: undefined, hasSynced: parkedJoin === undefined });
    if (parkedJoin === undefined) continue;
    turn.reply(parkedJoin, joinResponse(turn, memberId));
    armSession(turn, memberId);
  }
  turn.storeInstances();
  turn.arm("sync", rebalanceTimeoutMs(turn));
}

/** Members that got their generation and never asked for their assignment are out. */
export function endSync(turn: ClassicTurn): void {
  const { state } = turn.progress;
  if (state !== "CompletingRebalance" && state !== "Stable") return;
  const late = [...turn.members].filter(([, { hasSynced }]) => !hasSynced);
  for (const [memberId] of late) {
    turn.dropMember(memberId, tooLate("synced"));
  }
  if (late.length > 0) prepareRebalance(turn);
}

/** After members were dropped: who is left shares what they had. */
export function rebalanceWithoutThem(turn: ClassicTurn): void {
  const { state } = turn.progress;
  if (state === "Stable" || state === "CompletingRebalance") prepareRebalance(turn);
  else tryCompleteJoin(turn);
}

/** What a member of the present generation is told. Only the leader learns of the others. */
export function joinResponse(turn: ClassicTurn, memberId: string): JoinGroupResponse {
  const { generation, protocolType, protocol, leader } = turn.progress;
  assert(protocol !== undefined, "a generation has a protocol");
  assert(leader !== undefined, "a generation has a leader");
  return {
    type: "joinGroup",
    memberId,
    generationId: generation,
    protocolType,
    protocolName: protocol,
    leader,
    skipAssignment: false,
    members: memberId === leader ? joinedMembers(turn, protocol) : [],
  };
}

/** For who returns to a stable group and still leads it; see {@link joinResponse}. */
export function joinedMembers(turn: ClassicTurn, protocol: string): JoinGroupResponse["members"] {
  return [...turn.members].map(([memberId, member]) => ({
    memberId,
    groupInstanceId: member.groupInstanceId,
    metadata: metadataOf(member, protocol),
  }));
}

export function armSession(turn: ClassicTurn, memberId: string, graceMs = 0): void {
  turn.arm(`session:${memberId}`, turn.member(memberId).sessionTimeoutMs + graceMs);
}

/** Whether the member waits for an answer of ours; its session does not run meanwhile. */
export function isParked(member: ClassicMember): boolean {
  return member.parkedJoin !== undefined || member.parkedSync !== undefined;
}

/** The slowest member sets the pace. */
export function rebalanceTimeoutMs(turn: ClassicTurn): number {
  let longest = 0;
  for (const member of turn.members.values()) {
    longest = Math.max(longest, member.rebalanceTimeoutMs);
  }
  return longest;
}

function tooLate(done: string): GroupRefusal {
  return { code: "UNKNOWN_MEMBER_ID", message: `the member has not ${done} in time` };
}
