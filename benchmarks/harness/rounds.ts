/** Rounds whose figures count; the median of each contender is reported. */
const ROUNDS = 5;

/** A contender does its work once and answers its figure, such as bytes per second. */
export type Contenders<Name extends string> = Readonly<
  Record<Name, () => Promise<number> | number>
>;

/**
 * Runs the contenders in turn, A B A B …, after one round that does not count: the speed of a
 * shared machine drifts, and a ratio is only fair between neighbours. Answers the medians.
 */
export async function inRounds<Name extends string>(
  contenders: Contenders<Name>,
  rounds = ROUNDS,
): Promise<Record<Name, number>> {
  const names = Object.keys(contenders) as Name[];
  const figures = new Map<Name, number[]>(names.map((name) => [name, []]));
  for (let round = 0; round <= rounds; round++) {
    for (const name of names) {
      const figure = await contenders[name]();
      if (round > 0) figures.get(name)?.push(figure);
    }
  }
  return Object.fromEntries(names.map((name) => [name, median(figures.get(name) ?? [])])) as Record<
    Name,
    number
  >;
}

export function median(figures: readonly number[]): number {
  const sorted = [...figures].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}
