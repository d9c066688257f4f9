import type { SimulationOptions } from "@zoolog/testkit";

/** What a shrinker asks: does this world still violate what the first one did? */
export type Oracle = (candidate: SimulationOptions) => Promise<boolean>;

export type Shrunk = { readonly options: SimulationOptions; readonly runs: number };

/** Worlds tried for one failure. A world takes a second: some minutes, then it is small enough. */
export const SHRINK_RUNS_MAX = 400;

/** Numbers that are made smaller, and the smallest that is still a world of this kind. */
const SMALLEST = {
  seconds: 1,
  members: 1,
  readers: 1,
  producers: 1,
  partitions: 1,
  brokers: 3,
} as const satisfies Partial<Record<keyof SimulationOptions, number>>;

type Number = keyof typeof SMALLEST;

/**
 * Looks for a smaller world that still violates the same: first fewer faults (delta debugging: halves,
 * quarters, … single ones are left out), then less time, then fewer of everything else, and all of it
 * again until nothing can be taken away any more. Each step keeps to what a seed draws, so that what
 * is left out moves nothing else: a world that differs in more than that may violate by another cause.
 */
export class Shrinker {
  readonly #violates: Oracle;
  readonly #atOnce: number;
  readonly #note: (what: string) => void;
  readonly #known = new Map<string, Promise<boolean>>();
  #options: SimulationOptions;
  #runs = 0;

  constructor(
    options: { readonly failing: SimulationOptions; readonly atOnce: number },
    dependencies: { readonly violates: Oracle; readonly note?: (what: string) => void },
  ) {
    this.#options = options.failing;
    this.#atOnce = options.atOnce;
    this.#violates = dependencies.violates;
    this.#note = dependencies.note ?? (() => {});
  }

  /** @param faults how many the failing world had, whether skipped or not. */
  async shrink(faults: number): Promise<Shrunk> {
    for (let before: SimulationOptions | undefined; before !== this.#options; ) {
      before = this.#options;
      await this.#skipFaults(faults);
      for (const name of Object.keys(SMALLEST) as Number[]) await this.#lessOf(name);
      await this.#leaveOut(this.#options.workloads, (workloads) => ({ workloads }));
      const settings = Object.entries(this.#options.settings);
      await this.#leaveOut(settings, (kept) => ({ settings: Object.fromEntries(kept) }));
    }
    return { options: this.#options, runs: this.#runs };
  }

  async #skipFaults(faults: number): Promise<void> {
    const { skippedFaults } = this.#options;
    const all = Array.from({ length: faults }, (_, index) => index);
    const happen = all.filter((index) => !skippedFaults.includes(index));
    await this.#leaveOut(happen, (kept) => ({
      skippedFaults: all.filter((index) => !kept.includes(index)),
    }));
  }

  /** Zeller and Hildebrandt's ddmin, by complements: large parts first. */
  async #leaveOut<T>(
    from: readonly T[],
    change: (kept: readonly T[]) => Partial<SimulationOptions>,
  ): Promise<void> {
    let kept = from;
    for (let part = kept.length; part >= 1; ) {
      const complements: T[][] = [];
      for (let at = 0; at < kept.length; at += part) {
        complements.push([...kept.slice(0, at), ...kept.slice(at + part)]);
      }
      const found = await this.#first(complements.map(change));
      if (found === undefined) {
        part = part === 1 ? 0 : Math.ceil(part / 2);
      } else {
        kept = complements[found] ?? [];
        part = Math.min(part, kept.length);
      }
    }
  }

  async #lessOf(name: Number): Promise<void> {
    const least = SMALLEST[name];
    for (;;) {
      const now = this.#options[name];
      const smaller = [least, Math.floor((least + now) / 2), Math.floor(0.8 * now), now - 1];
      const worth = [...new Set(smaller)].filter((value) => value >= least && value < now);
      const found = await this.#first(worth.map((value) => ({ [name]: value })));
      if (found === undefined) return;
    }
  }

  /** The first change by which the world still violates becomes the world to shrink. */
  async #first(changes: readonly Partial<SimulationOptions>[]): Promise<number | undefined> {
    for (let at = 0; at < changes.length; at += this.#atOnce) {
      const some = changes.slice(at, at + this.#atOnce).map((c) => ({ ...this.#options, ...c }));
      const violating = await Promise.all(some.map((candidate) => this.#isViolating(candidate)));
      const found = violating.indexOf(true);
      if (found < 0) continue;
      this.#options = some[found] as SimulationOptions;
      this.#note(`${this.#runs} runs: ${sizeOf(this.#options)}`);
      return at + found;
    }
    return undefined;
  }

  #isViolating(candidate: SimulationOptions): Promise<boolean> {
    const key = JSON.stringify(candidate);
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    if (this.#runs >= SHRINK_RUNS_MAX) return Promise.resolve(false);
    this.#runs += 1;
    const violates = this.#violates(candidate);
    this.#known.set(key, violates);
    return violates;
  }
}

function sizeOf(options: SimulationOptions): string {
  const numbers = (Object.keys(SMALLEST) as Number[]).map((name) => `${options[name]} ${name}`);
  const { settings, skippedFaults, workloads } = options;
  const lists = [
    `${skippedFaults.length} faults skipped`,
    `${workloads.length} workloads`,
    `${Object.keys(settings).length} settings`,
  ];
  return [...numbers, ...lists].join(", ");
}
