import type { Violation } from "../invariants/invariant.ts";
import type { WorldHistory } from "../world/world-history.ts";
import type { WorldTopics } from "../world/world-topics.ts";
import type { SimulationOptions } from "./simulation-options.ts";

export type SimulationReport = {
  readonly options: SimulationOptions;
  readonly events: number;
  readonly virtualMs: number;
  readonly hash: string;
  readonly sends: number;
  readonly acknowledged: number;
  readonly processed: number;
  readonly replicaComparisons: number;
  readonly notes: readonly string[];
  /** Which faults began in which states of the cluster: `<fault> × <state>`. */
  readonly coverage: readonly string[];
  readonly violations: readonly Violation[];
  /** What the checkers found and the configuration does not promise to keep; see `Scenario.mayLose`. */
  readonly expectedLosses: readonly Violation[];
  /** Of the topic whose producers are not idempotent, and ask the leader alone. */
  readonly plain: PlainCounts;
};

export type PlainCounts = {
  readonly acknowledged: number;
  readonly lost: number;
  readonly duplicates: number;
};

/** What became of records that nobody promised to keep. */
export function plainCounts(history: WorldHistory, topics: WorldTopics): PlainCounts {
  const ids = topics.all.filter(({ promise }) => promise === "counted").map((life) => life.topicId);
  const logs = history.finalLogs.filter(({ key }) => ids.some((id) => key.startsWith(`${id}/`)));
  const copies = new Map<string, number>();
  for (const { records } of logs) {
    for (const [, value] of records) copies.set(value, (copies.get(value) ?? 0) + 1);
  }
  const names = new Set(topics.all.filter((life) => life.promise === "counted").map((l) => l.name));
  const sends = history.sends.filter(({ outcome, topic }) => outcome === "ok" && names.has(topic));
  return {
    acknowledged: sends.length,
    lost: sends.filter(({ value }) => !copies.has(value)).length,
    duplicates: [...copies.values()].reduce((sum, count) => sum + count - 1, 0),
  };
}
