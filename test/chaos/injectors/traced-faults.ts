import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "./command.ts";
import { RUN_NAME } from "./run-name.ts";

const STRACE = "strace";
const SETPRIV = "/usr/bin/setpriv";
const ATTACH_MS_MAX = 10_000;
const LOOK_MS = 20;

export type TracedFault = {
  readonly calls: readonly string[];
  /** `error=EIO`, `error=EIO:when=3`, `delay_enter=500000` (µs): as strace has it. */
  readonly effect: string;
  /** Calls on this file only. */
  readonly path?: string;
};

/** System calls of a process that runs already fail or take longer, by `strace -e inject`. */
export class TracedFaults {
  readonly #tracer: ChildProcess;
  readonly #output: string;
  readonly #exited: Promise<void>;

  private constructor(tracer: ChildProcess, output: string) {
    this.#tracer = tracer;
    this.#output = output;
    this.#exited = new Promise((resolve) => tracer.once("exit", () => resolve()));
  }

  /** Why there can be none on this machine, or nothing: fails a sync of a file of its own. */
  static fault(): string | undefined {
    const file = join(tmpdir(), `${RUN_NAME}-traced`);
    try {
      run("touch", file);
      const traced = ["-f", "-qq", "-o", "/dev/null", "-e", "inject=fdatasync:error=EIO"];
      const { status, error } = spawnSync(STRACE, [...traced, "sync", "--data", file]);
      if (error !== undefined) return "strace is not installed";
      return status === 0 ? "strace cannot make system calls fail here" : undefined;
    } finally {
      rmSync(file, { force: true });
    }
  }

  /** Resolves when the process is traced. */
  static async attach(pid: number, fault: TracedFault): Promise<TracedFaults> {
    const output = join(tmpdir(), `${RUN_NAME}-${pid}-${Date.now()}.strace`);
    const calls = fault.calls.join(",");
    const args = [
      ...["-f", "-ttt", "-o", output, "-p", String(pid)],
      ...(fault.path === undefined ? [] : ["-P", fault.path]),
      ...["-e", `trace=${calls}`, "-e", `inject=${calls}:${fault.effect}`],
    ];
    const command = existsSync(SETPRIV) ? [SETPRIV, "--pdeathsig", "TERM", STRACE] : [STRACE];
    const [program = STRACE, ...prefix] = command;
    const tracer = spawn(program, [...prefix, ...args], { stdio: "ignore" });
    const faults = new TracedFaults(tracer, output);
    await faults.#attached(pid);
    return faults;
  }

  /** When a call was hit first, as `performance.now()` of this process has it. */
  get firstHitAt(): number | undefined {
    if (!existsSync(this.#output)) return undefined;
    const hit = firstInjectionAt(readFileSync(this.#output, "utf8"));
    return hit === undefined ? undefined : hit - performance.timeOrigin;
  }

  /** The process goes on untraced. */
  async detach(): Promise<void> {
    if (this.#tracer.exitCode === null) this.#tracer.kill("SIGINT");
    await this.#exited;
    rmSync(this.#output, { force: true });
  }

  async #attached(pid: number): Promise<void> {
    const giveUpAt = performance.now() + ATTACH_MS_MAX;
    while (tracerOf(pid) !== this.#tracer.pid) {
      if (performance.now() > giveUpAt) throw new Error(`strace does not attach to ${pid}`);
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  }
}

/** Milliseconds since 1970 of the first call in strace's output that was tampered with. */
export function firstInjectionAt(output: string): number | undefined {
  const line = output.split("\n").find((text) => /\((INJECTED|DELAYED)\)/.test(text));
  const seconds = /^\d+\s+(\d+\.\d+)/.exec(line ?? "")?.[1];
  return seconds === undefined ? undefined : Number(seconds) * 1_000;
}

function tracerOf(pid: number): number | undefined {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(/^TracerPid:\s+(\d+)/m.exec(status)?.[1]) || undefined;
}
