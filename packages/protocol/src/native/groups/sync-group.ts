import { bytes, int32, list, object, optional, type Static } from "../schema.ts";
import {
  groupIdField,
  groupInstanceIdField,
  memberIdField,
  protocolNameField,
} from "./group-fields.ts";

/** Kafka's SyncGroup (key 14). Only the leader sends assignments; the others park until it has. */
export const syncGroupRequest = object({
  groupId: groupIdField,
  generationId: int32,
  memberId: memberIdField,
  groupInstanceId: optional(groupInstanceIdField),
  protocolType: optional(protocolNameField),
  protocolName: optional(protocolNameField),
  assignments: list(object({ memberId: memberIdField, assignment: bytes() })),
});
export type SyncGroupRequest = Static<typeof syncGroupRequest>;

export const syncGroupResponse = object({
  protocolType: protocolNameField,
  protocolName: protocolNameField,
  assignment: bytes({ description: "Empty: no partitions" }),
});
export type SyncGroupResponse = Static<typeof syncGroupResponse>;
