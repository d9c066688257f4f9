import { type Measurement, ratioOf, reachesBar } from "./measurement.ts";

const HEADER = ["measure", "value", "unit", "of ceiling", "ratio", "bar", ""];

/** The rows as aligned text. */
export function formatReport(measurements: readonly Measurement[]): string {
  const rows = [HEADER, ...measurements.map(formatRow)];
  const widths = HEADER.map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  return rows
    .map((row) => row.map((cell, column) => pad(cell, widths[column] ?? 0, column)).join("  "))
    .map((line) => line.trimEnd())
    .join("\n");
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

function figure(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString("en-US") : value.toPrecision(3);
}

/** Figures stand to the right, words to the left. */
function pad(cell: string, width: number, column: number): string {
  return column === 1 || column === 4 ? cell.padStart(width) : cell.padEnd(width);
}
