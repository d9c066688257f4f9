import { readFile, stat } from "node:fs/promises";
import { errorCode, type Machine } from "@zoolog/base";

/** Fields of `/proc/<pid>/stat` behind the name in parentheses; the start time is the 22nd of all. */
const START_TIME_FIELD = 22 - 3;

/** The machine this process runs on. Linux tells more than others. */
export const nodeMachine: Machine = {
  pid: process.pid,
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
    const startTime = await startTimeOf(pid);
    return startTime === undefined ? "running" : `started at ${startTime}`;
  },
};

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errorCode(error) === "EPERM"; // It exists, and belongs to somebody else.
  }
}

/** In clock ticks since the machine started. */
async function startTimeOf(pid: number): Promise<string | undefined> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[START_TIME_FIELD];
  } catch {
    return undefined;
  }
}
