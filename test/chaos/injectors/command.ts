import { execFileSync } from "node:child_process";

/** A command that hangs is a broken machine. */
const MS_MAX = 60_000;

/** Runs a program to its end. @throws Error with what it said when it failed. */
export function run(...[program = "", ...args]: readonly string[]): string {
  const stdio = ["ignore", "pipe", "pipe"] as const;
  return execFileSync(program, args, { stdio: [...stdio], timeout: MS_MAX, encoding: "utf8" });
}

/** The same where it may fail: what is to be removed was perhaps never made. */
export function tryRun(...command: readonly string[]): string | undefined {
  try {
    return run(...command);
  } catch {
    return undefined;
  }
}
