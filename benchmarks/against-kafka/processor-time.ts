import { readFileSync } from "node:fs";
import type { RunningSide } from "./side.ts";

/** Linux tells processor time in hundredths of a second, whatever its own clock is. */
const TICK_MS = 10;
/** User and system time of `/proc/PID/stat`, counted behind the name, which may hold spaces. */
const USER_TIME_AT = 11;

/** What the brokers have used of the processors so far, in ms; other load on the machine does not count. */
function processorMs({ pids }: RunningSide): number {
  const ticks = pids.map((pid) => {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)?.split(" ") ?? [];
    return Number(fields[USER_TIME_AT]) + Number(fields[USER_TIME_AT + 1]);
  });
  return ticks.reduce((sum, one) => sum + one, 0) * TICK_MS;
}

/** Does the work and answers what the brokers used meanwhile for each of so many megabytes. */
export async function withProcessorTime<Result>(
  side: RunningSide,
  megabytes: number,
  work: () => Promise<Result>,
): Promise<{ readonly result: Result; readonly msPerMegabyte: number }> {
  const before = processorMs(side);
  const result = await work();
  return { result, msPerMegabyte: (processorMs(side) - before) / megabytes };
}
