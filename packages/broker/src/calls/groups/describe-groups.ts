import type { BrokerId } from "@zoolog/base";
import type { DescribeGroupsResponse } from "@zoolog/protocol";
import { groupBytes } from "../../runtimes/groups/group-budget.ts";
import type { GroupRuntime } from "../../runtimes/groups/group-runtime.ts";
import { itemErrorFrom, noGroup } from "./group-answers.ts";
import { groupDescription, shortenedDescription } from "./group-views.ts";

/**
 * State that one answer tells of, as the memory for groups counts it: thousands of usual members. On
 * the wire it is a few times as much.
 */
const ANSWER_BYTES_MAX = 16 * 1024 * 1024;

/**
 * The groups as they are in memory. Members may have sent megabytes each: a group that alone is more
 * than an answer holds is shown without them, and one for which no room is left is to be asked for by
 * itself.
 */
export function describeGroups(
  groups: readonly string[],
  parts: { readonly runtime: GroupRuntime; readonly brokerId: BrokerId },
): DescribeGroupsResponse {
  const { runtime, brokerId: coordinator } = parts;
  let room = ANSWER_BYTES_MAX;
  return {
    groups: groups.map((group) => {
      try {
        const state = runtime.state(group);
        if (state === undefined) return { group, error: noGroup(group) };
        const bytes = groupBytes(state);
        if (bytes > room && room < ANSWER_BYTES_MAX) return { group, error: noRoom(group) };
        room -= bytes;
        const { topics } = runtime.context();
        return bytes > ANSWER_BYTES_MAX
          ? shortenedDescription(group, state, { coordinator })
          : groupDescription(group, state, { coordinator, topics });
      } catch (error) {
        return { group, error: itemErrorFrom(error) };
      }
    }),
  };
}

function noRoom(groupId: string): { readonly code: string; readonly message: string } {
  const message = `the answer has no room left for the group ${groupId}: ask for it by itself`;
  return { code: "MESSAGE_TOO_LARGE", message };
}
