import { understood } from "../../command-line.ts";
import { REPOSITORY } from "../chaos-run.ts";
import { mutatedBuild } from "../mutated-build.ts";
import { GROUP_MUTATIONS, type GroupMutation } from "./group-mutations.ts";
import { GROUP_USAGE, type GroupOptions, parseGroupOptions } from "./group-options.ts";
import { findingOf, formatGroupReport, groupViolations } from "./group-report.ts";
import { runGroup } from "./group-run.ts";

/** `npm run chaos -- --workload groups`; answers the exit status. */
export async function runGroupWorkload(
  args: readonly string[],
  print: (text: string) => void,
): Promise<number> {
  const options = understood("chaos", () => parseGroupOptions(args));
  if (options === undefined) {
    print(GROUP_USAGE);
    return 0;
  }
  return options.mutation === undefined
    ? await runOnce(options, print)
    : await runMutations(options.mutation, options, print);
}

async function runOnce(options: GroupOptions, print: (text: string) => void): Promise<number> {
  const { faults, protocol, seconds, seed } = options;
  print(`seed ${seed}, ${seconds} s, ${protocol} group, faults: ${faults.join(", ") || "none"}`);
  const report = await runGroup(options, REPOSITORY);
  if (options.keep) {
    const since = report.events[0]?.at ?? 0;
    for (const { at, what } of report.events) print(`${Math.round(at - since)} ms  ${what}`);
    print(`data, logs and histories: ${report.folder}`);
  }
  print(formatGroupReport(report));
  return groupViolations(report) === 0 ? 0 : 1;
}

/** Every mistake has to be found: exit status 1 when one is not. */
async function runMutations(
  name: string,
  options: GroupOptions,
  print: (text: string) => void,
): Promise<number> {
  const mutations = understood("chaos", () => mutationsNamed(name));
  let notFound = 0;
  for (const mutation of mutations) {
    const found = await finding(mutation, options);
    if (found === undefined) notFound += 1;
    print(`${mutation.name}: ${found ?? "NOT FOUND"}`);
  }
  print(`seed ${options.seed}: ${mutations.length - notFound} of ${mutations.length} found`);
  return notFound === 0 ? 0 : 1;
}

/** @throws RangeError for a name that is none. */
function mutationsNamed(name: string): readonly GroupMutation[] {
  if (name === "all") return GROUP_MUTATIONS;
  const named = GROUP_MUTATIONS.filter((mutation) => mutation.name === name);
  if (named.length > 0) return named;
  const names = GROUP_MUTATIONS.map((mutation) => mutation.name).join(", ");
  throw new RangeError(`--mutation: ${name} is none of ${names}, all`);
}

async function finding(
  mutation: GroupMutation,
  options: GroupOptions,
): Promise<string | undefined> {
  const build = mutatedBuild(REPOSITORY, mutation.code);
  const { faults } = mutation;
  try {
    const report = await runGroup({ ...options, figures: false, faults }, build.folder);
    return findingOf(report);
  } catch (error) {
    // A group that never comes to its end has been noticed, too.
    return String(error).split("\n")[0];
  } finally {
    build.remove();
  }
}
