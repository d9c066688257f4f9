import type {
  RecordedEntry,
  SimulationOptions,
  SimulationReport,
  TraceBand,
  Violation,
} from "@zoolog/testkit";

/** Events before its violation that a failure shows. */
export const SHOWN_EVENTS = 40;

/** One run of one world, asked of a worker. */
export type SeedJob = {
  readonly options: SimulationOptions;
  /** Everything that happens is wanted, for a page. */
  readonly isRecorded?: boolean;
};

/** What came of it. Figures are 0 where the worker was lost with the world. */
export type SeedOutcome = SimulationReport & {
  readonly realMs: number;
  /** Hashes after every few thousand events. */
  readonly checkpoints: readonly string[];
  /** Events, oldest first: of a recorded run all, of a failure those before it was seen. */
  readonly trace: readonly RecordedEntry[];
  readonly bands: readonly TraceBand[];
};

/**
 * Violations that no world can see of itself: `hang` ran for longer than any world does, `crash` took
 * its process along, `threw` ended by an exception.
 */
export type LossKind = "hang" | "crash" | "threw";

export function lostOutcome(
  options: SimulationOptions,
  loss: {
    readonly kind: LossKind;
    readonly what: string;
    readonly realMs: number;
    readonly trace?: readonly RecordedEntry[];
    readonly events?: number;
    readonly virtualMs?: number;
  },
): SeedOutcome {
  const { kind, what, realMs, trace = [], events = 0, virtualMs = 0 } = loss;
  const violation: Violation = { invariant: kind, what };
  return {
    options,
    events,
    virtualMs,
    hash: "",
    sends: 0,
    acknowledged: 0,
    processed: 0,
    replicaComparisons: 0,
    notes: [],
    violations: [violation],
    realMs,
    checkpoints: [],
    trace,
    bands: [],
    coverage: [],
    expectedLosses: [],
    plain: { acknowledged: 0, lost: 0, duplicates: 0 },
  };
}

/** Most that a world takes which is not caught in a loop, ms of the processor: most take one second. */
const HANG_CPU_MS_MIN = 60_000;

/** On a machine that is busy with something else the processor comes in small pieces. */
const REAL_MS_PER_CPU_MS = 5;

/** And a world that is slower than real time is not worth waiting for. */
export function hangCpuMsOf({ seconds }: SimulationOptions): number {
  return HANG_CPU_MS_MIN + seconds * 1_000;
}

/** For a world that does nothing, or never lets go of the thread, ms of real time. */
export function hangMsOf(options: SimulationOptions): number {
  return REAL_MS_PER_CPU_MS * hangCpuMsOf(options);
}
