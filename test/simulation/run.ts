/**
 * `npm run sim`: whole clusters and their clients, each in one process under one seed, with virtual
 * time, network and disks, and the invariants that must hold whatever happens.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { SimulationOptions } from "@zoolog/testkit";
import { drawnSeed, NOT_UNDERSTOOD } from "../command-line.ts";
import { CANARIES } from "./canaries/canaries.ts";
import { runCanaries } from "./canaries/run-canaries.ts";
import { givenOptions } from "./given-options.ts";
import {
  ALL_SCENARIOS,
  type Drawn,
  parseCommand,
  type SimCommand,
  SWARM,
  USAGE,
} from "./options.ts";
import { ProgressLine } from "./progress-line.ts";
import { formatFailure, formatShrunk, seedSummary, totalsSummary } from "./report.ts";
import { runMany } from "./run-many.ts";
import type { SeedOutcome } from "./seed-job.ts";
import { SeedWorkers } from "./seed-workers.ts";
import { shrinkFailure } from "./shrink-failure.ts";
import { tracePage } from "./trace-page.ts";
import { runTwice } from "./twice.ts";

const FAILED = 1;

type Testkit = typeof import("@zoolog/testkit");

// Workers are ended as the process exits, which a signal alone would not do.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(130));

process.exitCode = await main().catch((error: unknown) => {
  if (!(error instanceof RangeError)) throw error;
  console.error(`npm run sim: ${error.message}`);
  return NOT_UNDERSTOOD;
});

async function main(): Promise<number> {
  const command = parseCommand(process.argv.slice(2));
  if (command.kind === "help") {
    console.log(USAGE);
    return 0;
  }
  if (command.kind === "list") return list(await import("@zoolog/testkit"));
  if (command.kind === "canaries") {
    const { names, seeds, workers } = command;
    return await runCanaries({ names, workers, seeds, print: (line) => console.log(line) });
  }
  const entry = join(import.meta.dirname, "worker.ts");
  const workers = new SeedWorkers({ workers: command.workers, entry });
  try {
    // Of one seed, its worker starts while this process learns how to draw options.
    if (command.kind === "one") workers.start();
    const testkit = await import("@zoolog/testkit");
    return command.kind === "one"
      ? await runOne(command, workers, testkit)
      : await runAll(command, workers, testkit);
  } finally {
    await workers.close();
  }
}

async function runOne(
  command: Extract<SimCommand, { kind: "one" }>,
  workers: SeedWorkers,
  testkit: Testkit,
): Promise<number> {
  const options = optionsOf(command, testkit);
  console.log(JSON.stringify(options));
  const job = { options, isRecorded: command.traceFile !== undefined };
  const outcome = await (command.twice ? runTwice(job, workers) : workers.run(job));
  for (const note of outcome.notes) console.log(`  ${note}`);
  if (outcome.violations.length > 0) console.log(formatFailure(outcome, { isAlone: true }));
  if (command.traceFile !== undefined) {
    writeFileSync(command.traceFile, tracePage(outcome, join(import.meta.dirname, "viewer")));
    console.log(`${command.traceFile}: ${outcome.trace.length} entries to read in a browser`);
  }
  if (command.shrink) await shrinkShown(outcome, workers);
  console.log(seedSummary(outcome));
  return outcome.violations.length === 0 ? 0 : FAILED;
}

async function runAll(
  command: Extract<SimCommand, { kind: "many" }>,
  workers: SeedWorkers,
  testkit: Testkit,
): Promise<number> {
  const { drawn, from, to, twice, shrink } = command;
  const scenarioOf = scenariosInTurn(drawn.scenario, testkit);
  const progress = new ProgressLine();
  const print = (text: string): void => {
    progress.clear();
    console.log(text);
  };
  const { totals, failures } = await runMany(
    { from, to, twice, optionsOf: (seed) => draw(seed, scenarioOf(seed), drawn, testkit) },
    { workers, print, progress: (text) => progress.show(text), chance: Math.random },
  );
  progress.clear();
  if (shrink) {
    for (const [outcome, invariant] of failures) await shrinkShown(outcome, workers, invariant);
  }
  console.log(totalsSummary(totals));
  return totals.violating === 0 ? 0 : FAILED;
}

async function shrinkShown(
  outcome: SeedOutcome,
  workers: SeedWorkers,
  invariant = outcome.violations[0]?.invariant,
): Promise<void> {
  if (invariant === undefined) {
    console.log("nothing to shrink: no violation");
    return;
  }
  console.log(`looking for a smaller world of seed ${outcome.options.seed} with ${invariant}`);
  const note = (text: string): void => console.log(`  ${text}`);
  const shrunk = await shrinkFailure({ outcome, invariant }, { workers, note });
  console.log(formatShrunk(shrunk, invariant));
}

function optionsOf(
  { drawn, json, seed = drawnSeed() }: Extract<SimCommand, { kind: "one" }>,
  testkit: Testkit,
): SimulationOptions {
  if (json === undefined) return draw(seed, drawn.scenario, drawn, testkit);
  const text = json.trimStart().startsWith("{") ? json : fileText(json);
  return givenOptions(text, (of, scenario) => draw(of, scenario, drawn, testkit));
}

function fileText(file: string): string {
  if (existsSync(file)) return readFileSync(file, "utf8");
  throw new RangeError(`--options takes JSON or the name of a file, and there is no ${file}`);
}

function draw(
  seed: number,
  scenario: string,
  { seconds }: Drawn,
  { drawSimulationOptions, SCENARIOS }: Testkit,
): SimulationOptions {
  const known = [SWARM, ...SCENARIOS.map(({ id }) => id)];
  if (!known.includes(scenario)) {
    throw new RangeError(`there is no scenario ${scenario}; there are ${known.join(", ")}`);
  }
  return drawSimulationOptions(seed, { scenario, ...(seconds === undefined ? {} : { seconds }) });
}

/** Every other seed is a swarm: it meets what no scenario has thought of. */
function scenariosInTurn(scenario: string, { SCENARIOS }: Testkit): (seed: number) => string {
  if (scenario !== ALL_SCENARIOS) return () => scenario;
  const ids = SCENARIOS.map(({ id }) => id);
  return (seed) => (seed % 2 === 0 ? SWARM : (ids[Math.floor(seed / 2) % ids.length] ?? SWARM));
}

function list({ SCENARIOS, MISSING_SCENARIOS, FAULT_NAMES, WORKLOAD_NAMES }: Testkit): number {
  const rows = [
    [SWARM, "a random part of all faults and workloads"],
    ...SCENARIOS.map(({ id, name, about }) => [id, `${name}: ${about}`]),
    ...MISSING_SCENARIOS.map(({ id, why }) => [id, `(not there) ${why}`]),
    ["faults", FAULT_NAMES.join(", ")],
    ["workloads", WORKLOAD_NAMES.join(", ")],
    ...CANARIES.map(({ about, name }) => ["canary", `${name}: ${about}`]),
  ];
  const width = Math.max(...rows.map(([id = ""]) => id.length));
  for (const [id = "", about] of rows) console.log(`${id.padEnd(width)}  ${about}`);
  return 0;
}
