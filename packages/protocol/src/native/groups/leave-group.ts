import { itemError } from "../errors.ts";
import { list, object, optional, type Static } from "../schema.ts";
import {
  groupIdField,
  groupInstanceIdField,
  leaveReasonField,
  memberIdField,
} from "./group-fields.ts";

const identity = {
  memberId: optional(memberIdField),
  groupInstanceId: optional(groupInstanceIdField),
};

/**
 * Kafka's LeaveGroup (key 13), of both protocols: members that leave, or that an operator removes.
 * A static member may be named by its instance id alone.
 */
export const leaveGroupRequest = object({
  groupId: groupIdField,
  members: list(object({ ...identity, reason: optional(leaveReasonField) })),
});
export type LeaveGroupRequest = Static<typeof leaveGroupRequest>;

export const leaveGroupResponse = object({
  members: list(object({ ...identity, error: optional(itemError) })),
});
export type LeaveGroupResponse = Static<typeof leaveGroupResponse>;
