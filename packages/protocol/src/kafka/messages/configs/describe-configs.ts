import { defineMessage } from "../../kafka-message.ts";
import { array, boolean, error, int8, int32, string, struct } from "../../schema/message-schema.ts";

const config = struct({
  name: string(),
  value: string({ nullFrom: 0 }),
  readOnly: boolean(),
  configSource: int8({ default: -1 }),
  isSensitive: boolean(),
  synonyms: array(struct({ name: string(), value: string({ nullFrom: 0 }), source: int8() }), {
    from: 1,
  }),
  configType: int8({ from: 3 }),
  documentation: string({ from: 3, nullFrom: 3 }),
});

/**
 * Settings of topics (resource type 2) and brokers (4), and where each value comes from (KIP-133,
 * KIP-226).
 *
 * - 1: sources and synonyms. 2: the broker answers before it throttles.
 * - 3: type and documentation (KIP-569). 4: flexible.
 */
export const describeConfigs = defineMessage({
  name: "DescribeConfigs",
  versions: [1, 4],
  flexibleFrom: 4,
  request: {
    resources: array(
      struct({
        resourceType: int8(),
        resourceName: string(),
        /** `undefined` for all of them. */
        configurationKeys: array(string(), { nullFrom: 0 }),
      }),
    ),
    includeSynonyms: boolean({ from: 1 }),
    includeDocumentation: boolean({ from: 3 }),
  },
  response: {
    throttleTimeMs: int32({ default: 0 }),
    results: array(
      struct({
        errorCode: error(),
        errorMessage: string({ nullFrom: 0 }),
        resourceType: int8(),
        resourceName: string(),
        configs: array(config),
      }),
    ),
  },
});
