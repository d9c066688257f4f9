import { defineMessage } from "../../kafka-message.ts";
import { error, int32, string } from "../../schema/message-schema.ts";

/**
 * A member of a classic group says that it lives.
 *
 * - 1: throttle time. 2: the broker answers before it throttles. 3: static members (KIP-345).
 * - 4: flexible.
 */
export const heartbeat = defineMessage({
  name: "Heartbeat",
  versions: [0, 4],
  flexibleFrom: 4,
  request: {
    groupId: string(),
    generationId: int32(),
    memberId: string(),
    groupInstanceId: string({ from: 3, nullFrom: 3 }),
  },
  response: {
    throttleTimeMs: int32({ from: 1 }),
    errorCode: error(),
  },
});
