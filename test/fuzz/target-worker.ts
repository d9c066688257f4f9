import { fork } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Finding, FindingKind } from "./finding.ts";
import type { FuzzReport } from "./fuzzer.ts";
import { readPulse, removePulse } from "./pulse.ts";

/** No execution takes so long: whatever it does, it does not end. */
const HANG_MS = 15_000;
/** Seeds are made by production encoders, which may have to be compiled first. */
const START_MS_MAX = 60_000;
const LOOK_MS = 500;
/** Above what any target needs; one that grows without bounds dies of it soon. */
const HEAP_MIB_MAX = 512;

export type ProcessTask = {
  readonly target: string;
  readonly seed: number;
  readonly executions: number;
  readonly seconds: number;
  readonly pulse: string;
};

export type ProcessReport = Omit<FuzzReport, "findings"> & {
  readonly findings: readonly (Omit<Finding, "input"> & { readonly input: string })[];
};

/** Fuzzes one target in a process of its own, and watches it. */
export async function fuzzInProcess(task: Omit<ProcessTask, "pulse">): Promise<FuzzReport> {
  const pulse = join(tmpdir(), `zoolog-fuzz-${process.pid}-${task.target}`);
  const child = fork(
    join(import.meta.dirname, "target-process.ts"),
    [JSON.stringify({ ...task, pulse })],
    { execArgv: [...process.execArgv, `--max-old-space-size=${HEAP_MIB_MAX}`] },
  );
  const beganAt = performance.now();
  let said: ProcessReport | undefined;
  let isHanging = false;
  let last = { execution: 0n, at: beganAt };
  const look = setInterval(() => {
    const now = performance.now();
    const execution = executionIn(pulse);
    if (execution !== last.execution) last = { execution, at: now };
    const patienceMs = execution === 0n ? START_MS_MAX : HANG_MS;
    if (said !== undefined || now - last.at < patienceMs) return;
    isHanging = true;
    child.kill("SIGKILL");
  }, LOOK_MS);
  child.on("message", (message) => {
    said = message as ProcessReport;
  });
  const code = await new Promise<number | null>((resolve) => child.once("exit", resolve));
  clearInterval(look);
  const reading = readPulse(pulse);
  removePulse(pulse);
  if (said !== undefined) return reportOf(said);
  const kind = isHanging ? "hang" : "died";
  return {
    target: task.target,
    executions: Number(reading?.execution ?? 0n),
    elapsedMs: performance.now() - beganAt,
    corpus: 0,
    findings: [endOf(kind, code, reading?.input ?? Buffer.alloc(0))],
    slowestMs: isHanging ? HANG_MS : 0,
    memoryGrowthBytes: 0,
  };
}

function reportOf(said: ProcessReport): FuzzReport {
  const findings = said.findings.map((finding) => ({
    ...finding,
    input: Buffer.from(finding.input, "base64"),
  }));
  return { ...said, findings };
}

function endOf(kind: FindingKind, code: number | null, input: Buffer): Finding {
  const what =
    kind === "hang"
      ? `an input of ${input.length} bytes was worked on for ${HANG_MS} ms, without an end`
      : `the process ended with ${code} under an input of ${input.length} bytes`;
  return { kind, key: kind, what, input };
}

function executionIn(pulse: string): bigint {
  try {
    return readPulse(pulse)?.execution ?? 0n;
  } catch {
    return 0n; // Not there yet.
  }
}
