import type {
  RecordedEntry,
  SimulationOptions,
  SimulationReport,
  TraceBand,
  Violation,
} from "@zoolog/testkit";

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

/** Longest that a world takes which is not caught in a loop: a second, on a busy machine a few. */
const HANG_MS_MIN = 60_000;

/** And as a world that is slower than real time is not worth waiting for, ms of real time. */
export function hangMsOf({ seconds }: SimulationOptions): number {
  return HANG_MS_MIN + seconds * 1_000;
}
