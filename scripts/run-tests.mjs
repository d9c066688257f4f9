/**
 * Runs jest with the given arguments and closes with one line that every CI reads the same way:
 * `N passed, N failed` (and `, N skipped` when any were).
 *
 * `SIM_SEEDS=1..500` runs so many worlds of the simulator before, on all cores; together they count as
 * one test.
 */
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

const USAGE = `usage: npm test -- [jest's options]

All tests, or those that jest's options choose; the last line is "N passed, N failed". Exit status 1 when one
failed.

  npm test -- --selectProjects unit              one kind: unit, integration, simulation, conformance,
                                                 containers, architecture
  npm test -- --testPathPatterns packages/log/   those in files whose path matches
  npm test -- -t 'full disk'                     those whose name matches
  SIM_SEEDS=1..500 npm test                      so many simulated worlds before

Everything else that jest understands: npx jest --help.`;

if (process.argv.slice(2).some((word) => word === "--help" || word === "-h")) {
  console.log(USAGE);
  process.exit(0);
}

const require = createRequire(import.meta.url);
const jest = join(dirname(require.resolve("jest/package.json")), "bin", "jest.js");
const folder = mkdtempSync(join(tmpdir(), "zoolog-tests-"));
const report = join(folder, "report.json");

/** Enough for some faults and what follows from them, s of virtual time. */
const SIMULATED_SECONDS = "3";
const seeds = process.env.SIM_SEEDS;
const simulated = { passed: 0, failed: 0 };
// Before, not beside: tests with real time want the processor.
if (seeds !== undefined) {
  const range = ["--seeds", seeds, "--scenario", "all", "--seconds", SIMULATED_SECONDS];
  const sim = ["run", "--silent", "sim", "--", ...range];
  const { status } = spawnSync("npm", sim, { stdio: "inherit" });
  simulated[status === 0 ? "passed" : "failed"] = 1;
}

const child = spawn(
  process.execPath,
  [jest, "--json", `--outputFile=${report}`, ...process.argv.slice(2)],
  { stdio: ["inherit", "ignore", "inherit"] },
);

/** Far more than jest needs to end after its report is written. */
const END_MS_MAX = 30_000;
const LOOK_MS = 500;
let reportedAt;
let isStuck = false;
// Jest waits for ever for a port, a timer or a process that a test forgot: that is a failure.
const watchdog = setInterval(() => {
  if (!existsSync(report)) return;
  reportedAt ??= Date.now();
  if (isStuck || Date.now() - reportedAt < END_MS_MAX) return;
  isStuck = true;
  child.kill("SIGKILL");
}, LOOK_MS);

child.on("exit", (code, signal) => {
  clearInterval(watchdog);
  process.exitCode = (code ?? 1) || simulated.failed;
  if (isStuck) {
    console.error("a test left something open; find it by running suites with --detectOpenHandles");
  }
  if (signal !== null) console.error(`jest ended by ${signal}`);
  try {
    const result = JSON.parse(readFileSync(report, "utf8"));
    // A suite that fails to load has no test of its own to count, so it counts as one failure.
    const stuck = isStuck ? 1 : 0;
    const broken = result.numRuntimeErrorTestSuites + stuck;
    const failed = result.numFailedTests + broken + simulated.failed;
    const skipped = result.numPendingTests + result.numTodoTests;
    const tail = skipped > 0 ? `, ${skipped} skipped` : "";
    console.log(`${result.numPassedTests + simulated.passed} passed, ${failed} failed${tail}`);
  } catch {
    console.log("0 passed, 1 failed");
    process.exitCode = 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
