import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { promisify } from "node:util";

const BIN = join(process.cwd(), "packages/cli/bin/zoolog.js");

export type CliResult = {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
};

export type CliOptions = {
  readonly input?: string | Uint8Array;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
};

/** The command as it is installed: compiled, and started by its own file. */
export async function buildCommandLine(): Promise<void> {
  const tsc = require.resolve("typescript/bin/tsc");
  await promisify(execFile)(process.execPath, [tsc, "-b", "packages/cli"]);
}

export function startZoolog(words: readonly string[], options: CliOptions = {}) {
  const { NO_COLOR: _, FORCE_COLOR: __, ZOOLOG_BOOTSTRAP: ___, ...inherited } = process.env;
  const child = spawn(process.execPath, [BIN, ...words], {
    stdio: ["pipe", "pipe", "pipe"],
    env: { ...inherited, ...options.env },
    cwd: options.cwd,
  });
  const chunks: { stdout: Buffer[]; stderr: Buffer[] } = { stdout: [], stderr: [] };
  child.stdout.on("data", (chunk) => chunks.stdout.push(chunk));
  child.stderr.on("data", (chunk) => chunks.stderr.push(chunk));
  // A command that ends without reading its input is its right.
  child.stdin.on("error", () => {});
  if (options.input !== undefined) child.stdin.end(options.input);
  const result = (async (): Promise<CliResult> => {
    const [code, signal] = await once(child, "close");
    return {
      code,
      signal,
      stdout: Buffer.concat(chunks.stdout).toString("utf8"),
      stderr: Buffer.concat(chunks.stderr).toString("utf8"),
    };
  })();
  const text = (stream: "stdout" | "stderr") => Buffer.concat(chunks[stream]).toString("utf8");
  const until = async (stream: "stdout" | "stderr", there: () => boolean): Promise<void> => {
    while (!there()) {
      const more = once(child[stream], "data").then(() => false);
      if (await Promise.race([more, result.then(() => !there())])) {
        throw new Error(`it ended without what was awaited:\n${text("stdout")}${text("stderr")}`);
      }
    }
  };
  const started = {
    child,
    result,
    /** Resolves when stderr has said this. */
    says: async (pattern: RegExp): Promise<string> => {
      await until("stderr", () => pattern.test(text("stderr")));
      return text("stderr");
    },
    /** Resolves when this is what stdout has got so far. */
    prints: (expected: string): Promise<void> => until("stdout", () => text("stdout") === expected),
  };
  running.add(started);
  void result.then(() => running.delete(started));
  return started;
}

type StartedZoolog = {
  readonly child: ReturnType<typeof spawn>;
  readonly result: Promise<CliResult>;
};
const running = new Set<StartedZoolog>();

/** Ends what a failed test has left running. */
export async function killLeftOvers(): Promise<void> {
  for (const { child, result } of running) {
    child.kill("SIGKILL");
    await result;
  }
}

export function zoolog(words: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  return startZoolog(words, { input: "", ...options }).result;
}
