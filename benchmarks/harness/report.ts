import { type Measurement, ratioOf, reachesBar } from "./measurement.ts";

const HEADER = ["measure", "value", "unit", "of ceiling", "ratio", "bar", ""];
const FIGURES = new Set([1, 4]);

/** The rows as aligned text. */
export function formatReport(measurements: readonly Measurement[]): string {
  return alignColumns([HEADER, ...measurements.map(formatRow)], (column) => FIGURES.has(column));
}

/** Figures stand to the right, words to the left. */
export function alignColumns(
  rows: readonly (readonly string[])[],
  holdsFigures: (column: number) => boolean,
): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  const pad = (cell: string, column: number): string =>
    holdsFigures(column) ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0);
  return rows.map((row) => row.map(pad).join("  ").trimEnd()).join("\n");
}

function formatRow(measurement: Measurement): string[] {
  const { name, value, unit, ceiling, bar } = measurement;
  const ratio = ratioOf(measurement);
  const reached = reachesBar(measurement);
  const wanted = [
    bar?.ratioMin === undefined ? [] : `≥ ${Math.round(bar.ratioMin * 100)} %`,
    bar?.valueMin === undefined ? [] : `≥ ${figure(bar.valueMin)}`,
    bar?.valueMax === undefined ? [] : `≤ ${figure(bar.valueMax)}`,
  ].flat();
  return [
    name,
    figure(value),
    unit,
    ceiling === undefined ? "" : `${ceiling.name} ${figure(ceiling.value)}`,
    ratio === undefined ? "" : `${Math.round(ratio * 100)} %`,
    wanted.join(" or "),
    reached === undefined ? "" : reached ? "ok" : "BELOW",
  ];
}

export function figure(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString("en-US") : value.toPrecision(3);
}
