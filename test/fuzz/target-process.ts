/** A process of its own for one target: it may hang, or die, and its memory is its own. */
import { AllocationMeter } from "./allocation-meter.ts";
import { crashOf } from "./finding.ts";
import type { FuzzTarget } from "./fuzz-target.ts";
import { Fuzzer } from "./fuzzer.ts";
import { Pulse } from "./pulse.ts";
import type { ProcessReport, ProcessTask } from "./target-worker.ts";

const task = JSON.parse(process.argv[2] ?? "{}") as ProcessTask;
// Its own module alone: a decoder needs no broker.
const module = (await import(`./targets/${task.target}.ts`)) as Record<string, FuzzTarget>;
const target = Object.values(module).find(({ name }) => name === task.target);
if (target === undefined) throw new RangeError(`there is no target ${task.target}`);

// What nobody awaited is a finding, too: of the input that is being executed, or the one before it.
const strays: unknown[] = [];
process.on("unhandledRejection", (reason) => strays.push(reason));
process.on("uncaughtException", (error) => strays.push(error));

const meter = new AllocationMeter();
const pulse = new Pulse(task.pulse, target.inputBytesMax);
const door = await target.open();
meter.install();
const fuzzer = new Fuzzer(
  target,
  door,
  { seed: task.seed, executionsMax: task.executions, millisecondsMax: task.seconds * 1_000 },
  { meter, before: (input) => pulse.beat(input), takeStray: () => strays.shift() },
);
const report = await fuzzer.run().catch((error: unknown) => {
  // The fuzzer itself is broken; its parent sees the process end.
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  process.exit(2);
});
meter.uninstall();
const findings = strays.map((stray) => crashOf(stray, Buffer.alloc(0)));
const said: ProcessReport = {
  ...report,
  findings: [...report.findings, ...findings].map((finding) => ({
    ...finding,
    input: finding.input.toString("base64"),
  })),
};
process.send?.(said, () => {
  // What targets leave open is not worth waiting for.
  process.exit(0);
});
