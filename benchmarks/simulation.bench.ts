/** The simulator, warm, on one core: how fast a world passes, and what a short one costs. */
import { loadNativeCrc32c } from "@zoolog/protocol";
import { drawSimulationOptions, Simulation, type SimulationOptions } from "@zoolog/testkit";
import type { Measurement } from "./harness/measurement.ts";
import { inRounds } from "./harness/rounds.ts";

/** 3 brokers, 4 partitions, 4 producers, 3 consumers: about 2,000 sends in 60 s. */
const DEFAULT_WORLD: Partial<SimulationOptions> = {
  brokers: 3,
  zookeepers: 3,
  partitions: 4,
  producers: 4,
  readers: 1,
  members: 2,
  meanPauseMs: 120,
  faults: [],
  workloads: ["idempotentProduce", "read", "group"],
  settings: { "min.insync.replicas": "2" },
  diskTimes: { other: [0, 0.02], datasync: [0.2, 2.2], syncDirectory: [0.2, 2.2] },
};

/** Worlds until the compiler has nothing new to do; a worker of `npm run sim` plays hundreds. */
const WARMING_WORLDS = 8;

export async function measureSimulation(): Promise<Measurement[]> {
  await loadNativeCrc32c();
  let seed = 0;
  while (seed < WARMING_WORLDS) await timed(++seed, 60);
  let eventsPerSecond = 0;
  const figures = await inRounds({
    pace: async () => {
      const { virtualMs, events, tookMs } = await timed(++seed, 60);
      eventsPerSecond = events / (tookMs / 1_000);
      return virtualMs / tookMs;
    },
    short: async () => (await timed(++seed, 1)).tookMs,
    ten: async () => (await timed(++seed, 10)).tookMs,
  });
  return [
    {
      name: "simulated cluster, 60 s of the default world",
      value: figures.pace,
      unit: "x real time",
      bar: { valueMin: 100 },
    },
    { name: "simulated cluster, events", value: eventsPerSecond, unit: "events/s" },
    { name: "simulated cluster, a world of 1 s", value: figures.short, unit: "ms" },
    { name: "simulated cluster, a world of 10 s", value: figures.ten, unit: "ms" },
  ];
}

async function timed(seed: number, seconds: number) {
  const options = { ...drawSimulationOptions(seed, { seconds }), ...DEFAULT_WORLD };
  const start = performance.now();
  const { events, virtualMs } = await new Simulation(options).run();
  return { events, virtualMs, tookMs: performance.now() - start };
}
