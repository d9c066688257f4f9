import { itemError } from "../errors.ts";
import { either, flag, list, object, optional, type Static, text } from "../schema.ts";
import {
  configName,
  configResourceName,
  configResourceType,
  configSource,
  configType,
  configValue,
} from "./config-fields.ts";

/** Kafka's DescribeConfigs (key 32). Without `keys`: all settings. */
export const describeConfigsRequest = object({
  resources: list(
    object({
      type: configResourceType,
      name: configResourceName,
      keys: optional(list(configName)),
    }),
  ),
});
export type DescribeConfigsRequest = Static<typeof describeConfigsRequest>;

/** What a setting is and would be: `synonyms` lists every place that sets it, the winner first. */
const configEntry = object({
  name: configName,
  value: optional(configValue),
  source: configSource,
  /** Missing where the answering broker does not know the setting. */
  type: optional(configType),
  dynamic: flag({ description: "It can be changed while brokers run" }),
  sensitive: flag({ description: "Its value is not shown" }),
  default: optional(configValue),
  synonyms: list(object({ name: configName, value: optional(configValue), source: configSource })),
  about: text({ maxLength: 10_000 }),
});

export const describeConfigsResponse = object({
  resources: list(
    either([
      object({ type: configResourceType, name: configResourceName, error: itemError }),
      object({ type: configResourceType, name: configResourceName, configs: list(configEntry) }),
    ]),
  ),
});
export type DescribeConfigsResponse = Static<typeof describeConfigsResponse>;
