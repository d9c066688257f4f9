import { alignColumns, figure } from "../harness/report.ts";
import type { Discipline } from "./contest.ts";
import type { ContestOutcome } from "./hold-contests.ts";
import type { Side } from "./side.ts";

/** Ratios are of the first side to each other; bars are for Zoolog's to Kafka 3.9. */
export function formatComparison(
  outcomes: readonly ContestOutcome[],
  sides: readonly Side[],
): { readonly table: string; readonly below: number } {
  const [first, ...others] = sides;
  const header = [
    "measure",
    "unit",
    ...sides.map(({ name }) => name),
    ...others.map(({ name }) => `of ${name}`),
    "bar",
    "",
  ];
  let below = 0;
  const rows = outcomes.flatMap(({ contest, figures }) =>
    contest.disciplines.map((discipline, column) => {
      const figureOf = (side: Side | undefined): number | undefined =>
        side === undefined ? undefined : figures.get(side)?.[column];
      const ratios = others.map((side) => ratioOf(figureOf(first), figureOf(side)));
      const judged = first?.id === "zoolog" ? others.findIndex(({ id }) => id === "3.9") : -1;
      const verdict = verdictOf(discipline, ratios[judged]);
      if (verdict === "BELOW") below++;
      return [
        `${contest.name}: ${discipline.name}`,
        discipline.unit,
        ...sides.map((side) => cell(figureOf(side))),
        ...ratios.map((ratio) => (ratio === undefined ? "" : `${ratio.toFixed(2)} ×`)),
        barOf(discipline),
        verdict,
      ];
    }),
  );
  const left = new Set([0, 1, header.length - 2, header.length - 1]);
  return { table: alignColumns([header, ...rows], (column) => !left.has(column)), below };
}

function cell(value: number | undefined): string {
  return value === undefined ? "not run" : figure(value);
}

function ratioOf(value: number | undefined, other: number | undefined): number | undefined {
  return value === undefined || other === undefined ? undefined : value / other;
}

function barOf({ bar, better }: Discipline): string {
  return bar === undefined ? "" : `${better === "more" ? "≥" : "≤"} ${bar} ×`;
}

function verdictOf({ bar, better }: Discipline, ratio: number | undefined): string {
  if (bar === undefined) return "";
  if (ratio === undefined) return "not run";
  return (better === "more" ? ratio >= bar : ratio <= bar) ? "ok" : "BELOW";
}
