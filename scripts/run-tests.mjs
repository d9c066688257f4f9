/**
 * Runs jest with the given arguments and closes with one line that every CI reads the same way:
 * `N passed, N failed` (and `, N skipped` when any were).
 */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

const require = createRequire(import.meta.url);
const jest = join(dirname(require.resolve("jest/package.json")), "bin", "jest.js");
const folder = mkdtempSync(join(tmpdir(), "zoolog-tests-"));
const report = join(folder, "report.json");

const child = spawn(
  process.execPath,
  // A handle that a test forgot must not keep the whole run from ending.
  [jest, "--forceExit", "--json", `--outputFile=${report}`, ...process.argv.slice(2)],
  { stdio: ["inherit", "ignore", "inherit"] },
);
child.on("exit", (code, signal) => {
  process.exitCode = code ?? 1;
  if (signal !== null) console.error(`jest ended by ${signal}`);
  try {
    const result = JSON.parse(readFileSync(report, "utf8"));
    // A suite that fails to load has no test of its own to count, so it counts as one failure.
    const failed = result.numFailedTests + result.numRuntimeErrorTestSuites;
    const skipped = result.numPendingTests + result.numTodoTests;
    const tail = skipped > 0 ? `, ${skipped} skipped` : "";
    console.log(`${result.numPassedTests} passed, ${failed} failed${tail}`);
  } catch {
    console.log("0 passed, 1 failed");
    process.exitCode = 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
