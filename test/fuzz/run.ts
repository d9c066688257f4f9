/**
 * `npm run fuzz`: mutated inputs at every door (docs/decisions/030-fuzzing.md). Exit status 1 on a
 * finding; the last line is the summary.
 */
import { understood } from "../command-line.ts";
import { AllocationMeter } from "./allocation-meter.ts";
import { Fuzzer, type FuzzReport } from "./fuzzer.ts";
import { type FuzzCommand, parseCommand, USAGE } from "./options.ts";
import { keepRegression, regressionsOf } from "./regressions.ts";
import { FUZZ_TARGETS } from "./target-table.ts";
import { fuzzInProcess } from "./target-worker.ts";

const MIB = 1024 * 1024;

process.exitCode = await run(understood("fuzz", () => parseCommand(process.argv.slice(2))));

async function run(command: FuzzCommand): Promise<number> {
  if (command.kind === "replay") return await replay(command);
  if (command.kind === "fuzz") return await fuzz(command);
  if (command.kind === "help") console.log(USAGE);
  else {
    for (const { name, row, about } of FUZZ_TARGETS) {
      console.log(`${row} ${name.padEnd(18)} ${about}`);
    }
  }
  return 0;
}

async function fuzz(command: Extract<FuzzCommand, { kind: "fuzz" }>): Promise<number> {
  const { executions, seconds, seed, workers } = command;
  const waiting = [...command.targets];
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
  await Promise.all(Array.from({ length: workers }, work));
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
async function replay(command: Extract<FuzzCommand, { kind: "replay" }>): Promise<number> {
  const { name, target } = command;
  const kept = regressionsOf(target.name);
  const regression = understood("fuzz", () => {
    const found = kept.find((one) => one.name === name);
    if (found !== undefined) return found;
    const names = kept.map((one) => one.name).join(", ") || "none";
    throw new RangeError(`--replay: ${name} is none of those kept of ${target.name}: ${names}`);
  });
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
