import { unreachable } from "@zoolog/base";
import {
  decideClassicLeave,
  decideClassicLoaded,
  decideClassicTimer,
  decideHeartbeat,
  decideSyncGroup,
} from "./classic/classic-calls.ts";
import { decideJoinGroup } from "./classic/classic-join.ts";
import { decideCommitOffsets } from "./commit-offsets.ts";
import {
  decideConsumerLeave,
  decideConsumerLoaded,
  decideConsumerTimer,
  decideTopicsChanged,
} from "./consumer/consumer-calls.ts";
import { decideConsumerHeartbeat } from "./consumer/consumer-heartbeat.ts";
import { type GroupDecision, NOTHING, refuse } from "./decision.ts";
import {
  decideDeleteGroup,
  decideDeleteOffsets,
  decideFoundWithoutOffsets,
} from "./delete-group.ts";
import type { GroupContext } from "./group-context.ts";
import type { GroupEvent, LeaveGroupEvent } from "./group-event.ts";
import { unknownMember } from "./member-identity.ts";
import { leaveTooLarge } from "./request-limits.ts";
import type { GroupState } from "./state/group-state.ts";

/**
 * What the coordinator wants done about `event`. Pure: the same arguments give the same decision.
 *
 * One event at a time, for each group on its own: the next is decided on the state with all former
 * records applied, whether they are written yet or not. `undefined` is a group that does not exist.
 */
export function decide(
  group: GroupState | undefined,
  event: GroupEvent,
  context: GroupContext,
): GroupDecision {
  switch (event.type) {
    case "joinGroup":
      return decideJoinGroup(group, event, context);
    case "consumerGroupHeartbeat":
      return decideConsumerHeartbeat(group, event, context);
    case "commitOffsets":
      return decideCommitOffsets(group, event, context);
    case "syncGroup":
    case "heartbeat":
      if (group?.type !== "classic") return refuse(event.requestId, unknownMember(event.memberId));
      return event.type === "syncGroup"
        ? decideSyncGroup(group, event, context)
        : decideHeartbeat(group, event);
    case "leaveGroup":
      return decideLeaveGroup(group, event, context);
    case "deleteGroup":
      return decideDeleteGroup(group, event.requestId);
    case "deleteOffsets":
      return decideDeleteOffsets(group, event, context);
    case "foundWithoutOffsets":
      return decideFoundWithoutOffsets(group);
    case "groupLoaded":
      if (group === undefined) return NOTHING;
      return group.type === "classic"
        ? decideClassicLoaded(group, event.graceMs, context)
        : decideConsumerLoaded(group, event.graceMs, context);
    case "topicsChanged":
      // Classic members watch the topics themselves.
      return group?.type === "consumer" ? decideTopicsChanged(group, context) : NOTHING;
    case "timerFired":
      if (group === undefined) return NOTHING;
      return group.type === "classic"
        ? decideClassicTimer(group, event.key, context)
        : decideConsumerTimer(group, event.key, context);
    default:
      return unreachable(event);
  }
}

function decideLeaveGroup(
  group: GroupState | undefined,
  event: LeaveGroupEvent,
  context: GroupContext,
): GroupDecision {
  const refusal = leaveTooLarge(event);
  if (refusal !== undefined) return refuse(event.requestId, refusal);
  if (group === undefined) return nobodyLeaves(event);
  return group.type === "classic"
    ? decideClassicLeave(group, event, context)
    : decideConsumerLeave(group, event, context);
}

function nobodyLeaves({ requestId, members }: LeaveGroupEvent): GroupDecision {
  const refused = members.map((member) => ({
    ...member,
    error: unknownMember(member.memberId ?? member.groupInstanceId ?? "a nameless one"),
  }));
  const response = { type: "leaveGroup" as const, members: refused };
  return { records: [], replies: [{ requestId, response }], timers: [] };
}
