import type { SimulationOptions } from "@zoolog/testkit";
import { lostOutcome, type SeedOutcome } from "./seed-job.ts";

/** What a worker may have sent. */
export function outcomeOf(
  options: Partial<SimulationOptions> = {},
  outcome: Partial<SeedOutcome> = {},
): SeedOutcome {
  const whole = { seed: 1, scenario: "swarm", seconds: 10, meanRestMs: 1_000, ...options };
  const lost = lostOutcome(whole as SimulationOptions, { kind: "hang", what: "", realMs: 100 });
  const figures = { events: 1_000, virtualMs: 20_000, sends: 60, acknowledged: 50, processed: 40 };
  return { ...lost, ...figures, hash: "00c0ffee00c0ffee", violations: [], ...outcome };
}
