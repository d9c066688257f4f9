/**
 * `npm run chaos`: brokers and a ZooKeeper ensemble as processes, idempotent producers and readers,
 * faults drawn from a seed, and a checker over everything that the clients saw.
 */
import { REPOSITORY, runChaos } from "./chaos-run.ts";
import { parseOptions, USAGE } from "./options.ts";
import { formatReport, violations } from "./report.ts";

const options = parseOptions(process.argv.slice(2));
if (options === undefined) {
  console.log(USAGE);
} else {
  console.log(
    `seed ${options.seed}, ${options.seconds} s, faults: ${options.faults.join(", ") || "none"}`,
  );
  const report = await runChaos(options, REPOSITORY);
  if (options.keep) console.log(`data and logs: ${report.folder}`);
  console.log(formatReport(report));
  process.exitCode = violations(report) === 0 ? 0 : 1;
}
