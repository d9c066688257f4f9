import type { Clock, Logger, Scheduler } from "@zoolog/base";
import type { BrokerApi } from "../broker-api.ts";
import type { BrokerMetrics } from "../metrics.ts";
import type { BodyMemory } from "./bodies/body-memory.ts";
import type { CallRegistry } from "./call-registry.ts";
import type { HttpLimits } from "./http-limits.ts";

export type HttpPlaneDependencies = {
  readonly api: BrokerApi;
  readonly metrics: BrokerMetrics;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
};

/** What the modules of the plane share. */
export type PlaneParts = HttpPlaneDependencies & {
  readonly limits: HttpLimits;
  readonly calls: CallRegistry;
  readonly bodyMemory: BodyMemory;
  readonly allowedHosts: readonly string[] | undefined;
};
