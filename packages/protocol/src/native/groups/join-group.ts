import { itemError } from "../errors.ts";
import { bytes, either, flag, int32, list, object, optional, type Static } from "../schema.ts";
import {
  groupIdField,
  groupInstanceIdField,
  leaveReasonField,
  memberIdField,
  protocolNameField,
} from "./group-fields.ts";

/**
 * Kafka's JoinGroup (key 11) of the classic protocol. Parks until the group's other members have
 * joined, at most for the rebalance timeout. Protocols come in the order of preference.
 */
export const joinGroupRequest = object({
  groupId: groupIdField,
  memberId: optional(memberIdField),
  groupInstanceId: optional(groupInstanceIdField),
  protocolType: protocolNameField,
  protocols: list(object({ name: protocolNameField, metadata: bytes() })),
  sessionTimeoutMs: int32,
  rebalanceTimeoutMs: int32,
  reason: optional(leaveReasonField),
});
export type JoinGroupRequest = Static<typeof joinGroupRequest>;

const joinedMember = object({
  memberId: memberIdField,
  groupInstanceId: optional(groupInstanceIdField),
  metadata: bytes(),
});

/**
 * `error` is `MEMBER_ID_REQUIRED` alone: join again with the `memberId` that came with it (KIP-394).
 * Only the leader is told the members. With `skipAssignment` it does not assign (KIP-345's leader
 * that came back).
 */
export const joinGroupResponse = either([
  object({ error: itemError, memberId: memberIdField }),
  object({
    memberId: memberIdField,
    generationId: int32,
    protocolType: protocolNameField,
    protocolName: protocolNameField,
    leader: memberIdField,
    skipAssignment: flag(),
    members: list(joinedMember),
  }),
]);
export type JoinGroupResponse = Static<typeof joinGroupResponse>;
