import { type GroupDecision, NOTHING } from "../decision.ts";
import type { GroupContext } from "../group-context.ts";
import type { LeaveGroupEvent, LeavingMember } from "../group-event.ts";
import type { GroupRefusal } from "../group-reply.ts";
import type { GroupTimerKey } from "../group-timer.ts";
import { memberRefusal, namedMember, unknownMember } from "../member-identity.ts";
import type { ConsumerGroup } from "../state/consumer-group.ts";
import { ConsumerTurn } from "./consumer-turn.ts";
import { areTargetsValid } from "./targets.ts";

/** Members are removed by an operator; one that lives joins again. */
export function decideConsumerLeave(
  group: ConsumerGroup,
  event: LeaveGroupEvent,
  context: GroupContext,
): GroupDecision {
  const turn = new ConsumerTurn(group, context);
  const members = event.members.map((member) => {
    const error = remove(turn, member);
    return error === undefined ? member : { ...member, error };
  });
  turn.reply(event.requestId, { type: "leaveGroup", members });
  return turn.finish();
}

function remove(
  turn: ConsumerTurn,
  { memberId, groupInstanceId }: LeavingMember,
): GroupRefusal | undefined {
  const named = namedMember(turn, memberId, groupInstanceId);
  if (named === undefined) return unknownMember(memberId ?? groupInstanceId ?? "a nameless one");
  const refusal = memberRefusal(turn, named, groupInstanceId);
  if (refusal !== undefined) return refusal;
  turn.removeMember(named);
  turn.bumpEpoch();
  return undefined;
}

/** A member was not heard of, or has not given up in time what others wait for. */
export function decideConsumerTimer(
  group: ConsumerGroup,
  key: GroupTimerKey,
  context: GroupContext,
): GroupDecision {
  const turn = new ConsumerTurn(group, context);
  const [kind = ""] = key.split(":", 1);
  const memberId = key.slice(kind.length + 1);
  const member = group.members.get(memberId);
  if (member === undefined) return NOTHING;
  if (kind === "revocation" && member.revoking.size === 0) return NOTHING;
  if (kind !== "revocation" && kind !== "session") return NOTHING;
  turn.removeMember(memberId);
  turn.bumpEpoch();
  return turn.finish();
}

/** Partitions or topics have come or gone. Members learn of it with their next heartbeat. */
export function decideTopicsChanged(group: ConsumerGroup, context: GroupContext): GroupDecision {
  const turn = new ConsumerTurn(group, context);
  turn.verifyTargets();
  if (!areTargetsValid(group.members, context.topics)) turn.bumpEpoch();
  return turn.finish();
}

/** Sessions begin anew, with the grace, and the times to give up partitions. */
export function decideConsumerLoaded(
  group: ConsumerGroup,
  graceMs: number,
  context: GroupContext,
): GroupDecision {
  const turn = new ConsumerTurn(group, context);
  for (const [memberId, { revoking, rebalanceTimeoutMs }] of group.members) {
    turn.armSession(memberId, graceMs);
    if (revoking.size > 0) turn.arm(`revocation:${memberId}`, rebalanceTimeoutMs);
  }
  return turn.finish();
}
