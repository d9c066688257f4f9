import type { SimulationOptions } from "@zoolog/testkit";
import { type Oracle, SHRINK_RUNS_MAX, Shrinker } from "./shrink.ts";

const FAILING = {
  seed: 7,
  scenario: "swarm",
  seconds: 30,
  brokers: 5,
  partitions: 6,
  producers: 4,
  readers: 2,
  members: 4,
  skippedFaults: [],
  workloads: ["read", "group", "retention"],
  settings: { "log.roll.ms": "1000", "log.segment.bytes": "1024" },
} as unknown as SimulationOptions;

const FAULTS = 20;

async function shrunk(violates: (options: SimulationOptions) => boolean, atOnce = 2) {
  const asked: SimulationOptions[] = [];
  const oracle: Oracle = (options) => {
    asked.push(options);
    return Promise.resolve(violates(options));
  };
  const shrinker = new Shrinker({ failing: FAILING, atOnce }, { violates: oracle });
  return { ...(await shrinker.shrink(FAULTS)), asked };
}

const happens = ({ skippedFaults }: SimulationOptions, index: number): boolean =>
  !skippedFaults.includes(index);

test("of many faults only those stay that it takes", async () => {
  const { options } = await shrunk((tried) => happens(tried, 3) && happens(tried, 17));

  const left = Array.from({ length: FAULTS }, (_, i) => i).filter((i) => happens(options, i));
  expect(left).toEqual([3, 17]);
});

test("what takes nothing is shrunk to the smallest world", async () => {
  const { options } = await shrunk(() => true);

  expect(options).toEqual({
    ...FAILING,
    seconds: 1,
    brokers: 3,
    partitions: 1,
    producers: 1,
    readers: 1,
    members: 1,
    skippedFaults: Array.from({ length: FAULTS }, (_, i) => i),
    workloads: [],
    settings: {},
  });
});

test("time, sizes, workloads and settings go down to what it takes", async () => {
  const { options } = await shrunk(
    ({ seconds, partitions, workloads, settings }) =>
      seconds >= 7 &&
      partitions >= 2 &&
      workloads.some((name) => String(name) === "retention") &&
      settings["log.roll.ms"] === "1000",
  );

  expect(options).toMatchObject({ seconds: 7, partitions: 2, workloads: ["retention"] });
  expect(options.settings).toEqual({ "log.roll.ms": "1000" });
});

test("what can be left out only after something else is left out in a second round", async () => {
  const { options } = await shrunk(
    (tried) => happens(tried, 5) && (tried.seconds < 20 || happens(tried, 6)),
  );

  expect([happens(options, 5), happens(options, 6), options.seconds]).toEqual([true, false, 1]);
});

test("the smallest world is one that was seen to violate, whatever ran beside it", async () => {
  const violates = (tried: SimulationOptions): boolean =>
    (tried.seconds * 7 + tried.skippedFaults.length * 3 + tried.partitions) % 4 !== 1;

  for (const atOnce of [1, 2, 5]) {
    const { options, asked } = await shrunk(violates, atOnce);

    expect(violates(options)).toBe(true);
    expect(asked).toContainEqual(options);
  }
});

test("no world is run twice, and no failure takes more than so many runs", async () => {
  const { asked, runs } = await shrunk(({ seconds }) => seconds > 29, 1);

  expect(new Set(asked.map((options) => JSON.stringify(options))).size).toBe(asked.length);
  expect(runs).toBe(asked.length);
  expect(runs).toBeLessThanOrEqual(SHRINK_RUNS_MAX);
});
