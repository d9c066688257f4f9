import type { DeleteGroupsResponse, GroupLagResponse } from "@zoolog/protocol";
import type { CallContext, GroupHandlers } from "../../broker-api.ts";
import { atCoordinator, atCoordinators, findCoordinators, listGroups } from "./coordinators.ts";
import { describeGroups } from "./describe-groups.ts";
import { expectResponse, itemErrorFrom, noGroup } from "./group-answers.ts";
import { type GroupLagParts, groupLag } from "./group-lag.ts";
import {
  consumerGroupHeartbeat,
  heartbeat,
  joinGroup,
  leaveGroup,
  type MemberCallParts,
  prompt,
  syncGroup,
} from "./member-calls.ts";
import { commitOffsets, committedOffsets, deleteOffsets } from "./offset-calls.ts";

export type GroupCallParts = MemberCallParts & GroupLagParts;

/** What this broker answers about groups: each call goes to the runtime, or to ZooKeeper. */
export function groupCalls(parts: GroupCallParts): GroupHandlers {
  return {
    "find-coordinator": async ({ groups }) => findCoordinators(groups, parts),
    "join-group": (request, context) => joinGroup(request, context, parts),
    "sync-group": (request, context) => syncGroup(request, context, parts),
    heartbeat: (request, context) => heartbeat(request, context, parts),
    "leave-group": (request, context) => leaveGroup(request, context, parts),
    "consumer-group-heartbeat": (request, context) =>
      consumerGroupHeartbeat(request, context, parts),
    "commit-offsets": (request, context) => commitOffsets(request, context, parts),
    "committed-offsets": (request) => committedOffsets(request, parts),
    "delete-offsets": (request, context) =>
      atCoordinator(request, context, parts, () => deleteOffsets(request, context, parts)),
    "list-groups": (request, context) => listGroups(request, context, parts),
    "describe-groups": (request, context) =>
      atCoordinators("describe-groups", request.groups, context, parts, async (groups) =>
        describeGroups(groups, parts),
      ),
    "group-lag": (request, context) =>
      atCoordinators("group-lag", request.groups, context, parts, (groups) =>
        describeLag(groups, parts),
      ),
    "delete-groups": (request, context) =>
      atCoordinators("delete-groups", request.groups, context, parts, (groups) =>
        deleteGroups(groups, context, parts),
      ),
  };
}

/** One after the other: each asks ZooKeeper and all leaders, and nobody is in a hurry. */
async function describeLag(
  groups: readonly string[],
  parts: GroupCallParts,
): Promise<GroupLagResponse> {
  const described: GroupLagResponse["groups"][number][] = [];
  for (const group of groups) {
    try {
      const state = parts.runtime.state(group);
      if (state === undefined) described.push({ group, error: noGroup(group) });
      else described.push(await groupLag(group, state, parts));
    } catch (error) {
      described.push({ group, error: itemErrorFrom(error) });
    }
  }
  return { groups: described };
}

async function deleteGroups(
  groups: readonly string[],
  context: CallContext,
  parts: GroupCallParts,
): Promise<DeleteGroupsResponse> {
  const deleted = groups.map(async (group) => {
    try {
      const response = await prompt(group, context, parts, (requestId) => ({
        type: "deleteGroup",
        requestId,
      }));
      expectResponse(response, "deleteGroup");
      return { group };
    } catch (error) {
      return { group, error: itemErrorFrom(error) };
    }
  });
  return { groups: await Promise.all(deleted) };
}
