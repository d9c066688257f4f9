import { defineMessage } from "../../kafka-message.ts";
import { array, error, int32, string, struct, uuid } from "../../schema/message-schema.ts";

/**
 * - 2: the broker answers before it throttles. 3: `TOPIC_DELETION_DISABLED`. 4: flexible.
 * - 5: messages; `THROTTLING_QUOTA_EXCEEDED` (KIP-599).
 * - 6: by name or by id (KIP-516): `topics` instead of `topicNames`.
 */
export const deleteTopics = defineMessage({
  name: "DeleteTopics",
  versions: [1, 6],
  flexibleFrom: 4,
  request: {
    topics: array(struct({ name: string({ nullFrom: 6 }), topicId: uuid() }), { from: 6 }),
    topicNames: array(string(), { to: 5 }),
    timeoutMs: int32(),
  },
  response: {
    throttleTimeMs: int32({ default: 0 }),
    responses: array(
      struct({
        name: string({ nullFrom: 6 }),
        topicId: uuid({ from: 6 }),
        errorCode: error(),
        errorMessage: string({ from: 5, nullFrom: 5 }),
      }),
    ),
  },
});
