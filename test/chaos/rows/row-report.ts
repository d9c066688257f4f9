import type { Row } from "./row.ts";
import { type Figure, isAsExpected, type RowRecord } from "./row-record.ts";

/** What became of a row. A row that was not run has not passed. */
export type RowResult = { readonly row: Row } & (
  | { readonly state: "ran"; readonly record: RowRecord; readonly tookMs: number }
  | { readonly state: "notRun"; readonly why: string }
);

/** Shown of each row; all are counted. */
const VIOLATIONS_SHOWN_MAX = 20;

/** For `--list`. */
export function formatRow(row: Row, faults: readonly string[]): string {
  const length = "seconds" in row.length ? `${row.length.seconds} s` : `× ${row.length.times}`;
  const lines = [
    `${row.id}  ${row.about}  (${length})`,
    `      expected: ${row.expected}`,
    ...faults.map((fault) => `      not here: ${fault}`),
  ];
  return lines.join("\n");
}

/** The whole result of one row for people; its last line is the row's own summary. */
export function formatResult(result: RowResult): string {
  const { row } = result;
  if (result.state === "notRun") return `${row.id}: NOT RUN: ${result.why}`;
  const { figures, remarks, violations } = result.record;
  const shown = violations.slice(0, VIOLATIONS_SHOWN_MAX);
  return [
    ...remarks.map((remark) => `  ${remark}`),
    ...figures.map((figure) => `  ${formatFigure(figure)}`),
    ...shown.map((violation) => `  VIOLATION: ${violation}`),
    `${row.id}: ${verdictOf(result.record)} in ${Math.round(result.tookMs / 1_000)} s; expected: ${row.expected}`,
  ].join("\n");
}

/** One line about all rows that were asked for. */
export function summaryOf(results: readonly RowResult[]): string {
  const ran = results.flatMap((result) => (result.state === "ran" ? [result] : []));
  const failed = ran.filter(({ record }) => record.violations.length > 0);
  const beyond = ran.filter(({ record }) => !record.figures.every(isAsExpected));
  const notRun = results.filter(({ state }) => state === "notRun");
  const of = (rows: readonly RowResult[]): string =>
    rows.length === 0 ? "" : ` (${rows.map(({ row }) => row.id).join(", ")})`;
  return (
    `${ran.length - failed.length} of ${results.length} rows passed, ` +
    `${failed.length} failed${of(failed)}, ${notRun.length} not run${of(notRun)}; ` +
    `figures beyond the expected ones in ${beyond.length}${of(beyond)}`
  );
}

function verdictOf({ figures, violations }: RowRecord): string {
  if (violations.length > 0) return `FAILED, ${violations.length} violations`;
  const beyond = figures.filter((figure) => !isAsExpected(figure)).length;
  return beyond === 0
    ? "passed, 0 violations"
    : `passed, 0 violations, ${beyond} figures beyond the expected ones`;
}

function formatFigure(figure: Figure): string {
  const { what, unit, atMost, atLeast } = figure;
  const bounds = [
    ...(atMost === undefined ? [] : [`at most ${shown(atMost)}`]),
    ...(atLeast === undefined ? [] : [`at least ${shown(atLeast)}`]),
  ];
  const expected = bounds.length === 0 ? "" : ` (expected ${bounds.join(", ")})`;
  const mark = isAsExpected(figure) ? "" : " BEYOND";
  return `${what}: ${shown(figure.value)} ${unit}${expected}${mark}`;
}

function shown(value: number): string {
  return String(Math.abs(value) >= 100 ? Math.round(value) : Math.round(value * 100) / 100);
}
