import { defineMessage } from "../../kafka-message.ts";
import {
  array,
  boolean,
  bytes,
  error,
  int32,
  string,
  struct,
} from "../../schema/message-schema.ts";

/**
 * Asks to be a member of the next generation of a classic group; waits for the others.
 *
 * - 1: rebalance timeout (before, the session's). 2: throttle time. 3: the broker answers before it
 *   throttles. 4: `MEMBER_ID_REQUIRED` (KIP-394). 5: static members (KIP-345). 6: flexible.
 * - 7: protocol type in the answer (KIP-559). 8: the reason (KIP-800).
 * - 9: a leader that comes back is told not to assign (KIP-814).
 */
export const joinGroup = defineMessage({
  name: "JoinGroup",
  versions: [0, 9],
  flexibleFrom: 6,
  request: {
    groupId: string(),
    sessionTimeoutMs: int32(),
    rebalanceTimeoutMs: int32({ from: 1, absent: -1 }),
    memberId: string({ absent: "" }),
    groupInstanceId: string({ from: 5, nullFrom: 5 }),
    protocolType: string(),
    protocols: array(struct({ name: string(), metadata: bytes() })),
    reason: string({ from: 8, nullFrom: 8 }),
  },
  response: {
    throttleTimeMs: int32({ from: 2 }),
    errorCode: error(),
    generationId: int32({ absent: -1 }),
    protocolType: string({ from: 7, nullFrom: 7 }),
    protocolName: string({ nullFrom: 7 }),
    leader: string({ absent: "" }),
    skipAssignment: boolean({ from: 9 }),
    memberId: string({ absent: "" }),
    members: array(
      struct({
        memberId: string(),
        groupInstanceId: string({ from: 5, nullFrom: 5 }),
        metadata: bytes(),
      }),
    ),
  },
});
