import type { CoordinationStore } from "@zoolog/coordination";
import type { LogManager } from "@zoolog/log";
import type { BrokerHealth } from "./broker-api.ts";
import type { RegistrationRuntime } from "./runtimes/membership/registration-runtime.ts";
import type { Runtimes } from "./wiring/runtime-parts.ts";

/** What a broker's health is read from: parts that are not there yet are missing. */
export type HealthSources = {
  readonly isClosing: boolean;
  /** This process cannot go on. */
  readonly hasFailed: boolean;
  readonly logs: LogManager | undefined;
  readonly store: CoordinationStore | undefined;
  readonly registration: RegistrationRuntime | undefined;
  readonly runtimes: Runtimes | undefined;
};

/** Whether a broker lives and serves, and what is missing. */
export class HealthCheck {
  #hasCaughtUp = false;

  health(sources: HealthSources): BrokerHealth {
    const { isClosing, hasFailed, logs, registration, runtimes } = sources;
    const dataFault = logs?.failure;
    const missing: string[] = [];
    if (isClosing) missing.push("The broker is shutting down.");
    if (dataFault !== undefined) missing.push(`${dataFault.message}.`);
    if (registration?.brokerEpoch === undefined) missing.push(whyUnregistered(sources));
    if (runtimes?.cache.image === undefined) {
      missing.push("The broker has no picture of the cluster yet.");
    }
    if (missing.length === 0 && !this.#caughtUp(runtimes)) {
      missing.push("Replicas here have not caught up with their leaders yet.");
    }
    const ready = missing.length === 0;
    const live = dataFault === undefined && !hasFailed;
    return { live, ready, reasons: [...missing, ...warnings(sources)] };
  }

  /**
   * Once is enough: who restarts brokers one after the other waits for it. Later a replica that lags
   * is a matter of its partition, and no reason to send clients elsewhere.
   */
  #caughtUp(runtimes: Runtimes | undefined): boolean {
    this.#hasCaughtUp ||= runtimes?.replicas.isCaughtUp === true;
    return this.#hasCaughtUp;
  }
}

function whyUnregistered({ registration, store }: HealthSources): string {
  const failure = registration?.failure;
  if (failure !== undefined) return failure;
  const { state, failure: reason } = store ?? {};
  const isKnown = state === "expired" && reason !== undefined;
  return isKnown ? `${reason}.` : "The broker is not registered in ZooKeeper.";
}

/** What does not keep the broker from serving. */
function warnings({ store, runtimes }: HealthSources): string[] {
  const warnings: string[] = [];
  if (store?.state === "suspended") warnings.push("ZooKeeper does not answer.");
  if (store?.historyDoubt !== undefined) {
    warnings.push(`Nobody can tell whether the ensemble was set back: ${store.historyDoubt}.`);
  }
  warnings.push(...(runtimes?.faults.reasons ?? []));
  let offline = 0;
  for (const { state } of runtimes?.replicas.partitions.values() ?? []) {
    if (state.role === "offline") offline += 1;
  }
  if (offline > 0) warnings.push(`${offline} replicas are offline; describe the topics for why.`);
  return warnings;
}
