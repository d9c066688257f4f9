import type { Figure } from "./group-figures.ts";
import type { GroupReport } from "./group-run.ts";

/** Violations shown of each run; all of them are counted. */
const SHOWN_MAX = 20;
/** Longest time that a group may be without records when its coordinator dies, ms. */
const STALL_MS_MAX = 1_500;
/** Beyond what partitions wait when nothing happens: a partition that stayed was interrupted, ms. */
const INTERRUPTION_MS = 250;

/** What is wrong with a run, counted; 0 for a clean one. */
export function groupViolations(report: GroupReport): number {
  const { checks, linesWrong, unexpectedExits, verdict } = report;
  const failed = checks.filter(({ fault }) => fault !== undefined);
  return verdict.violations.length + linesWrong + unexpectedExits.length + failed.length;
}

/** The whole report for people; its last line is the summary. */
export function formatGroupReport(report: GroupReport): string {
  const { checks, faultCounts, figures, unexpectedExits, verdict } = report;
  const quiet = figures[0];
  const lines = [
    `${report.lines} lines of ${report.source}`,
    list("faults", [...faultCounts].map(times)),
    `${report.members} members in all, ${report.epochs} epochs of the group seen`,
    list("processed again after", [...verdict.duplicates].map(times)),
    `processed by a thawed member while another had the partition: ${verdict.afterFreeze}`,
    `${verdict.commitsSeen} commits seen in ZooKeeper`,
    ...figures.map((figure) => formatFigure(figure, quiet)),
    `everything committed ${Math.round(report.drainedAfterMs)} ms after the last fault`,
    ...checks.map(
      ({ fault, what }) => `${fault === undefined ? "ok" : "FAILED"}: ${what}${suffix(fault)}`,
    ),
    ...unexpectedExits,
    ...(report.linesWrong > 0 ? [`${report.linesWrong} lines are not in the topic once`] : []),
    ...verdict.violations
      .slice(0, SHOWN_MAX)
      .map(({ kind, partition, what }) => `${kind} in partition ${partition}: ${what}`),
    list("violations", [...verdict.countByKind].map(times)),
    summary(report),
  ];
  return lines.filter((line) => line !== "").join("\n");
}

/** What was found, in a few words; `undefined` for a clean run. */
export function findingOf(report: GroupReport): string | undefined {
  if (groupViolations(report) === 0) return undefined;
  const { checks, linesWrong, unexpectedExits, verdict } = report;
  return [
    ...[...verdict.countByKind].map(times),
    ...checks.flatMap(({ fault, what }) => (fault === undefined ? [] : `${what}: ${fault}`)),
    ...(linesWrong > 0 ? [`lines missing × ${linesWrong}`] : []),
    ...unexpectedExits.slice(0, 1),
  ].join(", ");
}

function formatFigure(figure: Figure, quiet: Figure | undefined): string {
  const { longestGapMs, longestGapOfStayedMs, moved, stayed, what } = figure;
  const usualMs = quiet?.longestGapMs ?? 0;
  const bar = what.startsWith("coordinator")
    ? longestGapMs <= STALL_MS_MAX
    : longestGapOfStayedMs <= usualMs + INTERRUPTION_MS;
  return (
    `${what}: no record for ${Math.round(longestGapMs)} ms at most, of the ${stayed} partitions ` +
    `that stayed for ${Math.round(longestGapOfStayedMs)} ms, ${moved} moved${bar ? "" : " (BELOW)"}`
  );
}

function summary(report: GroupReport): string {
  const { duplicates, processed } = report.verdict;
  const again = [...duplicates.values()].reduce((sum, count) => sum + count, 0);
  return `${processed} processed, ${again} of them again, ${groupViolations(report)} violations`;
}

function times([name, count]: readonly [string, number]): string {
  return `${name} × ${count}`;
}

function suffix(fault: string | undefined): string {
  return fault === undefined ? "" : `: ${fault}`;
}

function list(title: string, items: readonly string[]): string {
  return items.length === 0 ? "" : `${title}: ${items.join(", ")}`;
}
