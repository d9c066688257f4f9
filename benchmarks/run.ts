/**
 * `npm run bench -- --help`: every `*.bench.ts` of this folder, one after the other, each in a process of
 * its own. Ratios are against a ceiling measured in the same run. `BELOW` is a figure under its bar;
 * because machines differ, that is exit status 1 only with `--strict`. `--against kafka` compares with
 * Apache Kafka instead (against-kafka/README.md).
 */
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { NOT_UNDERSTOOD, understood } from "../test/command-line.ts";
import { compareWithKafka } from "./against-kafka/compare-with-kafka.ts";
import { type Measurement, reachesBar } from "./harness/measurement.ts";
import { formatReport } from "./harness/report.ts";
import { type BenchCommand, parseCommand, USAGE } from "./options.ts";

const FOLDER = "benchmarks";
const SUFFIX = ".bench.ts";

/** Of files whose subject has a command of its own: as that command runs it (package.json). */
const NODE_FLAGS: Readonly<Record<string, readonly string[]>> = {
  "simulation.bench.ts": ["--max-semi-space-size=256", "--min-semi-space-size=128"],
};

process.exitCode = await run(understood("bench", () => parseCommand(process.argv.slice(2))));

async function run(command: BenchCommand): Promise<number> {
  switch (command.kind) {
    case "help":
      console.log(USAGE);
      return 0;
    case "file":
      console.log(JSON.stringify(await measureFile(command.file)));
      // What a measurement has left open does not keep the process.
      process.exit(0);
      break;
    case "against-kafka":
      process.exit(await compareWithKafka(command));
      break;
    case "measure":
      return measureFiles(command);
  }
}

function measureFiles(command: Extract<BenchCommand, { kind: "measure" }>): number {
  const { only = "", json, strict } = command;
  const all = readdirSync(FOLDER).filter((name) => name.endsWith(SUFFIX));
  const files = all.filter((name) => name.includes(only));
  if (files.length === 0) {
    const names = all.map((name) => name.slice(0, -SUFFIX.length)).join(", ");
    console.error(`npm run bench: --only ${only}: no file is named so; there are ${names}`);
    return NOT_UNDERSTOOD;
  }
  const measurements = files.flatMap(measureInOwnProcess);
  const below = measurements.filter((row) => reachesBar(row) === false);
  if (json) {
    console.log(JSON.stringify(measurements, null, 2));
  } else {
    console.log(formatReport(measurements));
    const note = strict ? "" : " (no failure without --strict)";
    console.log(`\n${measurements.length} measured, ${below.length} below their bar${note}`);
  }
  return strict && below.length > 0 ? 1 : 0;
}

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
