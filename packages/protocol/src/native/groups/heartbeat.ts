import { int32, object, optional, type Static } from "../schema.ts";
import { groupIdField, groupInstanceIdField, memberIdField } from "./group-fields.ts";

/** Kafka's Heartbeat (key 12) of the classic protocol. `REBALANCE_IN_PROGRESS`: join again. */
export const heartbeatRequest = object({
  groupId: groupIdField,
  generationId: int32,
  memberId: memberIdField,
  groupInstanceId: optional(groupInstanceIdField),
});
export type HeartbeatRequest = Static<typeof heartbeatRequest>;

export const heartbeatResponse = object({});
export type HeartbeatResponse = Static<typeof heartbeatResponse>;
