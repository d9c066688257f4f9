import type { Anomaly, AnomalyKind, FinalLog, HistoryEntry } from "./history.ts";
import { KeyHistory } from "./key-history.ts";

export type Verdict = {
  readonly anomalies: readonly Anomaly[];
  readonly countByKind: ReadonlyMap<AnomalyKind, number>;
  readonly acknowledged: number;
  /** Sends whose fate the client never learned. */
  readonly unknown: number;
  readonly failed: number;
  readonly read: number;
};

/**
 * Judges a history against the logs that were left. An empty list of anomalies is a clean run. Of a
 * key without a final log (its topic was deleted) only what was read is judged.
 */
export function checkHistory(
  entries: Iterable<HistoryEntry>,
  finalLogs: Iterable<FinalLog>,
): Verdict {
  const keys = new Map<string, KeyHistory>();
  const outcomes = { ok: 0, fail: 0, info: 0 };
  let read = 0;
  const historyOf = (key: string): KeyHistory => {
    const known = keys.get(key) ?? new KeyHistory(key);
    keys.set(key, known);
    return known;
  };
  for (const entry of entries) {
    if (entry.f === "send") {
      outcomes[entry.outcome] += 1;
      historyOf(entry.key).addSend(entry);
    } else {
      read += entry.records.length;
      historyOf(entry.key).addPoll(entry);
    }
  }
  for (const log of finalLogs) historyOf(log.key).addFinal(log);
  const anomalies = [...keys.values()].flatMap((key) => key.check());
  const countByKind = new Map<AnomalyKind, number>();
  for (const { kind } of anomalies) countByKind.set(kind, (countByKind.get(kind) ?? 0) + 1);
  const { ok: acknowledged, info: unknown, fail: failed } = outcomes;
  return { anomalies, countByKind, acknowledged, unknown, failed, read };
}
