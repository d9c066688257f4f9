import { itemError } from "../errors.ts";
import { brokerIdField, flag, int32, list, object, optional, type Static } from "../schema.ts";
import {
  groupIdField,
  groupStateField,
  groupTypeField,
  protocolNameField,
} from "./group-fields.ts";

/** Kafka's ListGroups (key 16): the groups that the asked broker coordinates, or all of them. */
export const listGroupsRequest = object({
  allBrokers: optional(flag({ description: "Ask the other brokers, too" })),
  states: optional(list(groupStateField)),
  types: optional(list(groupTypeField)),
});
export type ListGroupsRequest = Static<typeof listGroupsRequest>;

/** `unanswered`: brokers whose groups are missing from the list. */
export const listGroupsResponse = object({
  groups: list(
    object({
      group: groupIdField,
      type: groupTypeField,
      state: groupStateField,
      protocolType: optional(protocolNameField),
      members: int32,
      coordinator: brokerIdField,
    }),
  ),
  unanswered: optional(list(object({ brokerId: brokerIdField, error: itemError }))),
});
export type ListGroupsResponse = Static<typeof listGroupsResponse>;
