import { defineMessage } from "../../kafka-message.ts";
import { array, boolean, int8, int32, string, struct } from "../../schema/message-schema.ts";
import { configOutcome } from "./config-outcome.ts";

const alteration = struct({
  name: string(),
  /** 0 sets, 1 deletes, 2 appends to a list, 3 takes from it. */
  configOperation: int8(),
  value: string({ nullFrom: 0 }),
});

/**
 * Changes single settings of topics and brokers (KIP-339).
 *
 * - 1: flexible.
 */
export const incrementalAlterConfigs = defineMessage({
  name: "IncrementalAlterConfigs",
  versions: [0, 1],
  flexibleFrom: 1,
  request: {
    resources: array(
      struct({ resourceType: int8(), resourceName: string(), configs: array(alteration) }),
    ),
    validateOnly: boolean(),
  },
  response: {
    throttleTimeMs: int32({ default: 0 }),
    responses: array(configOutcome),
  },
});
