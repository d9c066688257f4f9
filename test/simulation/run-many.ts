import type { SimulationOptions } from "@zoolog/testkit";
import { counted, formatFailure, formatTables, timespan } from "./report.ts";
import type { SeedOutcome } from "./seed-job.ts";
import type { SeedWorkers } from "./seed-workers.ts";
import { Totals } from "./totals.ts";
import { runTwice } from "./twice.ts";

/** In so many of a hundred seeds the same world is run a second time, whatever was asked for. */
const TWICE_PERCENT = 2;

/** Failing seeds that are shown whole; all of them are counted, and the first ones named. */
const SHOWN_FAILURES_MAX = 20;

/** Of each of them; alone a seed shows more. */
const SHOWN_EVENTS = 10;

export type ManyOptions = {
  readonly from: number;
  readonly to: number;
  readonly twice: boolean;
  readonly optionsOf: (seed: number) => SimulationOptions;
};

export type ManyParts = {
  readonly workers: Pick<SeedWorkers, "run" | "size">;
  readonly print: (text: string) => void;
  /** Told after every seed; says now and then how far it is. */
  readonly progress: (text: string) => void;
  /** From 0 to 1. */
  readonly chance: () => number;
};

/** Every seed of a range, as many at a time as there are workers. */
export async function runMany(options: ManyOptions, parts: ManyParts) {
  const { from, to, twice, optionsOf } = options;
  const { workers, print, progress, chance } = parts;
  const totals = new Totals();
  const violated = new Set<string>();
  /** The first failures of all invariants, with the one to look into. */
  const failures = new Map<SeedOutcome, string>();
  const keepFirst = (outcome: SeedOutcome): void => {
    const first = outcome.violations.find(({ invariant }) => !violated.has(invariant));
    if (first !== undefined) failures.set(outcome, first.invariant);
    for (const { invariant } of outcome.violations) violated.add(invariant);
  };
  const beganAt = performance.now();
  let next = from;
  const runSome = async (): Promise<void> => {
    for (let seed = next++; seed <= to; seed = next++) {
      const isTwice = twice || 100 * chance() < TWICE_PERCENT;
      const job = { options: optionsOf(seed) };
      const outcome = isTwice ? await runTwice(job, workers) : await workers.run(job);
      totals.add(outcome);
      totals.runTwice += isTwice ? 1 : 0;
      if (outcome.violations.length > 0 && totals.violating <= SHOWN_FAILURES_MAX) {
        print(formatFailure(outcome, { eventsMax: SHOWN_EVENTS }));
      }
      keepFirst(outcome);
      progress(progressOf(totals, to - from + 1, performance.now() - beganAt));
    }
  };
  await Promise.all(Array.from({ length: workers.size }, runSome));
  totals.realMs = performance.now() - beganAt;
  print(formatTables(totals));
  return { totals, failures };
}

function progressOf(totals: Totals, all: number, realMs: number): string {
  const { seeds, violating, virtualMs } = totals;
  const leftMs = (realMs / seeds) * (all - seeds);
  return [
    `${seeds} of ${counted(all, "seed")}`,
    `${violating} with violations`,
    `${(virtualMs / realMs).toFixed(1)} times real time`,
    `${timespan(leftMs)} left`,
  ].join(", ");
}
