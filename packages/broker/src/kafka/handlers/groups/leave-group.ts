import type { KafkaHandler } from "../../request-dispatch.ts";
import { givenFields } from "../given-fields.ts";
import { groupErrorOf, refusedWith } from "./group-errors.ts";
import type { GroupParts } from "./group-parts.ts";

/** The version from which several leave at once, each with its own outcome (KIP-345). */
const BATCHED_FROM = 3;

export function leaveGroup({ api }: GroupParts): KafkaHandler<"LeaveGroup"> {
  return async ({ groupId, memberId, members: named }, context) => {
    const isBatched = context.apiVersion >= BATCHED_FROM;
    const leaving = isBatched ? named.map(givenFields) : [{ memberId }];
    try {
      const { members } = await api.groups["leave-group"]({ groupId, members: leaving }, context);
      const left = members.map(({ error, ...member }) => ({
        memberId: member.memberId,
        groupInstanceId: member.groupInstanceId,
        errorCode: error === undefined ? undefined : groupErrorOf(error.code),
      }));
      return isBatched ? { members: left } : { errorCode: left[0]?.errorCode };
    } catch (error) {
      return { errorCode: refusedWith(error) };
    }
  };
}
