import type { BrokerApi } from "../../../broker-api.ts";
import type { KafkaHandlers } from "../../request-dispatch.ts";
import { alterConfigs } from "./alter-configs.ts";
import { describeConfigs } from "./describe-configs.ts";
import { incrementalAlterConfigs } from "./incremental-alter-configs.ts";

/** Settings of topics and brokers. */
export function configHandlers(parts: { readonly api: BrokerApi }) {
  return {
    DescribeConfigs: describeConfigs(parts),
    AlterConfigs: alterConfigs(parts),
    IncrementalAlterConfigs: incrementalAlterConfigs(parts),
  } satisfies KafkaHandlers;
}
