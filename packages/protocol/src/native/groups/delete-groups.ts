import { itemError } from "../errors.ts";
import { list, object, optional, type Static } from "../schema.ts";
import { groupIdField } from "./group-fields.ts";

/** Kafka's DeleteGroups (key 42): groups without members, with all their offsets. */
export const deleteGroupsRequest = object({ groups: list(groupIdField) });
export type DeleteGroupsRequest = Static<typeof deleteGroupsRequest>;

export const deleteGroupsResponse = object({
  groups: list(object({ group: groupIdField, error: optional(itemError) })),
});
export type DeleteGroupsResponse = Static<typeof deleteGroupsResponse>;
