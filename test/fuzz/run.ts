/**
 * `npm run fuzz`: mutated inputs at every door (docs/decisions/030-fuzzing.md). Exit status 1 on a
 * finding; the last line is the summary.
 */
import { parseArgs } from "node:util";
import { AllocationMeter } from "./allocation-meter.ts";
import type { FuzzTarget } from "./fuzz-target.ts";
import { Fuzzer, type FuzzReport } from "./fuzzer.ts";
import { keepRegression, regressionsOf } from "./regressions.ts";
import { FUZZ_TARGETS, fuzzTarget } from "./target-table.ts";
import { fuzzInProcess } from "./target-worker.ts";

const { values } = parseArgs({
  options: {
    target: { type: "string", default: "all" },
    executions: { type: "string" },
    seconds: { type: "string" },
    seed: { type: "string", default: String(Math.floor(Math.random() * 2 ** 31)) },
    workers: { type: "string", default: "1" },
    replay: { type: "string" },
    list: { type: "boolean", default: false },
  },
});

/** Of one target, when nobody says how long. */
const SECONDS_DEFAULT = 30;
const MIB = 1024 * 1024;

if (values.list) {
  for (const { name, row, about } of FUZZ_TARGETS)
    console.log(`${row} ${name.padEnd(18)} ${about}`);
} else if (values.replay !== undefined) {
  process.exitCode = await replay(values.replay);
} else {
  process.exitCode = await fuzz();
}

async function fuzz(): Promise<number> {
  const seed = integer("seed", 0);
  // Either bound alone holds when it alone is given.
  const executions = integer("executions", Number.MAX_SAFE_INTEGER);
  const isCounted = values.executions !== undefined;
  const seconds = integer("seconds", isCounted ? Number.MAX_SAFE_INTEGER / 1_000 : SECONDS_DEFAULT);
  const waiting = chosenTargets();
  const reports: FuzzReport[] = [];
  console.log(`seed ${seed}`);
  console.log("target              executions   exec/s  corpus findings  slowest   memory");
  const work = async (): Promise<void> => {
    for (let target = waiting.shift(); target !== undefined; target = waiting.shift()) {
      const report = await fuzzInProcess({ target: target.name, seed, executions, seconds });
      reports.push(report);
      tell(report);
    }
  };
  await Promise.all(Array.from({ length: integer("workers", 1) }, work));
  const count = reports.reduce((sum, report) => sum + report.executions, 0);
  const findings = reports.reduce((sum, report) => sum + report.findings.length, 0);
  console.log(`${reports.length} targets, ${count} executions, ${findings} findings, seed ${seed}`);
  return findings === 0 ? 0 : 1;
}

function tell(report: FuzzReport): void {
  const { target, executions, elapsedMs, corpus, findings, slowestMs, memoryGrowthBytes } = report;
  const columns = [
    [target, -18],
    [String(executions), 11],
    [(executions / (elapsedMs / 1_000)).toFixed(0), 8],
    [String(corpus), 7],
    [String(findings.length), 8],
    [`${slowestMs.toFixed(0)} ms`, 9],
    [`+${(memoryGrowthBytes / MIB).toFixed(0)} MiB`, 9],
  ] as const;
  const cells = columns.map(([text, width]) =>
    width < 0 ? text.padEnd(-width) : text.padStart(width),
  );
  console.log(cells.join(" "));
  for (const { kind, what, input } of findings) {
    const name = keepRegression(target, input);
    console.log(`  ${kind}: ${what}`);
    console.log(`  again: npm run fuzz -- --target ${target} --replay ${name}`);
  }
}

/** One kept input, in this process, where a debugger can follow it. */
async function replay(name: string): Promise<number> {
  const [target] = chosenTargets();
  const regression = regressionsOf(target?.name ?? "").find((kept) => kept.name === name);
  if (target === undefined || regression === undefined) {
    throw new RangeError(`there is no test/fuzz/regressions/${target?.name}/${name}`);
  }
  const meter = new AllocationMeter();
  const door = await target.open();
  meter.install();
  const options = { seed: 0, executionsMax: 0, millisecondsMax: 0 };
  const finding = await new Fuzzer(target, door, options, { meter }).replay(regression.input);
  meter.uninstall();
  await door.close?.();
  console.log(finding === undefined ? "no finding" : `${finding.kind}: ${finding.what}`);
  return finding === undefined ? 0 : 1;
}

function chosenTargets(): FuzzTarget[] {
  if (values.target === "all") return [...FUZZ_TARGETS];
  return values.target.split(",").map((name) => {
    const target = fuzzTarget(name);
    if (target !== undefined) return target;
    throw new RangeError(`there is no target ${name}; --list shows those that are`);
  });
}

function integer(name: "seed" | "executions" | "seconds" | "workers", unset: number): number {
  const text = values[name];
  if (text === undefined) return unset;
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new RangeError(`--${name} takes a whole number, not ${text}`);
}
