import type { LeavingMember } from "./group-event.ts";
import type { GroupRefusal } from "./group-reply.ts";

/** What groups of both types know of who is in them. */
type Membership = {
  readonly members: ReadonlyMap<string, unknown>;
  readonly instances: ReadonlyMap<string, string>;
};

/** A member is known by its id; with an instance id, that must be its own still (KIP-345). */
export function memberRefusal(
  group: Membership,
  memberId: string,
  groupInstanceId: string | undefined,
): GroupRefusal | undefined {
  if (groupInstanceId !== undefined) {
    const holder = group.instances.get(groupInstanceId);
    if (holder === undefined) return unknownMember(`instance ${groupInstanceId}`);
    if (holder !== memberId) {
      const message = `another process has joined with instance id ${groupInstanceId}`;
      return { code: "FENCED_INSTANCE_ID", message };
    }
  }
  return group.members.has(memberId) ? undefined : unknownMember(memberId);
}

/** The member that is meant by its id, or by its instance id alone. */
export function namedMember(
  group: Membership,
  memberId: string | undefined,
  groupInstanceId: string | undefined,
): string | undefined {
  if (memberId !== undefined) return memberId;
  return groupInstanceId === undefined ? undefined : group.instances.get(groupInstanceId);
}

export function unknownMember(who: string): GroupRefusal {
  return { code: "UNKNOWN_MEMBER_ID", message: `${who} is not a member of the group` };
}

/** What a member is told that waits for an answer while it leaves. */
export function removed({ reason }: LeavingMember): GroupRefusal {
  const message = `the member has left the group${reason === undefined ? "" : `: ${reason}`}`;
  return { code: "UNKNOWN_MEMBER_ID", message };
}
