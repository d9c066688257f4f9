import { fork } from "node:child_process";
import { join } from "node:path";
import { mutatedBuild } from "../../chaos/mutated-build.ts";
import type { Canary } from "./canary.ts";
import type { CanaryJob, CanaryNews } from "./canary-worker.ts";

export const REPOSITORY = join(import.meta.dirname, "../../..");

const WORKER = join(import.meta.dirname, "canary-worker.ts");

/** Far more than any world takes: one that is not over by then stands still. */
const SEED_MS_MAX = 180_000;

export type Finding = {
  readonly canary: Canary;
  /** Worlds that ran until it was noticed, or at all. */
  readonly seeds: number;
  readonly caught?: Caught;
  /** Seeds that the code as it is fails, too: they say nothing of the mistake. */
  readonly unclean: readonly Caught[];
};

export type Caught = {
  readonly seed: number;
  readonly invariants: readonly string[];
  readonly what: string;
};

/**
 * Runs worlds of code that has the mistake until one of them notices. What it notices counts when the
 * same world of the code as it is has no violation.
 */
export async function hunt(
  canary: Canary,
  seeds: { readonly from: number; readonly to: number },
): Promise<Finding> {
  const build = mutatedBuild(REPOSITORY, canary.code);
  const unclean: Caught[] = [];
  try {
    for (let next = seeds.from; next <= seeds.to; ) {
      const caught = await firstCaught({
        folder: build.folder,
        canary: canary.name,
        ...{ from: next, to: seeds.to },
      });
      if (caught === undefined) break;
      const { seed } = caught;
      const control = await firstCaught({
        folder: REPOSITORY,
        canary: canary.name,
        ...{ from: seed, to: seed },
      });
      if (control === undefined) return { canary, seeds: seed - seeds.from + 1, caught, unclean };
      unclean.push(control);
      next = seed + 1;
    }
    return { canary, seeds: seeds.to - seeds.from + 1, unclean };
  } finally {
    build.remove();
  }
}

/** The first seed with a violation, in a process of its own. */
function firstCaught(job: CanaryJob): Promise<Caught | undefined> {
  return new Promise((resolve) => {
    // The built packages: their code runs as it would in a broker.
    const worker = fork(WORKER, { execArgv: ["--import", "tsx"], stdio: "inherit" });
    let seed = job.from;
    let timer = setTimeout(() => stoodStill(), SEED_MS_MAX);
    const settle = (caught: Caught | undefined): void => {
      clearTimeout(timer);
      worker.removeAllListeners();
      worker.kill("SIGKILL");
      resolve(caught);
    };
    const stoodStill = (): void =>
      settle({ seed, invariants: ["hang"], what: "the world did not come to its end" });
    worker.on("message", (news: CanaryNews) => {
      if (news.kind === "over") settle(undefined);
      else if (news.kind === "caught") settle(caughtOf(news));
      else {
        seed = news.seed + 1;
        clearTimeout(timer);
        timer = setTimeout(() => stoodStill(), SEED_MS_MAX);
      }
    });
    worker.on("exit", (code, signal) => {
      settle({ seed, invariants: ["crash"], what: `the process ended: ${code ?? signal}` });
    });
    worker.send(job);
  });
}

function caughtOf(news: Extract<CanaryNews, { readonly kind: "caught" }>): Caught {
  const { seed, violations } = news;
  const invariants = [...new Set(violations.map(({ invariant }) => invariant))].sort();
  const [first] = violations;
  return { seed, invariants, what: first === undefined ? "" : `${first.invariant} ${first.what}` };
}
