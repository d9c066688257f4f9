/**
 * A process that runs one world after the other, as its parent asks (`seed-workers.ts`): of the packages
 * of this repository, or of those that are built in the folder that is its argument.
 */
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type * as Protocol from "@zoolog/protocol";
import type * as Testkit from "@zoolog/testkit";
import { runSeed, stackOf } from "./run-seed.ts";
import type { SeedJob } from "./seed-job.ts";
import type { WorkerMessage } from "./seed-workers.ts";

const strays: string[] = [];
process.on("unhandledRejection", (reason) => void strays.push(stackOf(reason)));
process.on("uncaughtException", (error) => void strays.push(stackOf(error)));
process.on("disconnect", () => process.exit(0));

const [, , folder] = process.argv;
const { loadNativeCrc32c } = (await packageNamed("protocol")) as typeof Protocol;
const testkit = (await packageNamed("testkit")) as typeof Testkit;

// A world has no patience with what takes real time.
await loadNativeCrc32c();

process.on("message", (job: SeedJob) => {
  void runSeed(job, { strays: { take: () => strays.splice(0) }, testkit }).then((outcome) => {
    tell({ outcome, residentBytes: process.memoryUsage.rss() });
  });
});
tell("ready");

function packageNamed(name: string): Promise<unknown> {
  if (folder === undefined) return import(`@zoolog/${name}`);
  return import(pathToFileURL(join(folder, "packages", name, "dist", "index.js")).href);
}

function tell(message: WorkerMessage): void {
  process.send?.(message);
}
