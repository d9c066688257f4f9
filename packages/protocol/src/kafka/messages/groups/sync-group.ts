import { defineMessage } from "../../kafka-message.ts";
import { array, bytes, error, int32, string, struct } from "../../schema/message-schema.ts";

/**
 * The leader hands in everybody's assignment, and each member waits for its own.
 *
 * - 1: throttle time. 2: the broker answers before it throttles. 3: static members (KIP-345).
 * - 4: flexible. 5: protocol type and name, to be compared with the group's (KIP-559).
 */
export const syncGroup = defineMessage({
  name: "SyncGroup",
  versions: [0, 5],
  flexibleFrom: 4,
  request: {
    groupId: string(),
    generationId: int32(),
    memberId: string(),
    groupInstanceId: string({ from: 3, nullFrom: 3 }),
    protocolType: string({ from: 5, nullFrom: 5 }),
    protocolName: string({ from: 5, nullFrom: 5 }),
    assignments: array(struct({ memberId: string(), assignment: bytes() })),
  },
  response: {
    throttleTimeMs: int32({ from: 1 }),
    errorCode: error(),
    protocolType: string({ from: 5, nullFrom: 5 }),
    protocolName: string({ from: 5, nullFrom: 5 }),
    assignment: bytes(),
  },
});
