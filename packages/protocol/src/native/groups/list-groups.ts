import { int32, list, object, optional, type Static } from "../schema.ts";
import {
  groupIdField,
  groupStateField,
  groupTypeField,
  protocolNameField,
} from "./group-fields.ts";

/** Kafka's ListGroups (key 16): the groups that the asked broker coordinates. */
export const listGroupsRequest = object({
  states: optional(list(groupStateField)),
  types: optional(list(groupTypeField)),
});
export type ListGroupsRequest = Static<typeof listGroupsRequest>;

export const listGroupsResponse = object({
  groups: list(
    object({
      group: groupIdField,
      type: groupTypeField,
      state: groupStateField,
      protocolType: optional(protocolNameField),
      members: int32,
    }),
  ),
});
export type ListGroupsResponse = Static<typeof listGroupsResponse>;
