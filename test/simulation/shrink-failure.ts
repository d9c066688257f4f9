import type { SimulationOptions } from "@zoolog/testkit";
import type { SeedOutcome } from "./seed-job.ts";
import type { SeedWorkers } from "./seed-workers.ts";
import { Shrinker, type Shrunk } from "./shrink.ts";
import { runTwice } from "./twice.ts";

/** The invariant for which one run is not enough. */
const SAME_HASH = "I18";

/** Looks for a smaller world that violates the same invariant. */
export function shrinkFailure(
  failure: { readonly outcome: SeedOutcome; readonly invariant: string },
  parts: { readonly workers: SeedWorkers; readonly note: (what: string) => void },
): Promise<Shrunk> {
  const { outcome, invariant } = failure;
  const { workers, note } = parts;
  const violates = async (options: SimulationOptions): Promise<boolean> => {
    const run = invariant === SAME_HASH ? runTwice({ options }, workers) : workers.run({ options });
    const { violations } = await run;
    return violations.some((violation) => violation.invariant === invariant);
  };
  const shrinker = new Shrinker(
    { failing: outcome.options, atOnce: workers.size },
    { violates, note },
  );
  return shrinker.shrink(faultsOf(outcome));
}

/** Faults are noted by number; a world that was lost told nothing, and may have had as many as fit. */
export function faultsOf({ notes, options }: SeedOutcome): number {
  const numbers = notes.map((note) => Number(/#(\d+) /.exec(note)?.[1] ?? -1));
  const { meanRestMs, seconds } = options;
  const fit = Math.ceil((2 * seconds * 1_000) / Math.max(1, meanRestMs));
  return notes.length === 0 ? fit : Math.max(-1, ...numbers) + 1;
}
