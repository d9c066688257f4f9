import type { SeedJob, SeedOutcome } from "./seed-job.ts";
import type { SeedWorkers } from "./seed-workers.ts";

/** The same world two times, perhaps in two processes: everything in it must happen alike (I18). */
export async function runTwice(
  job: SeedJob,
  workers: Pick<SeedWorkers, "run">,
): Promise<SeedOutcome> {
  const [first, second] = await Promise.all([workers.run(job), workers.run(job)]);
  const what = difference(first, second);
  if (what === undefined) return first;
  return { ...first, violations: [...first.violations, { invariant: "I18", what }] };
}

function difference(first: SeedOutcome, second: SeedOutcome): string | undefined {
  if (first.hash === second.hash) return undefined;
  if (first.hash === "" || second.hash === "") {
    const lost = [first, second].find(({ hash }) => hash === "");
    return `only one of two runs came to its end: ${lost?.violations[0]?.what ?? ""}`;
  }
  const at = first.checkpoints.findIndex((hash, i) => hash !== second.checkpoints[i]);
  const equal = at < 0 ? Math.min(first.checkpoints.length, second.checkpoints.length) : at;
  const events = `${first.events} and ${second.events} events`;
  return `hash ${first.hash} becomes ${second.hash} (${events}, ${equal} checkpoints alike)`;
}
