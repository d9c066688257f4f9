import type { Clock } from "@zoolog/base";
import type { GroupChange } from "@zoolog/coordination";
import type { GroupRecord, GroupState } from "@zoolog/group-coordinator";
import { Durations } from "../../metric-registry.ts";

/** What the groups of this broker have gone through since it started. */
export class GroupCounters {
  readonly #clock: Clock;
  /** Of committed offsets, from the decision until ZooKeeper has them. */
  readonly commitDurations = new Durations();
  /** New generations and new target assignments. */
  rebalances = 0;
  /** Partition-offsets that ZooKeeper has. */
  committedOffsets = 0;

  constructor(dependencies: { readonly clock: Clock }) {
    this.#clock = dependencies.clock;
  }

  changed(
    before: GroupState | undefined,
    after: GroupState | undefined,
    records: readonly GroupRecord[],
  ): void {
    if (records.length === 0 || after === undefined) return;
    if (assignmentOf(before) !== assignmentOf(after)) this.rebalances += 1;
  }

  /** The same promise; its offsets are counted when it resolves. */
  timed(writing: Promise<void>, changes: readonly GroupChange[]): Promise<void> {
    let offsets = 0;
    for (const change of changes) if (change.type === "offset") offsets += 1;
    if (offsets === 0) return writing;
    const from = this.#clock.monotonic();
    return writing.then(() => {
      this.committedOffsets += offsets;
      this.commitDurations.observe((this.#clock.monotonic() - from) / 1_000);
    });
  }
}

function assignmentOf(state: GroupState | undefined): number {
  if (state === undefined) return 0;
  return state.type === "classic" ? state.generation : state.assignmentEpoch;
}
