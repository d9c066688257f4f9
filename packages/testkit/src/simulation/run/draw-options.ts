import type { Random } from "@zoolog/base";
import { oneOf, wholeBelow } from "../chance.ts";
import { FAULT_NAMES } from "../faults/fault.ts";
import { RandomTree } from "../random-tree.ts";
import { SCENARIOS } from "../scenarios/scenarios.ts";
import { WORKLOAD_NAMES, type WorkloadName } from "../workloads/workload-names.ts";
import type { DiskTimes } from "../world/simulated-host.ts";
import { drawSettings } from "./draw-settings.ts";
import type { SimulationOptions } from "./simulation-options.ts";

/** Enough for most states that faults lead to, as they come close together. */
const SECONDS = 10;

/** A session has to end, a controller to be found, and fetchers to have caught up. */
const RECOVERY_MS_MAX = 60_000;

const ALWAYS: readonly WorkloadName[] = ["idempotentProduce", "read", "group"];

const DISKS: readonly [DiskTimes, ...DiskTimes[]] = [
  // A good SSD with a cache that obeys.
  { other: [0, 0.02], datasync: [0.2, 2.2], syncDirectory: [0.2, 2.2] },
  // Nothing between a program and its disk.
  { other: [0.05, 0.5], datasync: [2, 12], syncDirectory: [2, 12] },
  // Memory.
  { other: [0, 0.01] },
];

/**
 * The run that a seed means: most often of the usual size, with a random part of the faults and of
 * what clients do; in a scenario as that says.
 *
 * @throws RangeError there is no such scenario.
 */
export function drawSimulationOptions(
  seed: number,
  draw: { readonly seconds?: number; readonly scenario?: string } = {},
): SimulationOptions {
  const tree = new RandomTree(seed);
  const random = tree.of("options");
  const { scenario = "swarm", seconds = SECONDS } = draw;
  const drawn: SimulationOptions = {
    seed,
    scenario,
    seconds,
    ...drawSize(random),
    faults: FAULT_NAMES.filter(() => random.next() < 0.5),
    meanRestMs: 200 + wholeBelow(random, 1_800),
    faultsAtOnce: 1 + wholeBelow(random, 3),
    skippedFaults: [],
    workloads: drawWorkloads(tree.of("workloads")),
    settings: drawSettings(tree.of("settings")),
    diskTimes: oneOf(DISKS, random),
    recoveryMsMax: RECOVERY_MS_MAX,
  };
  if (scenario === "swarm") return drawn;
  const found = SCENARIOS.find(({ id }) => id === scenario);
  if (found === undefined) throw new RangeError(`there is no scenario ${scenario}`);
  return found.draw(drawn, tree.of("scenario"));
}

function drawSize(random: Random) {
  const drawn = {
    brokers: 3 + wholeBelow(random, 3),
    zookeepers: random.next() < 0.8 ? 3 : 1,
    partitions: 1 + wholeBelow(random, 6),
    producers: 1 + wholeBelow(random, 5),
    readers: 1 + wholeBelow(random, 2),
    members: 1 + wholeBelow(random, 4),
    meanPauseMs: 60 + wholeBelow(random, 180),
  };
  const usual = { brokers: 3, zookeepers: 3, partitions: 4, producers: 4, readers: 1, members: 2 };
  return random.next() < 0.5 ? { ...usual, meanPauseMs: 120 } : drawn;
}

/** There is always somebody who writes and reads; of the rest about a third. */
function drawWorkloads(random: Random): readonly WorkloadName[] {
  return WORKLOAD_NAMES.filter((name) => random.next() < 0.35 || ALWAYS.includes(name));
}
