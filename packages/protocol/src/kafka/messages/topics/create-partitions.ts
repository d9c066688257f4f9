import { defineMessage } from "../../kafka-message.ts";
import { array, boolean, error, int32, string, struct } from "../../schema/message-schema.ts";

const topicWanted = struct({
  name: string(),
  /** Of all its partitions, not only the new ones. */
  count: int32(),
  assignments: array(struct({ brokerIds: array(int32()) }), { nullFrom: 0 }),
});

/**
 * More partitions for topics (KIP-195).
 *
 * - 1: the broker answers before it throttles. 2: flexible. 3: `THROTTLING_QUOTA_EXCEEDED` (KIP-599).
 */
export const createPartitions = defineMessage({
  name: "CreatePartitions",
  versions: [0, 3],
  flexibleFrom: 2,
  request: {
    topics: array(topicWanted),
    timeoutMs: int32(),
    validateOnly: boolean(),
  },
  response: {
    throttleTimeMs: int32({ default: 0 }),
    results: array(
      struct({ name: string(), errorCode: error(), errorMessage: string({ nullFrom: 0 }) }),
    ),
  },
});
