import { REPOSITORY, runChaos } from "./chaos-run.ts";
import { mutatedBuild } from "./mutated-build.ts";
import { MUTATIONS, type Mutation } from "./mutations.ts";
import type { ChaosOptions } from "./options.ts";
import { violations } from "./report.ts";

/** How a mutation was noticed, in a few words; `undefined` when it was not. */
export type Finding = { readonly mutation: Mutation; readonly found: string | undefined };

/** @throws RangeError for a name that is none. */
export function mutationsNamed(name: string): readonly Mutation[] {
  if (name === "all") return MUTATIONS;
  const named = MUTATIONS.filter((mutation) => mutation.name === name);
  if (named.length > 0) return named;
  const names = MUTATIONS.map((mutation) => mutation.name).join(", ");
  throw new RangeError(`--mutation: ${name} is none of ${names}, all`);
}

/** One run of brokers that have the mistake, under the faults that bring it to light. */
export async function runMutation(mutation: Mutation, options: ChaosOptions): Promise<Finding> {
  const build = mutatedBuild(REPOSITORY, mutation.code);
  const { faults } = mutation;
  try {
    const report = await runChaos({ ...options, ...mutation.options, faults }, build.folder);
    if (violations(report) === 0) return { mutation, found: undefined };
    const { verdict, differences, unexpectedExits, unread } = report;
    const found = [
      ...[...verdict.countByKind].map(([kind, count]) => `${kind} × ${count}`),
      ...(differences.length > 0 ? [`replicas differ × ${differences.length}`] : []),
      ...(unread.length > 0 ? [`not read × ${unread.length}`] : []),
      ...unexpectedExits.slice(0, 1),
    ];
    return { mutation, found: found.join(", ") };
  } catch (error) {
    // Brokers that never come together again have been noticed, too.
    return { mutation, found: String(error).split("\n")[0] };
  } finally {
    build.remove();
  }
}
