import { defineMessage } from "../../kafka-message.ts";
import { array, error, int32, string, struct } from "../../schema/message-schema.ts";

/**
 * Members leave without waiting for their session's end.
 *
 * - 1: throttle time. 2: the broker answers before it throttles.
 * - 3: several members at once, also by instance id: how an operator removes static ones (KIP-345).
 * - 4: flexible. 5: reasons (KIP-800).
 */
export const leaveGroup = defineMessage({
  name: "LeaveGroup",
  versions: [0, 5],
  flexibleFrom: 4,
  request: {
    groupId: string(),
    memberId: string({ to: 2 }),
    members: array(
      struct({
        memberId: string({ absent: "" }),
        groupInstanceId: string({ nullFrom: 3 }),
        reason: string({ from: 5, nullFrom: 5 }),
      }),
      { from: 3 },
    ),
  },
  response: {
    throttleTimeMs: int32({ from: 1 }),
    errorCode: error(),
    members: array(
      struct({
        memberId: string({ absent: "" }),
        groupInstanceId: string({ nullFrom: 3 }),
        errorCode: error(),
      }),
      { from: 3 },
    ),
  },
});
