import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { TraceBand } from "@zoolog/testkit";
import { seedSummary } from "./report.ts";
import type { SeedOutcome } from "./seed-job.ts";

/** What happens all the time and tells little; the page can show it. */
const QUIET_KINDS = ["timer", "period", "soon", "sleep", "held", "rest", "look", "log debug"];

/** Columns from left to right; within each group by name. */
const ORDER = [/^world$|^nemesis$|^supervisor$/, /^broker-/, /^zookeeper/, /./];

/** An entry: time, actor, kind, sender or −1, time of sending, text or −1. */
type Row = readonly [number, number, number, number, number, number];

export type PageData = {
  readonly summary: string;
  readonly options: string;
  readonly actors: readonly string[];
  readonly kinds: readonly string[];
  readonly quietKinds: readonly number[];
  readonly texts: readonly string[];
  readonly entries: readonly Row[];
  readonly bands: readonly {
    readonly what: string;
    readonly actors: readonly number[];
    readonly fromMs: number;
    readonly toMs: number;
  }[];
  readonly violations: readonly {
    readonly invariant: string;
    readonly what: string;
    /** Where it was seen first; `null`: at the end. */
    readonly atMs: number | null;
  }[];
};

/** A recorded run as one file that needs nothing else. @param viewer the folder with its parts. */
export function tracePage(outcome: SeedOutcome, viewer: string): string {
  const part = (name: string): string => readFileSync(join(viewer, name), "utf8");
  const { seed, scenario } = outcome.options;
  const parts: Readonly<Record<string, string>> = {
    TITLE: `Zoolog simulation, seed ${seed}, ${escaped(scenario)}`,
    STYLE: part("page.css"),
    SCRIPT: part("page.js"),
    // Nothing in the data may end the element it stands in.
    DATA: JSON.stringify(pageData(outcome)).replaceAll("<", "\\u003c"),
  };
  return part("page.html").replaceAll(/%([A-Z]+)%/g, (whole, name: string) => parts[name] ?? whole);
}

export function pageData(outcome: SeedOutcome): PageData {
  const { trace, bands, violations } = outcome;
  const found = new Set(trace.flatMap(({ actor, from }) => [actor, ...(from ? [from] : [])]));
  for (const band of bands) for (const actor of band.actors) found.add(actor);
  const actors = new Index([...found].sort(byPlace));
  const [kinds, texts] = [new Index(), new Index()];
  const endMs = trace.at(-1)?.atMs ?? 0;
  const entries = trace.map(({ atMs, actor, kind, from, sentAtMs, text }): Row => {
    const sender = from === undefined ? -1 : actors.of(from);
    const told = text === undefined ? -1 : texts.of(text);
    return [atMs, actors.of(actor), kinds.of(kind), sender, sentAtMs ?? 0, told];
  });
  return {
    summary: seedSummary(outcome),
    options: JSON.stringify(outcome.options),
    actors: actors.all,
    kinds: kinds.all,
    quietKinds: QUIET_KINDS.map((kind) => kinds.all.indexOf(kind)).filter((index) => index >= 0),
    texts: texts.all,
    entries,
    bands: bands.map((band: TraceBand) => ({
      what: band.what,
      actors: band.actors.map((actor) => actors.of(actor)),
      fromMs: band.fromMs,
      toMs: band.toMs ?? endMs,
    })),
    violations: violations.map(({ invariant, what }) => {
      const seen = trace.find(({ kind, text }) => {
        return kind === "violation" && text === `${invariant} ${what}`;
      });
      return { invariant, what, atMs: seen?.atMs ?? null };
    }),
  };
}

function byPlace(one: string, other: string): number {
  const place = (actor: string): number => ORDER.findIndex((group) => group.test(actor));
  return place(one) - place(other) || one.localeCompare(other, "en", { numeric: true });
}

/** Texts that come often, by number. */
class Index {
  readonly #numbers = new Map<string, number>();

  constructor(all: readonly string[] = []) {
    for (const text of all) this.of(text);
  }

  get all(): readonly string[] {
    return [...this.#numbers.keys()];
  }

  of(text: string): number {
    const known = this.#numbers.get(text);
    if (known !== undefined) return known;
    this.#numbers.set(text, this.#numbers.size);
    return this.#numbers.size - 1;
  }
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}
