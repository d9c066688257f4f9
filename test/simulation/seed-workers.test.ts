import { join } from "node:path";
import type { SimulationOptions } from "@zoolog/testkit";
import type { SeedOutcome } from "./seed-job.ts";
import { SeedWorkers } from "./seed-workers.ts";

const SCRIPTED = join(__dirname, "scripted-worker.fixture.mjs");

const open: SeedWorkers[] = [];

afterEach(async () => {
  for (const workers of open.splice(0)) await workers.close();
});

function scripted(options: { workers?: number; hangMs?: number } = {}): SeedWorkers {
  const { workers = 1, hangMs = 60_000 } = options;
  const made = new SeedWorkers({ workers, entry: SCRIPTED, execArgv: [], hangMs: () => hangMs });
  open.push(made);
  return made;
}

const job = (scenario: string, seed = 1) => ({
  options: { seed, scenario, seconds: 1 } as SimulationOptions,
});

const pidOf = (outcome: SeedOutcome): number => (outcome as unknown as { pid: number }).pid;

test("one process runs one world after the other", async () => {
  const workers = scripted();

  const pids = [await workers.run(job("fine")), await workers.run(job("fine"))].map(pidOf);

  expect(new Set(pids).size).toBe(1);
});

test("more worlds than workers wait in turn, and each comes back with its own outcome", async () => {
  const workers = scripted({ workers: 2 });

  const all = await Promise.all([1, 2, 3, 4, 5].map((seed) => workers.run(job("fine", seed))));

  expect(all.map(({ options }) => options.seed)).toEqual([1, 2, 3, 4, 5]);
});

test("a worker that crashes is a violation of its seed with its last words, and is replaced", async () => {
  const workers = scripted();

  const crashed = await workers.run(job("crash", 7));
  const after = await workers.run(job("fine"));

  expect(crashed.options.seed).toBe(7);
  expect(crashed.violations).toEqual([
    { invariant: "crash", what: "the worker ended with exit status 3: out of luck" },
  ]);
  expect(after.violations).toEqual([]);
});

test("an endless loop is ended and reported with its seed, and its worker replaced", async () => {
  const workers = scripted({ hangMs: 300 });

  const hung = await workers.run(job("loop", 9));
  const after = await workers.run(job("fine"));

  expect(hung.options.seed).toBe(9);
  expect(hung.violations).toEqual([
    { invariant: "hang", what: "a loop that never lets go of the thread: ended after 0.3 s" },
  ]);
  expect(after.violations).toEqual([]);
});

test("a program that cannot start is an error, not a violation of some seed", async () => {
  const workers = new SeedWorkers({ workers: 1, entry: `${SCRIPTED}.missing`, execArgv: [] });
  open.push(workers);

  await expect(workers.run(job("fine"))).rejects.toThrow("ended as it starts");
});
