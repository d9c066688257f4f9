import type { KafkaHandlers } from "../../request-dispatch.ts";
import type { HandlerParts } from "../handler-parts.ts";
import { alterConfigs } from "./alter-configs.ts";
import { describeConfigs } from "./describe-configs.ts";
import { incrementalAlterConfigs } from "./incremental-alter-configs.ts";

/** Settings of topics and brokers. */
export function configHandlers(parts: HandlerParts) {
  return {
    DescribeConfigs: describeConfigs(parts),
    AlterConfigs: alterConfigs(parts),
    IncrementalAlterConfigs: incrementalAlterConfigs(parts),
  } satisfies KafkaHandlers;
}
