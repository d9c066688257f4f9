import { quantile } from "./availability.ts";
import type { ChaosReport } from "./chaos-run.ts";

/** Anomalies shown of each run; all of them are counted. */
const SHOWN_MAX = 20;

/** Values are long, and their beginning names them. */
const SHOWN_CHARACTERS_MAX = 120;

/** From the end of a network fault until every replica is in sync again. */
const RECOVERY_MS_MAX = 15_000;

/** What is wrong with a run, counted; 0 for a clean one. */
export function violations(report: ChaosReport): number {
  const { verdict, differences, unexpectedExits, unread } = report;
  const counts = [verdict.anomalies, differences, unexpectedExits, unread, slowRecoveries(report)];
  return counts.reduce((sum, { length }) => sum + length, 0);
}

function slowRecoveries({ recoveries }: ChaosReport): readonly unknown[] {
  return recoveries.filter(({ ms: took }) => took > RECOVERY_MS_MAX);
}

/** The whole report for people; its last line is the summary. */
export function formatReport(report: ChaosReport): string {
  const { verdict, differences, unexpectedExits, stalls } = report;
  const lines = [
    ...list(
      "faults",
      [...report.faultCounts].map(([name, count]) => `${name} × ${count}`),
    ),
    ...list(
      "readers began anew after",
      [...report.readerErrors].map((error) => error.join(" × ")),
    ),
    ...stalls.map(({ what, perPartition, longest }) => {
      const [median, worst] = [quantile(perPartition, 0.5), quantile(perPartition, 1)];
      return `${what}: ${perPartition.length} partitions without acknowledgement for ${ms(median)} (median), ${ms(worst)} (worst, partition ${longest})`;
    }),
    `every replica in sync ${ms(report.healedAfterMs)} after the last fault`,
    `${Math.round(report.acknowledgedPerSecond)} records acknowledged per second`,
    ...list(
      "whole again after",
      report.recoveries.map(({ fault, ms: took }) => `${fault} ${ms(took)}`),
    ),
    ...report.figures,
    ...unexpectedExits,
    ...report.unread.slice(0, SHOWN_MAX),
    ...differences
      .slice(0, SHOWN_MAX)
      .map(({ partition, what }) => `replicas of partition ${partition} differ: ${what}`),
    ...verdict.anomalies
      .slice(0, SHOWN_MAX)
      .map(
        ({ kind, key, what }) =>
          `${kind} in partition ${key}: ${what.slice(0, SHOWN_CHARACTERS_MAX)}`,
      ),
    ...list(
      "anomalies",
      [...verdict.countByKind].map(([kind, count]) => `${kind} × ${count}`),
    ),
    summary(report),
  ];
  return lines.join("\n");
}

function summary(report: ChaosReport): string {
  const { acknowledged, unknown, failed, read } = report.verdict;
  return (
    `${acknowledged} acknowledged, ${unknown} of unknown fate, ${failed} failed, ${read} read, ` +
    `${violations(report)} violations`
  );
}

function list(title: string, items: readonly string[]): string[] {
  return items.length === 0 ? [] : [`${title}: ${items.join(", ")}`];
}

function ms(value: number): string {
  return `${Math.round(value)} ms`;
}
