/** Worlds that found a bug stay: each file of `seeds` tells what it was, and how it was mended. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { drawSimulationOptions } from "@zoolog/testkit";
import { givenOptions } from "./given-options.ts";
import { formatFailure } from "./report.ts";
import type { SeedOutcome } from "./seed-job.ts";
import { SeedWorkers } from "./seed-workers.ts";
import { runTwice } from "./twice.ts";

const SEEDS = join(__dirname, "seeds");

const workers = new SeedWorkers({
  workers: 2,
  entry: join(__dirname, "worker.ts"),
  execArgv: ["--conditions=zoolog-source", "--import", "tsx"],
});

afterAll(() => workers.close());

function expectNoViolation(outcome: SeedOutcome): void {
  if (outcome.violations.length > 0) throw new Error(formatFailure(outcome));
}

const kept = readdirSync(SEEDS).map((file) => {
  const text = readFileSync(join(SEEDS, file), "utf8");
  return { file, text, ...(JSON.parse(text) as { readonly story: string }) };
});

test.each(kept)("$file: $story", async ({ text }) => {
  const options = givenOptions(text, (seed, scenario) => drawSimulationOptions(seed, { scenario }));

  expectNoViolation(await workers.run({ options }));
});

test("the same seed is the same world, whichever process it runs in", async () => {
  const first = await runTwice({ options: drawSimulationOptions(42) }, workers);
  const other = await workers.run({ options: drawSimulationOptions(43) });

  expect(first.violations.filter(({ invariant }) => invariant === "I18")).toEqual([]);
  expect(first.hash).not.toBe(other.hash);
});
