import type { SimulationOptions } from "@zoolog/testkit";
import { outcomeOf } from "./outcome.fixture.ts";
import { type ManyOptions, runMany } from "./run-many.ts";
import type { SeedJob, SeedOutcome } from "./seed-job.ts";

async function many(
  asked: Partial<ManyOptions>,
  run: (job: SeedJob, nth: number) => SeedOutcome,
  chance = 1,
) {
  const seeds: number[] = [];
  const printed: string[] = [];
  const workers = {
    size: 2,
    run: (job: SeedJob) => {
      seeds.push(job.options.seed);
      return Promise.resolve(run(job, seeds.length));
    },
  };
  const { totals, failures } = await runMany(
    {
      from: 1,
      to: 5,
      twice: false,
      optionsOf: (seed) => ({ seed }) as SimulationOptions,
      ...asked,
    },
    { workers, print: (text) => printed.push(text), progress: () => {}, chance: () => chance },
  );
  return { totals, failures, printed, seeds };
}

test("every seed of the range is run once", async () => {
  const { totals, seeds } = await many({}, ({ options }) => outcomeOf(options));

  expect([...seeds].sort()).toEqual([1, 2, 3, 4, 5]);
  expect([totals.seeds, totals.violating, totals.runTwice]).toEqual([5, 0, 0]);
});

test("a few seeds are run twice whatever was asked for, and counted once", async () => {
  const { totals, seeds } = await many({}, ({ options }) => outcomeOf(options), 0.019);

  expect([seeds.length, totals.seeds, totals.runTwice]).toEqual([10, 5, 5]);
});

test("another hash in the second run is a violation of I18", async () => {
  const { failures, printed } = await many({ to: 1, twice: true }, ({ options }, nth) =>
    outcomeOf(options, { hash: `hash ${nth}`, checkpoints: ["a", `b${nth}`] }),
  );

  expect([...failures.values()]).toEqual(["I18"]);
  expect(printed[0]).toContain(
    "I18 hash hash 1 becomes hash 2 (1000 and 1000 events, 1 checkpoints alike)",
  );
});

test("of each invariant the first failure is kept to be shrunk", async () => {
  const { failures, totals } = await many({}, ({ options }) =>
    outcomeOf(options, {
      violations: options.seed % 2 === 0 ? [{ invariant: "I3", what: `${options.seed}` }] : [],
    }),
  );

  expect([...failures].map(([{ options }, name]) => [options.seed, name])).toEqual([[2, "I3"]]);
  expect(totals.violating).toBe(2);
});

test("a seed that violates several invariants is kept once", async () => {
  const { failures } = await many({}, ({ options }) =>
    outcomeOf(options, {
      violations: [
        { invariant: "I1", what: "" },
        { invariant: "I3", what: "" },
        ...(options.seed === 3 ? [{ invariant: "I7", what: "" }] : []),
      ],
    }),
  );

  const kept = [...failures].map(([{ options }, name]) => [options.seed, name]);
  expect(kept).toEqual([
    [1, "I1"],
    [3, "I7"],
  ]);
});
