import { loadavg } from "node:os";
import { understood } from "../../command-line.ts";
import { capabilityFault } from "../injectors/capability.ts";
import { removeLeftovers } from "../injectors/leftovers.ts";
import { ROWS } from "./all-rows.ts";
import type { Row } from "./row.ts";
import { parseRowOptions, ROW_USAGE, type RowOptions } from "./row-options.ts";
import { RowRecord } from "./row-record.ts";
import { formatResult, formatRow, type RowResult, summaryOf } from "./row-report.ts";

/** `npm run chaos -- --row …`; answers the exit status. */
export async function runRows(
  args: readonly string[],
  print: (text: string) => void,
): Promise<number> {
  const options = understood("chaos", () => parseRowOptions(args, ROWS));
  if (options === undefined) {
    print(ROW_USAGE);
    return 0;
  }
  for (const what of removeLeftovers()) print(`left by a run that was killed, removed: ${what}`);
  if (options.list) {
    for (const row of options.rows) print(formatRow(row, faultsOf(row)));
    return 0;
  }
  print(`seed ${options.seed}`);
  const results: RowResult[] = [];
  for (const row of options.rows) {
    print(`${row.id}: ${row.about}`);
    const result = await runRow(row, options);
    print(formatResult(result));
    results.push(result);
  }
  print(summaryOf(results));
  const failed = results.some(
    (result) => result.state === "ran" && result.record.violations.length > 0,
  );
  return failed ? 1 : 0;
}

async function runRow(row: Row, options: RowOptions): Promise<RowResult> {
  const faults = faultsOf(row);
  if (faults.length > 0) return { row, state: "notRun", why: faults.join("; ") };
  const record = new RowRecord();
  const beganAt = performance.now();
  const own = { seconds: 0, times: 0, ...row.length };
  try {
    await row.run({
      ...options,
      seconds: options.seconds ?? own.seconds,
      times: options.times ?? own.times,
      record,
    });
  } catch (error) {
    // A cluster that never comes together again is no clean one.
    record.violation(error instanceof Error ? (error.stack ?? error.message) : String(error));
  }
  const load = loadavg()[0] ?? 0;
  record.figure({ what: "load of the machine, last minute", value: load, unit: "processes" });
  return { row, state: "ran", record, tookMs: performance.now() - beganAt };
}

function faultsOf({ needs }: Row): readonly string[] {
  return needs.flatMap((capability) => capabilityFault(capability) ?? []);
}
