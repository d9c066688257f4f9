import type { KafkaHandler } from "../../request-dispatch.ts";
import { askedGroups } from "./asked-groups.ts";
import { groupErrorOf } from "./group-errors.ts";
import type { GroupParts } from "./group-parts.ts";

export function deleteGroups({ api }: GroupParts): KafkaHandler<"DeleteGroups"> {
  return async ({ groupsNames }, context) => {
    const asked = askedGroups(groupsNames);
    const { groups } = await api.groups["delete-groups"]({ groups: asked }, context);
    return {
      results: groups.map(({ group, error }) => ({
        groupId: group,
        errorCode: error === undefined ? undefined : groupErrorOf(error.code),
      })),
    };
  };
}
