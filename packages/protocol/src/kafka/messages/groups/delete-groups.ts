import { defineMessage } from "../../kafka-message.ts";
import { array, error, int32, string, struct } from "../../schema/message-schema.ts";

/**
 * Deletes groups without members, with their offsets (KIP-229).
 *
 * - 1: the broker answers before it throttles. 2: flexible.
 */
export const deleteGroups = defineMessage({
  name: "DeleteGroups",
  versions: [0, 2],
  flexibleFrom: 2,
  request: { groupsNames: array(string()) },
  response: {
    throttleTimeMs: int32({ default: 0 }),
    results: array(struct({ groupId: string(), errorCode: error() })),
  },
});
