import { median } from "../harness/rounds.ts";
import type { Contest, ContestConditions, Figures } from "./contest.ts";
import type { RunningSide, Side } from "./side.ts";

/** The medians of one contest, a row of figures for each side. */
export type ContestOutcome = {
  readonly contest: Contest;
  readonly figures: ReadonlyMap<Side, Figures>;
};

/**
 * Holds contests that need the same: all sides do the first one in turns, A B C A B C …, then the
 * next. The speed of a shared machine drifts, and a ratio is only fair between neighbours.
 */
export async function holdContests(
  contests: readonly Contest[],
  sides: readonly Side[],
  conditions: ContestConditions & { readonly rounds: number | undefined },
): Promise<ContestOutcome[]> {
  const running = new Map<Side, RunningSide>();
  const outcomes: ContestOutcome[] = [];
  try {
    for (const contest of contests) {
      const figures = await holdContest(contest, { ...conditions, sides, running });
      outcomes.push({ contest, figures });
    }
  } finally {
    await Promise.all([...running.values()].map((side) => side.close()));
  }
  return outcomes;
}

async function holdContest(
  contest: Contest,
  plan: ContestConditions & {
    readonly rounds: number | undefined;
    readonly sides: readonly Side[];
    readonly running: Map<Side, RunningSide>;
  },
): Promise<ReadonlyMap<Side, Figures>> {
  const seen = new Map<Side, Figures[]>(plan.sides.map((side) => [side, []]));
  const rounds = plan.rounds ?? contest.rounds;
  for (let round = 0; round <= rounds; round++) {
    for (const side of plan.sides) {
      const figures = await measureOnce(contest, side, plan);
      const words = figures.map((figure) => figure?.toPrecision(4) ?? "not run").join(" ");
      console.error(`${contest.name}, ${round === 0 ? "warm-up" : round}, ${side.name}: ${words}`);
      if (round > 0) seen.get(side)?.push(figures);
    }
  }
  return new Map([...seen].map(([side, rows]) => [side, mediansOf(contest, rows)]));
}

/** Who could not do it this time is reported so; the others go on. */
async function measureOnce(
  contest: Contest,
  side: Side,
  plan: ContestConditions & { readonly running: Map<Side, RunningSide> },
): Promise<Figures> {
  try {
    if (contest.brokers === "its own") return await contest.measure(side, plan);
    const running = plan.running.get(side) ?? (await side.start(contest.brokers));
    plan.running.set(side, running);
    return await contest.measure(running, plan);
  } catch (error) {
    console.error(`${contest.name}, ${side.name}: ${String(error)}`);
    return contest.disciplines.map(() => undefined);
  }
}

function mediansOf({ disciplines }: Contest, rows: readonly Figures[]): Figures {
  return disciplines.map((_, column) => {
    const figures = rows.map((row) => row[column]).filter((figure) => figure !== undefined);
    return figures.length === 0 ? undefined : median(figures);
  });
}
