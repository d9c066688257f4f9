import { defineMessage } from "../../kafka-message.ts";
import { array, error, int32, string, struct } from "../../schema/message-schema.ts";

/**
 * The groups that this broker coordinates. An empty filter lets all of them through.
 *
 * - 1: throttle time. 2: the broker answers before it throttles. 3: flexible.
 * - 4: states (KIP-518). 5: types (KIP-848).
 */
export const listGroups = defineMessage({
  name: "ListGroups",
  versions: [0, 5],
  flexibleFrom: 3,
  request: {
    statesFilter: array(string(), { from: 4 }),
    typesFilter: array(string(), { from: 5 }),
  },
  response: {
    throttleTimeMs: int32({ from: 1 }),
    errorCode: error(),
    groups: array(
      struct({
        groupId: string(),
        protocolType: string(),
        groupState: string({ from: 4 }),
        groupType: string({ from: 5 }),
      }),
    ),
  },
});
