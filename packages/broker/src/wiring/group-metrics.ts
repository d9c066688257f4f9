import { stateName } from "../calls/groups/group-views.ts";
import type { MetricRegistry } from "../metric-registry.ts";
import type { GroupRuntime } from "../runtimes/groups/group-runtime.ts";
import type { LagGauge } from "../runtimes/groups/lag-gauge.ts";

const STATES = [
  "empty",
  "preparingRebalance",
  "completingRebalance",
  "assigning",
  "reconciling",
  "stable",
] as const;

/** The groups that this broker coordinates. Read at a scrape, never pushed. */
export function describeGroupMetrics(
  registry: MetricRegistry,
  { groups, lagGauge }: { readonly groups: GroupRuntime; readonly lagGauge: LagGauge },
): void {
  const { counters, budget } = groups;
  registry.gauge("zoolog_coordinator_slots", "Slots of groups that this broker has", () => [
    { labels: { state: "loaded" }, value: groups.slots.loaded },
    { labels: { state: "loading" }, value: groups.slots.loading },
  ]);
  registry.gauge("zoolog_groups", "Groups coordinated here, by their state", () => {
    const counts = new Map<string, number>();
    for (const { state } of groups.snapshot()) {
      const name = stateName(state);
      counts.set(name, (counts.get(name) ?? 0) + 1);
    }
    return STATES.map((state) => ({ labels: { state }, value: counts.get(state) ?? 0 }));
  });
  registry.gauge(
    "zoolog_group_names_used_ratio",
    "Of the fullest slot here: how much of the room for names of groups is taken; 1 refuses new ones",
    () => groups.namesUsed,
  );
  registry.gauge("zoolog_group_members", "Members of the groups coordinated here", () =>
    groups.snapshot().reduce((sum, { state }) => sum + state.members.size, 0),
  );
  registry.gauge("zoolog_group_requests_waiting", "Joins, syncs and commits that wait", () => {
    return budget.waiting;
  });
  registry.gauge(
    "zoolog_group_state_bytes",
    "What members sent and were assigned, in memory",
    () => {
      return budget.bytes;
    },
  );
  registry.total(
    "zoolog_group_rebalances_total",
    "New generations and new target assignments",
    () => counters.rebalances,
  );
  registry.total(
    "zoolog_committed_offsets_total",
    "Offsets of partitions that ZooKeeper has taken",
    () => counters.committedOffsets,
  );
  registry.histogram(
    "zoolog_offset_commit_duration_seconds",
    "From a commit's decision until ZooKeeper has it",
    counters.commitDurations,
  );
  registry.gauge(
    "zoolog_group_lag_records",
    "Records behind what the group has committed, as last measured",
    () => [...lagGauge.lags].map(([group, { lag }]) => ({ labels: { group }, value: lag })),
  );
  registry.gauge(
    "zoolog_group_lag_unanswered_partitions",
    "Partitions that the group's lag leaves out, as their leaders did not answer",
    () =>
      [...lagGauge.lags].map(([group, { unanswered }]) => ({
        labels: { group },
        value: unanswered,
      })),
  );
  registry.gauge(
    "zoolog_group_lag_seconds",
    "Age of the oldest record behind what the group has committed, as last measured",
    () =>
      [...lagGauge.lags].flatMap(([group, { lagMs }]) =>
        lagMs === undefined ? [] : [{ labels: { group }, value: lagMs / 1_000 }],
      ),
  );
}
