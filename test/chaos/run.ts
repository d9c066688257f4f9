/**
 * `npm run chaos`: brokers and a ZooKeeper ensemble as processes, idempotent producers and readers,
 * faults drawn from a seed, and a checker over everything that the clients saw.
 */
import { REPOSITORY, runChaos } from "./chaos-run.ts";
import { Namespaces } from "./namespaces.ts";
import { parseOptions, USAGE } from "./options.ts";
import { formatReport, violations } from "./report.ts";

// What is open is closed as the process exits, which a signal alone would not do.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(130));

const options = parseOptions(process.argv.slice(2));
const networkFault = options?.network === true ? Namespaces.fault() : undefined;
if (options === undefined) {
  console.log(USAGE);
} else if (networkFault !== undefined) {
  console.log(`not run: ${networkFault}`);
  process.exitCode = 1;
} else {
  console.log(
    `seed ${options.seed}, ${options.seconds} s, faults: ${options.faults.join(", ") || "none"}`,
  );
  const report = await runChaos(options, REPOSITORY);
  if (options.keep) console.log(`data and logs: ${report.folder}`);
  console.log(formatReport(report));
  process.exitCode = violations(report) === 0 ? 0 : 1;
}
