import type { Clock, Logger, Scheduler } from "@zoolog/base";
import type { LargeBuffers } from "@zoolog/protocol";
import type { BrokerApi } from "../broker-api.ts";
import type { BrokerMetrics } from "../metrics.ts";
import type { PeerApi } from "../peer-api.ts";
import type { CallBudgets, CallRegistry } from "../planes/call-registry.ts";
import type { RareWarnings } from "../planes/rare-warnings.ts";
import type { BrokerPrincipal } from "../principal.ts";
import type { IncomingBodies } from "./bodies/incoming-bodies.ts";
import type { HttpLimits } from "./http-limits.ts";

/** What other brokers may ask, and how they are told from everybody else. */
export type PeerAccess = {
  readonly api: PeerApi;
  /** The broker that the header `BROKER_CREDENTIAL_HEADER` proves; `undefined` when it is forged. */
  brokerOf(credential: string, remoteAddress: string): BrokerPrincipal | undefined;
};

export type HttpPlaneDependencies = {
  readonly api: BrokerApi;
  /** Without it no call is let in as a broker's. */
  readonly peers?: PeerAccess | undefined;
  /** Shared with the other planes of the broker; without them the plane has some of its own. */
  readonly budgets?: CallBudgets | undefined;
  readonly metrics: BrokerMetrics;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
};

/** What the modules of the plane share. */
export type PlaneParts = HttpPlaneDependencies & {
  readonly limits: HttpLimits;
  readonly calls: CallRegistry;
  readonly incomingBodies: IncomingBodies;
  readonly bodyMemory: LargeBuffers;
  readonly warnings: RareWarnings;
  readonly allowedHosts: readonly string[] | undefined;
};
