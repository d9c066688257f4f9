import type { Random } from "@zoolog/base";
import { FAULT_NAMES, type FaultName } from "../faults/fault.ts";
import { RandomTree } from "../random-tree.ts";

/** What one seed means; printed as JSON. */
export type SimulationOptions = {
  readonly seed: number;
  /** Virtual time for which faults and workloads go on, s. */
  readonly seconds: number;
  readonly brokers: number;
  readonly partitions: number;
  readonly producers: number;
  readonly readers: number;
  readonly members: number;
  /** Between two sends of a producer, ms. */
  readonly meanPauseMs: number;
  readonly faults: readonly FaultName[];
  /** Between two faults, ms. */
  readonly meanRestMs: number;
};

/** As the seed draws them: most often the default world, and a random part of the faults. */
export function drawSimulationOptions(seed: number, seconds: number): SimulationOptions {
  const random = new RandomTree(seed).of("options");
  const isDefault = random.next() < 0.5;
  const drawn = {
    brokers: 3 + whole(random, 3),
    partitions: 1 + whole(random, 8),
    producers: 1 + whole(random, 6),
    readers: 1 + whole(random, 2),
    members: 1 + whole(random, 4),
  };
  const usual = { brokers: 3, partitions: 4, producers: 4, readers: 1, members: 2 };
  return {
    seed,
    seconds,
    ...(isDefault ? usual : drawn),
    meanPauseMs: 120,
    faults: FAULT_NAMES.filter(() => random.next() < 0.5),
    meanRestMs: 1_000 + whole(random, 6_000),
  };
}

function whole(random: Random, below: number): number {
  return Math.floor(random.next() * below);
}
