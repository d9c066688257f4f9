import { defineMessage } from "../../kafka-message.ts";
import { array, boolean, int8, int32, string, struct } from "../../schema/message-schema.ts";
import { configOutcome } from "./config-outcome.ts";

/**
 * Replaces all settings of topics and brokers: what is not named is set back (KIP-133).
 *
 * - 1: the broker answers before it throttles. 2: flexible.
 */
export const alterConfigs = defineMessage({
  name: "AlterConfigs",
  versions: [0, 2],
  flexibleFrom: 2,
  request: {
    resources: array(
      struct({
        resourceType: int8(),
        resourceName: string(),
        configs: array(struct({ name: string(), value: string({ nullFrom: 0 }) })),
      }),
    ),
    validateOnly: boolean(),
  },
  response: {
    throttleTimeMs: int32({ default: 0 }),
    responses: array(configOutcome),
  },
});
