import { join } from "node:path";
import { drawSimulationOptions, type SimulationOptions } from "@zoolog/testkit";
import { mutatedBuild } from "../../chaos/mutated-build.ts";
import type { SeedOutcome } from "../seed-job.ts";
import { SeedWorkers } from "../seed-workers.ts";
import type { Canary } from "./canary.ts";

export const REPOSITORY = join(import.meta.dirname, "../../..");

const WORKER = join(import.meta.dirname, "../worker.ts");

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
  const mistaken = workerOf(build.folder);
  const sound = workerOf(REPOSITORY);
  const unclean: Caught[] = [];
  try {
    for (let seed = seeds.from; seed <= seeds.to; seed++) {
      const options = drawnFor(canary, seed);
      const caught = caughtIn(await mistaken.run({ options }));
      if (caught === undefined) continue;
      const control = caughtIn(await sound.run({ options }));
      if (control === undefined) return { canary, seeds: seed - seeds.from + 1, caught, unclean };
      unclean.push(control);
    }
    return { canary, seeds: seeds.to - seeds.from + 1, unclean };
  } finally {
    await Promise.all([mistaken.close(), sound.close()]);
    build.remove();
  }
}

/** The built packages of the folder: their code runs as it would in a broker. */
function workerOf(folder: string): SeedWorkers {
  const execArgv = ["--import", "tsx"];
  return new SeedWorkers({ workers: 1, entry: WORKER, args: [folder], execArgv });
}

function drawnFor({ options, scenario = "swarm" }: Canary, seed: number): SimulationOptions {
  const drawn = drawSimulationOptions(seed, { scenario });
  return { ...drawn, ...options, settings: { ...drawn.settings, ...options?.settings } };
}

function caughtIn({ options, violations }: SeedOutcome): Caught | undefined {
  const [first] = violations;
  if (first === undefined) return undefined;
  const invariants = [...new Set(violations.map(({ invariant }) => invariant))].sort();
  return { seed: options.seed, invariants, what: `${first.invariant} ${first.what}` };
}
