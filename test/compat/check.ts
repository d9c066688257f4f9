import type { CompatCluster } from "./cluster.ts";
import type { Driver } from "./driver.ts";

/** One thing that a client is to do; answers what is worth saying, throws what went wrong. */
export type Check = {
  readonly name: string;
  readonly run: (context: CheckContext) => Promise<string | undefined>;
};

export type CheckContext = {
  readonly driver: Driver;
  readonly cluster: CompatCluster;
  /** A name that nobody has used before. */
  readonly name: (what: string) => string;
};

/** What is printed, a line each. `ok` is `null` where it was not tried: `detail` says why. */
export type CheckResult = {
  readonly client: string;
  readonly version: string;
  readonly check: string;
  readonly ok: boolean | null;
  readonly detail: string;
};

export type CompatRecord = {
  readonly key: string | null;
  readonly value: string | null;
  readonly headers: Readonly<Record<string, string>>;
};

export type ReadRecord = CompatRecord & { readonly partition: number; readonly offset: number };

/** Those whose names contain one of the words; without words all. */
export function chosenChecks<C extends { readonly name: string }>(
  checks: readonly C[],
  words: readonly string[],
): readonly C[] {
  if (words.length === 0) return checks;
  return checks.filter(({ name }) => words.some((word) => name.includes(word)));
}

/** Something takes its time; much longer and it will not come. */
const UNTIL_MS_MAX = 40_000;
const UNTIL_PAUSE_MS = 100;

/** Asks again until the answer is there; says the last one when it does not come. */
export async function until<T>(
  what: string,
  ask: () => Promise<T>,
  isWanted: (answer: T) => boolean,
): Promise<T> {
  const deadline = Date.now() + UNTIL_MS_MAX;
  for (;;) {
    const answer = await ask();
    if (isWanted(answer)) return answer;
    if (Date.now() > deadline) throw new Error(`${what}; last seen: ${JSON.stringify(answer)}`);
    await pause(UNTIL_PAUSE_MS);
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

export function expectEqual(what: string, seen: unknown, wanted: unknown): void {
  const [is, should] = [JSON.stringify(seen), JSON.stringify(wanted)];
  if (is !== should) throw new Error(`${what}: ${clipped(is)} in place of ${clipped(should)}`);
}

function clipped(text: string | undefined): string {
  return (text ?? "nothing").slice(0, 300);
}
