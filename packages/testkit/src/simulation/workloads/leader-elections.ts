import { ERRAND_MS, Errands } from "./errands.ts";
import type { Workload, WorkloadParts } from "./workload.ts";

/** Leaderships go back to the preferred replicas, while their leaders are well. */
export function leaderElections(parts: WorkloadParts): Workload {
  return new Errands(
    { name: "elector", meanRestMs: 1_200 },
    {
      parts,
      errand: async ({ client }) => {
        await client.admin.electLeaders("preferred", { timeoutMs: ERRAND_MS });
      },
    },
  );
}
