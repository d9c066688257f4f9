import type { FaultName } from "../faults/fault.ts";
import type { WorkloadName } from "../workloads/workload-names.ts";
import type { DiskTimes } from "../world/simulated-host.ts";

/**
 * What one run is. Printed as JSON, and enough to repeat it: everything else is drawn from the
 * streams of `seed`.
 */
export type SimulationOptions = {
  readonly seed: number;
  /** `"swarm"`, or the id of a scenario. */
  readonly scenario: string;
  /** Virtual time for which faults and workloads go on, s. */
  readonly seconds: number;
  readonly brokers: number;
  readonly zookeepers: number;
  /** Of the topic that everything happens to; others have few. */
  readonly partitions: number;
  readonly producers: number;
  readonly readers: number;
  readonly members: number;
  /** Between two records of a producer, ms. */
  readonly meanPauseMs: number;
  readonly faults: readonly FaultName[];
  /** Between two faults, ms. */
  readonly meanRestMs: number;
  /** Faults that may be under way together. */
  readonly faultsAtOnce: number;
  /** Faults by number that do not happen; those behind them are what they would be with them. */
  readonly skippedFaults: readonly number[];
  readonly workloads: readonly WorkloadName[];
  /** Of all brokers. */
  readonly settings: Readonly<Record<string, string>>;
  readonly diskTimes: DiskTimes;
  /** Virtual time in which a healed cluster is whole again, ms. */
  readonly recoveryMsMax: number;
};
