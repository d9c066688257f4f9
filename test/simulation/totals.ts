import type { SeedOutcome } from "./seed-job.ts";

/** Of so many failing seeds the numbers are named; all of them are counted. */
const NAMED_SEEDS_MAX = 10;

export type ViolatedInvariant = {
  readonly invariant: string;
  readonly seeds: number;
  readonly named: readonly number[];
};

/** Figures of many seeds. */
export class Totals {
  seeds = 0;
  violating = 0;
  events = 0;
  virtualMs = 0;
  sends = 0;
  acknowledged = 0;
  processed = 0;
  comparisons = 0;
  runTwice = 0;
  expectedLosses = 0;
  /** Of all of them together. */
  realMs = 0;
  readonly #violated = new Map<string, { seeds: number; named: number[] }>();
  readonly #scenarios = new Map<string, { seeds: number; violating: number; events: number }>();
  readonly #coverage = new Map<string, number>();

  add(outcome: SeedOutcome): void {
    const { options, violations } = outcome;
    const isViolating = violations.length > 0;
    this.seeds += 1;
    this.violating += isViolating ? 1 : 0;
    this.events += outcome.events;
    this.virtualMs += outcome.virtualMs;
    this.sends += outcome.sends;
    this.acknowledged += outcome.acknowledged;
    this.processed += outcome.processed;
    this.expectedLosses += outcome.expectedLosses.length > 0 ? 1 : 0;
    this.comparisons += outcome.replicaComparisons;
    const scenario = this.#scenarios.get(options.scenario) ?? { seeds: 0, violating: 0, events: 0 };
    scenario.seeds += 1;
    scenario.violating += isViolating ? 1 : 0;
    scenario.events += outcome.events;
    this.#scenarios.set(options.scenario, scenario);
    for (const invariant of new Set(violations.map((violation) => violation.invariant))) {
      const violated = this.#violated.get(invariant) ?? { seeds: 0, named: [] };
      violated.seeds += 1;
      if (violated.named.length < NAMED_SEEDS_MAX) violated.named.push(options.seed);
      this.#violated.set(invariant, violated);
    }
    for (const pair of new Set(outcome.coverage)) {
      this.#coverage.set(pair, (this.#coverage.get(pair) ?? 0) + 1);
    }
  }

  get violated(): readonly ViolatedInvariant[] {
    return sorted(this.#violated).map(([invariant, violated]) => ({ invariant, ...violated }));
  }

  get scenarios() {
    return sorted(this.#scenarios).map(([scenario, figures]) => ({ scenario, ...figures }));
  }

  /** Seeds in which a fault met a state of the cluster, by `fault × state`. */
  get coverage(): ReadonlyMap<string, number> {
    return this.#coverage;
  }
}

function sorted<T>(map: ReadonlyMap<string, T>): readonly [string, T][] {
  return [...map].sort(([a], [b]) => a.localeCompare(b, "en", { numeric: true }));
}
