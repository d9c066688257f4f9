/**
 * A process that runs the seeds of one canary, in the packages of the folder that it is told, until
 * something is noticed. Those packages are not the ones of this repository: they have the mistake.
 */
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type * as Protocol from "@zoolog/protocol";
import type * as Testkit from "@zoolog/testkit";
import { canariesNamed } from "./canaries.ts";

export type CanaryJob = {
  /** With `packages/<name>/dist`. */
  readonly folder: string;
  readonly canary: string;
  readonly from: number;
  readonly to: number;
};

export type CanaryNews =
  | { readonly kind: "clean"; readonly seed: number; readonly events: number }
  | {
      readonly kind: "caught";
      readonly seed: number;
      readonly violations: Testkit.SimulationReport["violations"];
      readonly notes: readonly string[];
    }
  | { readonly kind: "over" };

process.once("message", (job: CanaryJob) => void run(job));

async function run({ folder, canary: name, from, to }: CanaryJob): Promise<void> {
  const [canary] = canariesNamed([name]);
  const { loadNativeCrc32c } = (await built(folder, "protocol")) as typeof Protocol;
  const testkit = (await built(folder, "testkit")) as typeof Testkit;
  await loadNativeCrc32c();
  const rejections: string[] = [];
  process.on("unhandledRejection", (reason) => {
    rejections.push(reason instanceof Error ? (reason.stack ?? reason.message) : String(reason));
  });
  for (let seed = from; seed <= to; seed++) {
    const { scenario = "swarm", options } = canary ?? {};
    const drawn = testkit.drawSimulationOptions(seed, { scenario });
    const settings = { ...drawn.settings, ...options?.settings };
    const { violations, notes, events } = await reportOf(testkit, {
      ...drawn,
      ...options,
      settings,
    });
    const all = [...violations, ...rejections.map((what) => ({ invariant: "I12", what }))];
    if (all.length > 0) {
      await tell({ kind: "caught", seed, violations: all, notes });
      process.exit(0);
    }
    await tell({ kind: "clean", seed, events });
  }
  await tell({ kind: "over" });
  // What dead processes of the worlds still wait for would keep this one alive.
  process.exit(0);
}

/** A world that does not come to its end has noticed something, too. */
async function reportOf(
  testkit: typeof Testkit,
  options: Testkit.SimulationOptions,
): Promise<Pick<Testkit.SimulationReport, "violations" | "notes" | "events">> {
  try {
    return await new testkit.Simulation(options).run();
  } catch (error) {
    const what = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { violations: [{ invariant: "threw", what }], notes: [], events: 0 };
  }
}

function built(folder: string, name: string): Promise<unknown> {
  return import(pathToFileURL(join(folder, "packages", name, "dist", "index.js")).href);
}

function tell(news: CanaryNews): Promise<void> {
  return new Promise((resolve, reject) => {
    process.send?.(news, (error: Error | null) => (error === null ? resolve() : reject(error)));
  });
}
