/**
 * `npm run chaos`: brokers and a ZooKeeper ensemble as processes, idempotent producers and readers,
 * faults drawn from a seed, and a checker over everything that the clients saw.
 */
import { understood } from "../command-line.ts";
import { REPOSITORY, runChaos } from "./chaos-run.ts";
import { runGroupWorkload } from "./groups/run-group-workload.ts";
import { Namespaces } from "./injectors/namespaces.ts";
import { type ChaosOptions, parseOptions, USAGE } from "./options.ts";
import { formatReport, violations } from "./report.ts";
import { isOfRows } from "./rows/row-options.ts";
import { runRows } from "./rows/run-rows.ts";
import { mutationsNamed, runMutation } from "./run-mutations.ts";

// What is open is closed as the process exits, which a signal alone would not do.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(130));

const args = process.argv.slice(2);
const print = (text: string): void => console.log(text);
// What a row that failed has left under way ends with the process.
if (isOfRows(args)) process.exit(await runRows(args, print));
process.exitCode = isOfGroups(args) ? await runGroupWorkload(args, print) : await runRecords(args);

function isOfGroups(all: readonly string[]): boolean {
  const at = all.indexOf("--workload");
  return all.includes("--workload=groups") || (at >= 0 && all[at + 1] === "groups");
}

async function runRecords(all: readonly string[]): Promise<number> {
  const options = understood("chaos", () => parseOptions(all));
  if (options !== undefined) return await run(options);
  console.log(USAGE);
  return 0;
}

async function run(options: ChaosOptions): Promise<number> {
  const networkFault = options.network ? Namespaces.fault() : undefined;
  if (networkFault !== undefined) {
    console.log(`not run: ${networkFault}`);
    return 1;
  }
  return options.mutation === undefined
    ? runOnce(options)
    : runMutations(options.mutation, options);
}

async function runOnce(options: ChaosOptions): Promise<number> {
  const { seed, seconds, faults } = options;
  console.log(`seed ${seed}, ${seconds} s, faults: ${faults.join(", ") || "none"}`);
  const report = await runChaos(options, REPOSITORY);
  if (options.keep) console.log(`data and logs: ${report.folder}`);
  console.log(formatReport(report));
  return violations(report) === 0 ? 0 : 1;
}

/** Every mistake has to be found: exit status 1 when one is not. */
async function runMutations(name: string, options: ChaosOptions): Promise<number> {
  const mutations = understood("chaos", () => mutationsNamed(name));
  let notFound = 0;
  for (const mutation of mutations) {
    const { found } = await runMutation(mutation, options);
    if (found === undefined) notFound += 1;
    console.log(`${mutation.name}: ${found ?? "NOT FOUND"}`);
  }
  console.log(`seed ${options.seed}: ${mutations.length - notFound} of ${mutations.length} found`);
  return notFound === 0 ? 0 : 1;
}
