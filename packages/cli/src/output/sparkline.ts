const BARS = "▁▂▃▄▅▆▇█";

/** The last values as a row of bars, the highest of them the full height; none of it for none. */
export function sparkline(values: readonly number[], columns: number): string {
  const shown = values.slice(-columns);
  const highest = Math.max(1, ...shown);
  return shown
    .map((value) => BARS[Math.round((Math.max(0, value) / highest) * (BARS.length - 1))] as string)
    .join("");
}
