import type { ClusterImage } from "@zoolog/controller";
import type { BrokerConfig } from "./config.ts";
import {
  type BrokerOverrides,
  NO_OVERRIDES,
  overridesOf,
  withOverrides,
} from "./dynamic-settings.ts";

/**
 * A broker's configuration as it is now: what it was started with, under what the cluster image
 * says. Who wants to know asks each time.
 */
export class LiveConfig {
  /** What the broker was started with. */
  readonly started: BrokerConfig;
  #current: BrokerConfig;
  #overrides: BrokerOverrides = NO_OVERRIDES;
  #followed: ClusterImage["brokerConfigs"] | undefined;

  constructor(started: BrokerConfig) {
    this.started = started;
    this.#current = started;
  }

  /** The same object until something changes. */
  get current(): BrokerConfig {
    return this.#current;
  }

  get overrides(): BrokerOverrides {
    return this.#overrides;
  }

  follow({ brokerConfigs }: ClusterImage): void {
    if (brokerConfigs === this.#followed) return;
    this.#followed = brokerConfigs;
    this.#overrides = overridesOf({ brokerConfigs }, this.started.brokerId);
    const next = withOverrides(this.started, this.#overrides);
    if (!sameValues(next, this.#current)) this.#current = next;
  }
}

function sameValues(a: BrokerConfig, b: BrokerConfig): boolean {
  const others = new Map(Object.entries(b));
  return Object.entries(a).every(([key, value]) => others.get(key) === value);
}
