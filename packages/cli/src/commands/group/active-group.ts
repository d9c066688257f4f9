import { errorCode, ZoologError } from "@zoolog/base";
import type { Client, GroupDescription } from "@zoolog/client";
import type { CommandContext } from "../../context.ts";
import { plural } from "../../output/quantity.ts";
import { shellWord } from "../../output/shell-word.ts";
import { memberName } from "./member-name.ts";

/** Names in one line that people still read. */
const NAMED_MAX = 5;
const NAME_COLUMNS_MAX = 40;

/** The group; nothing when there is none of this name (yet). */
export async function groupIfThere(
  { limits }: CommandContext,
  { admin }: Client,
  groupId: string,
): Promise<GroupDescription | undefined> {
  try {
    return await admin.groups.describe(groupId, limits);
  } catch (error) {
    if (errorCode(error) === "GROUP_ID_NOT_FOUND") return undefined;
    throw error;
  }
}

export function isActive(group: GroupDescription | undefined): boolean {
  return group !== undefined && group.members.length > 0;
}

/** Who is in the group: `worker-1 at 10.0.0.7`. */
export function whoIs({ members }: GroupDescription): string {
  const names = members
    .slice(0, NAMED_MAX)
    .map(
      (member) =>
        `${memberName(member, NAME_COLUMNS_MAX)} at ${member.clientHost.replace(/^\//, "")}`,
    );
  const more = members.length - names.length;
  return `${names.join(", ")}${more === 0 ? "" : ` and ${more} more`}`;
}

/** Offsets of a group belong to its members while it has any. */
export function groupIsActive(group: GroupDescription): ZoologError {
  return new ZoologError({
    code: "NON_EMPTY_GROUP",
    message: `group ${group.group} is active: ${plural(group.members.length, "member")}, ${whoIs(group)}`,
    hint: `End its consumers first; \`zoolog group members ${shellWord(group.group)}\` shows them all.`,
  });
}
