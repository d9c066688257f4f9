import { itemError } from "../errors.ts";
import { flag, list, object, oneOfNames, optional, type Static } from "../schema.ts";
import { adminTimeoutMs } from "../topics/create-topics.ts";
import {
  configName,
  configResourceName,
  configResourceType,
  configValue,
} from "./config-fields.ts";

/**
 * Kafka's IncrementalAlterConfigs (key 44): the changes of a resource are made together or not at
 * all. `append` and `subtract` are for settings that are lists.
 */
export const alterConfigsRequest = object({
  timeoutMs: adminTimeoutMs,
  validateOnly: flag({ description: "Check everything, change nothing", default: false }),
  resources: list(
    object({
      type: configResourceType,
      name: configResourceName,
      changes: list(
        object({
          name: configName,
          operation: oneOfNames(["set", "delete", "append", "subtract"], { default: "set" }),
          value: optional(configValue),
        }),
      ),
    }),
  ),
});
export type AlterConfigsRequest = Static<typeof alterConfigsRequest>;

export const alterConfigsResponse = object({
  resources: list(
    object({ type: configResourceType, name: configResourceName, error: optional(itemError) }),
  ),
});
export type AlterConfigsResponse = Static<typeof alterConfigsResponse>;
