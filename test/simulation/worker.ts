/** A process that runs one world after the other, as its parent asks (`seed-workers.ts`). */
import { loadNativeCrc32c } from "@zoolog/protocol";
import { runSeed, stackOf } from "./run-seed.ts";
import type { SeedJob } from "./seed-job.ts";
import type { WorkerMessage } from "./seed-workers.ts";

const strays: string[] = [];
process.on("unhandledRejection", (reason) => void strays.push(stackOf(reason)));
process.on("uncaughtException", (error) => void strays.push(stackOf(error)));
process.on("disconnect", () => process.exit(0));

// A world has no patience with what takes real time.
await loadNativeCrc32c();

process.on("message", (job: SeedJob) => {
  void runSeed(job, { take: () => strays.splice(0) }).then((outcome) => {
    tell({ outcome, residentBytes: process.memoryUsage.rss() });
  });
});
tell("ready");

function tell(message: WorkerMessage): void {
  process.send?.(message);
}
