import type { Clock } from "@zoolog/base";
import type { CoordinationStore, StoreState } from "@zoolog/coordination";
import type { MetricRegistry } from "../metric-registry.ts";
import type { ControllerRuntime } from "../runtimes/controller/controller-runtime.ts";
import type { MetadataCache } from "../runtimes/image/metadata-cache.ts";

const SESSION_STATES: readonly StoreState[] = ["connected", "suspended", "expired", "closed"];

/** How this broker stands in its cluster. Read at a scrape, never pushed. */
export function describeClusterMetrics(
  registry: MetricRegistry,
  parts: {
    readonly store: CoordinationStore;
    readonly cache: MetadataCache;
    readonly controller: ControllerRuntime;
    readonly clock: Clock;
  },
): void {
  const { store, cache, controller, clock } = parts;
  const { elections } = controller;
  registry.total(
    "zoolog_leader_elections_total",
    "Leaders that this broker elected as controller",
    () => elections.leaders,
  );
  registry.total(
    "zoolog_unclean_leader_elections_total",
    "Those of them that were not in the ISR: records were lost",
    () => elections.uncleanLeaders,
  );
  registry.gauge("zoolog_is_controller", "1 while this broker is the controller", () =>
    controller.isController ? 1 : 0,
  );
  registry.gauge("zoolog_image_version", "Of the cluster image in effect here", () => {
    return cache.image?.version ?? 0;
  });
  registry.gauge("zoolog_image_controller_epoch", "Of the cluster image in effect here", () => {
    return cache.image?.controllerEpoch ?? 0;
  });
  registry.gauge(
    "zoolog_image_age_seconds",
    "Since the cluster image in effect here was taken over",
    () => (cache.changedAt === undefined ? 0 : (clock.monotonic() - cache.changedAt) / 1_000),
  );
  registry.gauge("zoolog_zookeeper_session_state", "1 for the state that the session is in", () =>
    SESSION_STATES.map((state) => ({ labels: { state }, value: store.state === state ? 1 : 0 })),
  );
  registry.gauge(
    "zoolog_zookeeper_lease_seconds",
    "Until this broker must assume that it was replaced",
    () => store.leaseRemainingMs() / 1_000,
  );
}
