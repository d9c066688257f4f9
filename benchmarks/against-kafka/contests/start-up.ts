import { readFileSync } from "node:fs";
import type { Contest } from "../contest.ts";

/** Until what the start has left behind is collected. */
const SETTLE_MS = 10_000;

/** One broker, without topics; ZooKeeper runs and storage is formatted before. */
export const startUp: Contest = {
  name: "start-up",
  brokers: "its own",
  rounds: 3,
  disciplines: [
    { name: "process start to first metadata answer", unit: "ms", better: "less", bar: 0.3 },
    { name: "idle resident memory", unit: "MB", better: "less", bar: 0.35 },
  ],
  measure: async (make) => {
    const { side, readyMs } = await make.startTimed();
    try {
      await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
      const megabytes = side.pids.map(residentMegabytes).reduce((sum, one) => sum + one, 0);
      return [readyMs, megabytes];
    } finally {
      await side.close();
    }
  },
};

function residentMegabytes(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? Number.NaN) / 1024;
}
