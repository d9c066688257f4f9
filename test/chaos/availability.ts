import type { HistoryEntry } from "@zoolog/testkit";
import type { NemesisEvent } from "./nemesis.ts";

export type Stall = {
  readonly what: string;
  /** From the last acknowledgement before to the first after, ms, one per partition that was led. */
  readonly perPartition: readonly number[];
  /** The partition that waited longest. */
  readonly longest: number;
};

/** How long the partitions of a broker that stopped serving were without acknowledgements. */
export function stallsOf(
  events: readonly NemesisEvent[],
  entries: readonly HistoryEntry[],
): readonly Stall[] {
  const acknowledgements = acknowledgedAt(entries);
  return events.flatMap((event) => {
    if (event.broker === undefined) return [];
    const silences = event.led.flatMap((partition) =>
      longestSilence(acknowledgements.get(String(partition)) ?? [], event.at).map((ms) => ({
        partition,
        ms,
      })),
    );
    const [longest] = silences.toSorted((a, b) => b.ms - a.ms);
    if (longest === undefined) return [];
    const perPartition = silences.map(({ ms }) => ms);
    return [{ what: event.what, perPartition, longest: longest.partition }];
  });
}

/** What was on its way when the broker stopped may still be acknowledged for so long. */
const AFTERGLOW_MS = 1_000;

/** The longest time between two acknowledgements that began before or soon after `at`. */
function longestSilence(times: readonly number[], at: number): readonly number[] {
  const silences: number[] = [];
  for (
    let index = Math.max(
      1,
      times.findIndex((time) => time > at),
    );
    index < times.length;
    index++
  ) {
    const [before = 0, after = 0] = [times[index - 1], times[index]];
    if (before > at + AFTERGLOW_MS) break;
    silences.push(after - before);
  }
  return silences.length === 0 ? [] : [Math.max(...silences)];
}

function acknowledgedAt(entries: readonly HistoryEntry[]): ReadonlyMap<string, readonly number[]> {
  const times = new Map<string, number[]>();
  for (const entry of entries) {
    if (entry.f !== "send" || entry.outcome !== "ok") continue;
    const known = times.get(entry.key);
    if (known === undefined) times.set(entry.key, [entry.settledAt]);
    else known.push(entry.settledAt);
  }
  for (const known of times.values()) known.sort((a, b) => a - b);
  return times;
}

/** @param share from 0 to 1. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}
