/**
 * `npm run bench [-- --only NAME] [-- --json] [-- --strict]`: every `*.bench.ts` of this folder, one
 * after the other, each in a process of its own. Ratios are against a ceiling measured in the same
 * run. `BELOW` is a figure under its bar; because machines differ, that is exit status 1 only with
 * `--strict`. `-- --against kafka` compares with Apache Kafka instead (against-kafka/README.md).
 */
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { compareWithKafka } from "./against-kafka/compare-with-kafka.ts";
import { type Measurement, reachesBar } from "./harness/measurement.ts";
import { formatReport } from "./harness/report.ts";

const FOLDER = "benchmarks";

/** Of files whose subject has a command of its own: as that command runs it (package.json). */
const NODE_FLAGS: Readonly<Record<string, readonly string[]>> = {
  "simulation.bench.ts": ["--max-semi-space-size=256", "--min-semi-space-size=128"],
};

const { values: options } = parseArgs({
  options: {
    only: { type: "string" },
    json: { type: "boolean", default: false },
    strict: { type: "boolean", default: false },
    /** `kafka`: the same clients against Apache Kafka and Zoolog in turns. */
    against: { type: "string" },
    /** Names of sides, such as `zoolog,3.9`. */
    sides: { type: "string" },
    rounds: { type: "string" },
    /** A fifth of the work, two rounds. */
    quick: { type: "boolean", default: false },
    /** Inner use: measures one file in this process and prints its rows as JSON. */
    file: { type: "string" },
  },
});

async function measureFile(file: string): Promise<Measurement[]> {
  const module = (await import(`./${file}`)) as Record<string, unknown>;
  const measures = Object.entries(module).filter(([name]) => name.startsWith("measure"));
  const rows: Measurement[] = [];
  for (const [, measure] of measures) {
    if (typeof measure === "function") rows.push(...(await measure()));
  }
  return rows;
}

function measureInOwnProcess(file: string): Measurement[] {
  console.error(`measuring ${file} …`);
  const flags = [...process.execArgv, ...(NODE_FLAGS[file] ?? [])];
  const args = [...flags, join(FOLDER, "run.ts"), "--file", file];
  const child = spawnSync(process.execPath, args, {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
    maxBuffer: 64 * 1024 * 1024,
  });
  if (child.status !== 0) throw new Error(`${file} failed`);
  return JSON.parse(child.stdout.trimEnd().split("\n").at(-1) ?? "[]") as Measurement[];
}

if (options.file !== undefined) {
  console.log(JSON.stringify(await measureFile(options.file)));
  process.exit(0);
}

if (options.against !== undefined) {
  process.exit(await compareWithKafka(options));
}

const files = readdirSync(FOLDER)
  .filter((name) => name.endsWith(".bench.ts"))
  .filter((name) => options.only === undefined || name.includes(options.only));
const measurements = files.flatMap(measureInOwnProcess);
const below = measurements.filter((row) => reachesBar(row) === false);
if (options.json) {
  console.log(JSON.stringify(measurements, null, 2));
} else {
  console.log(formatReport(measurements));
  const note = options.strict ? "" : " (no failure without --strict)";
  console.log(`\n${measurements.length} measured, ${below.length} below their bar${note}`);
}
if (options.strict && below.length > 0) process.exitCode = 1;
