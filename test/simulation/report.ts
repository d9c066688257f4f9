import type { SimulationOptions } from "@zoolog/testkit";
import { type SeedOutcome, SHOWN_EVENTS } from "./seed-job.ts";
import type { Shrunk } from "./shrink.ts";
import type { Totals } from "./totals.ts";

/** Violations shown of each seed; all of them are counted. */
const SHOWN_VIOLATIONS_MAX = 10;

/** How coverage calls a state in which another fault is under way. */
const DURING = "during ";

/** The rule of three: nothing in N tries is less than 3 in N, 95 times of 100. */
const RULE_OF_THREE = 3;

const MS_PER_HOUR = 3_600_000;
const MS_PER_MINUTE = 60_000;

const whole = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });

/** Options, not the seed alone: what a seed draws changes as faults and workloads are added. */
export function replayCommand(options: SimulationOptions): string {
  const json = JSON.stringify(options).replaceAll("'", "'\\''");
  return `npm run sim -- --options '${json}'`;
}

/**
 * What a failing seed violates, the events before it was seen, and how to see it again; alone its
 * options stand above it already.
 */
export function formatFailure(
  outcome: SeedOutcome,
  shown: { readonly eventsMax?: number; readonly isAlone?: boolean } = {},
): string {
  const { eventsMax = SHOWN_EVENTS, isAlone = false } = shown;
  const { options, violations } = outcome;
  const trace = untilViolation(outcome.trace).slice(-eventsMax);
  return [
    `seed ${options.seed} (${options.scenario}) violates ${invariantsOf(outcome).join(", ")}`,
    ...violations
      .slice(0, SHOWN_VIOLATIONS_MAX)
      .map(({ invariant, what }) => `  ${invariant} ${withoutPadding(what)}`),
    ...more(violations.length - SHOWN_VIOLATIONS_MAX, "violations"),
    ...(trace.length === 0
      ? []
      : [`  of ${whole.format(outcome.events)} events the last before it:`]),
    ...trace.map(({ atMs, actor, kind }) => `    ${timeOf(atMs)} ${actor.padEnd(12)} ${kind}`),
    ...(isAlone ? [] : [`  again: ${replayCommand(options)}`]),
  ].join("\n");
}

/** Values name themselves at their beginning; the rest of them are dots. */
function withoutPadding(what: string): string {
  return what.replaceAll(/\.{4,}/g, "…");
}

/** What was recorded for a page goes on to the end of the world, and has what was only told. */
function untilViolation(trace: SeedOutcome["trace"]): SeedOutcome["trace"] {
  const seen = trace.findIndex(({ kind }) => kind === "violation");
  const before = seen < 0 ? trace : trace.slice(0, seen);
  return before.filter(({ text }) => text === undefined);
}

function more(count: number, what: string): string[] {
  return count > 0 ? [`  and ${count} ${what} more`] : [];
}

export function invariantsOf({ violations }: SeedOutcome): readonly string[] {
  return [...new Set(violations.map(({ invariant }) => invariant))];
}

/** One seed in one line: the last of its output. */
export function seedSummary(outcome: SeedOutcome): string {
  const { options, violations, events, virtualMs, realMs, hash, processed } = outcome;
  const figures = [
    counted(violations.length, "violation"),
    `${whole.format(outcome.acknowledged)} of ${whole.format(outcome.sends)} acknowledged`,
    `${whole.format(processed)} processed`,
    `${whole.format(outcome.replicaComparisons)} comparisons of replicas`,
    `${whole.format(events)} events`,
    `${(virtualMs / 1_000).toFixed(1)} virtual s at ${speedOf(virtualMs, realMs)} times real time`,
    ...(hash === "" ? [] : [`hash ${hash}`]),
  ];
  return `seed ${options.seed}: ${figures.join(", ")}`;
}

/** What many seeds have met, and which of them violated what. */
export function formatTables(totals: Totals): string {
  return [
    ...scenarioTable(totals),
    ...coverageTable(totals.coverage),
    ...totals.violated.map(({ invariant, seeds, named }) => {
      const shown = `${named.join(", ")}${seeds > named.length ? ", …" : ""}`;
      return `${invariant} is violated by ${counted(seeds, "seed")}: ${shown}`;
    }),
    ...expectedLosses(totals),
  ].join("\n");
}

/** A checker that never sees a loss where there must be some is blind. */
function expectedLosses({ expectedLosses: seeds }: Totals): string[] {
  if (seeds === 0) return [];
  return [`${counted(seeds, "seed")} lost what their configuration does not promise to keep`];
}

/** All figures of many seeds in one line: the last of its output. */
export function totalsSummary(totals: Totals): string {
  const { seeds, violating, events, virtualMs, realMs, acknowledged, sends, processed } = totals;
  const verdict =
    violating === 0
      ? `0 violations: less than ${boundOf(seeds)} % of all seeds have one (95 % sure)`
      : `${violating} with violations`;
  const figures = [
    verdict,
    `${whole.format(events)} events`,
    `${timespan(virtualMs)} of virtual time in ${timespan(realMs)}`,
    `${speedOf(virtualMs, realMs)} times real time`,
    `${whole.format(acknowledged)} of ${whole.format(sends)} acknowledged`,
    `${whole.format(processed)} processed`,
    `${whole.format(totals.comparisons)} comparisons of replicas`,
    `${whole.format(totals.runTwice)} run twice`,
  ];
  return `${counted(seeds, "seed")}: ${figures.join(", ")}`;
}

/** The smallest world that was found. */
export function formatShrunk({ options, runs }: Shrunk, invariant: string): string {
  return [
    `the smallest world with ${invariant} that was found (${counted(runs, "run")}):`,
    `  again: ${replayCommand(options)}`,
    "  to read: the same with --trace trace.html",
  ].join("\n");
}

/** In percent, with two digits that count. */
export function boundOf(seeds: number): string {
  const percent = (100 * RULE_OF_THREE) / Math.max(1, seeds);
  return percent < 100 ? percent.toPrecision(2) : "100";
}

function scenarioTable({ scenarios }: Totals): string[] {
  if (scenarios.length < 2) return [];
  const rows = scenarios.map(({ scenario, seeds, events, violating }) => [
    scenario,
    whole.format(seeds),
    whole.format(events),
    whole.format(violating),
  ]);
  return table([["scenario", "seeds", "events", "violating"], ...rows]);
}

/** Which fault met which state of the cluster, and in how many seeds. */
export function coverageTable(coverage: ReadonlyMap<string, number>): string[] {
  if (coverage.size === 0) return [];
  const all = [...coverage].map(([pair, seeds]) => {
    const [fault = "", state = ""] = pair.split(" × ");
    return { fault, state, seeds };
  });
  // A column for each fault that another one fell into would be a table that nobody reads.
  const pairs = all.filter(({ state }) => !state.startsWith(DURING));
  const faults = [...new Set(pairs.map(({ fault }) => fault))].sort();
  const states = [...new Set(pairs.map(({ state }) => state))].sort();
  const cell = (fault: string, state: string): string => {
    const found = pairs.find((pair) => pair.fault === fault && pair.state === state);
    return found === undefined ? "–" : whole.format(found.seeds);
  };
  return [
    "faults × states of the cluster as they begin, in so many seeds:",
    ...states.map((state, i) => `  ${letter(i)}  ${state}`),
    ...table([
      ["fault", ...states.map((_, i) => letter(i))],
      ...faults.map((fault) => [fault, ...states.map((state) => cell(fault, state))]),
    ]),
    `pairs of faults that were under way together: ${all.length - pairs.length}`,
  ];
}

function letter(index: number): string {
  const own = String.fromCharCode("a".charCodeAt(0) + (index % 26));
  return index < 26 ? own : `${letter(Math.floor(index / 26) - 1)}${own}`;
}

/** The first column is text, the others are numbers. */
function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  return rows.map((row) =>
    row
      .map((cell, column) => {
        const width = widths[column] ?? 0;
        return column === 0 ? cell.padEnd(width) : cell.padStart(width);
      })
      .join("  "),
  );
}

export function counted(count: number, noun: string): string {
  return `${whole.format(count)} ${noun}${count === 1 ? "" : "s"}`;
}

export function timespan(ms: number): string {
  if (ms >= MS_PER_HOUR) return `${(ms / MS_PER_HOUR).toFixed(1)} h`;
  return ms >= MS_PER_MINUTE
    ? `${(ms / MS_PER_MINUTE).toFixed(1)} min`
    : `${(ms / 1_000).toFixed(1)} s`;
}

function speedOf(virtualMs: number, realMs: number): string {
  return (virtualMs / Math.max(1, realMs)).toFixed(1);
}

function timeOf(ms: number): string {
  return ms.toFixed(3).padStart(12);
}
