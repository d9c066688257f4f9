import { readFile, stat } from "node:fs/promises";
import { type IntervalHistogram, monitorEventLoopDelay } from "node:perf_hooks";
import { errorCode, type Machine } from "@zoolog/base";

/** Fields of `/proc/<pid>/stat` behind the name in parentheses: the state is the 3rd of all. */
const STATE_FIELD = 3 - 3;
/** In clock ticks since the machine started. */
const START_TIME_FIELD = 22 - 3;

/**
 * Zombie and dead: the process has ended and holds nothing; only its parent has not asked for its
 * exit code. In containers that parent may be a program that never does.
 */
const ENDED_STATES = ["Z", "X", "x"];

/** A timer of this period tells how late the event loop is; it keeps no process alive. */
const DELAY_RESOLUTION_MS = 20;

/** The machine this process runs on. Linux tells more than others. */
export const nodeMachine: Machine = {
  pid: process.pid,
  usage: () => {
    const { rss: residentBytes, heapUsed: heapBytes } = process.memoryUsage();
    return { residentBytes, heapBytes, eventLoopDelayMs: eventLoopDelayMs() };
  },
  bootId: async () => {
    try {
      return (await readFile("/proc/sys/kernel/random/boot_id", "utf8")).trim();
    } catch {
      return undefined;
    }
  },
  folderIdentity: async (path) => {
    const { dev, ino } = await stat(path, { bigint: true });
    return ino === 0n ? undefined : `${dev}:${ino}`;
  },
  processIdentity: async (pid) => {
    if (!isRunning(pid)) return undefined;
    const stat = await statOf(pid);
    if (stat === undefined) return "running";
    if (ENDED_STATES.includes(stat[STATE_FIELD] ?? "")) return undefined;
    return `started at ${stat[START_TIME_FIELD]}`;
  },
};

/** Measured from the first question on. */
let delays: IntervalHistogram | undefined;

function eventLoopDelayMs(): number | undefined {
  if (delays === undefined) {
    delays = monitorEventLoopDelay({ resolution: DELAY_RESOLUTION_MS });
    delays.enable();
    return undefined;
  }
  if (delays.count === 0) return undefined;
  const late = Math.max(0, delays.percentile(99) / 1e6 - DELAY_RESOLUTION_MS);
  delays.reset();
  return Math.round(late);
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errorCode(error) === "EPERM"; // It exists, and belongs to somebody else.
  }
}

/** The fields behind the process's name; `undefined` where there is no such file. */
async function statOf(pid: number): Promise<readonly string[] | undefined> {
  try {
    const text = await readFile(`/proc/${pid}/stat`, "utf8");
    return text.slice(text.lastIndexOf(")") + 2).split(" ");
  } catch {
    return undefined;
  }
}
