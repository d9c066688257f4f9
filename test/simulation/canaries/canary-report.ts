import type { Finding } from "./canary-hunt.ts";

const WHAT_LENGTH_MAX = 160;

/** One line as soon as it is known. */
export function formatFinding({ canary, caught, seeds, unclean }: Finding): string {
  const outcome =
    caught === undefined
      ? `NOT CAUGHT in ${seeds} seeds`
      : `${caught.invariants.join(", ")} at seed ${caught.seed}: ${shortened(caught.what)}`;
  const notes = unclean.map(
    ({ seed, what }) => `; the code as it is fails seed ${seed}, too: ${shortened(what)}`,
  );
  return `${canary.name}: ${outcome}${notes.join("")}`;
}

/** The table, and the summary as its last line. */
export function formatFindings(findings: readonly Finding[]): string {
  const rows = findings.map(({ canary, caught, seeds }) => [
    canary.name,
    caught?.invariants.join(", ") ?? "NOT CAUGHT",
    String(seeds),
  ]);
  const table = [["canary", "noticed by", "seeds"], ...rows];
  const widths = [0, 1, 2].map((column) =>
    Math.max(...table.map((row) => row[column]?.length ?? 0)),
  );
  const lines = table.map((row) =>
    row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  "),
  );
  const needed = findings.flatMap(({ caught, seeds }) => (caught === undefined ? [] : [seeds]));
  const sorted = needed.sort((a, b) => a - b);
  const median = sorted[Math.floor((sorted.length - 1) / 2)] ?? 0;
  const unclean = findings.reduce((sum, finding) => sum + finding.unclean.length, 0);
  const failed = unclean === 0 ? "" : `, ${unclean} seeds fail without a mistake`;
  const figures = `median ${median} seeds, worst ${sorted.at(-1) ?? 0}${failed}`;
  return [
    "",
    ...lines,
    "",
    `canaries: ${needed.length} of ${findings.length} caught, ${figures}`,
  ].join("\n");
}

function shortened(text: string): string {
  const [line = ""] = text.split("\n");
  return line.length <= WHAT_LENGTH_MAX ? line : `${line.slice(0, WHAT_LENGTH_MAX)}…`;
}
