import { type Deferred, deferred } from "@zoolog/base";
import { offsetUnits } from "./commit-round.ts";
import type { WaitingChanges } from "./waiting-changes.ts";
import type { ChangeUnit, ZnodeChanges } from "./znode-changes.ts";

type Round = {
  readonly units: readonly ChangeUnit[];
  readonly written: Deferred<void>;
  /** Resolves when all its multis were answered. */
  ended: Promise<void>;
  /** `open`: some of it was refused, or its fate is not known. */
  state: "underWay" | "stands" | "open";
};

/**
 * Rounds of nothing but committed offsets. The next begins when all multis of the former have gone
 * out, not when they are answered: what one session sends is applied in its order, so the newer
 * offset after the older one. Else the ensemble would idle at each end of a round, and whoever
 * commits would wait for two rounds where one is enough.
 *
 * Where something was not applied, later rounds may have been: then all are awaited, and the newest
 * value of each key is looked up and written where it does not stand.
 */
export class OffsetRounds {
  readonly #znodes: ZnodeChanges;
  readonly #onOpen: () => void;
  readonly #onFailure: (error: unknown) => void;
  /** As they were begun, from the first on that is not known to stand. */
  #rounds: Round[] = [];

  constructor(options: {
    readonly znodes: ZnodeChanges;
    /** Something has to be settled. */
    readonly onOpen: () => void;
    /** The writer is over. */
    readonly onFailure: (error: unknown) => void;
  }) {
    this.#znodes = options.znodes;
    this.#onOpen = options.onOpen;
    this.#onFailure = options.onFailure;
  }

  /** Whether something is to be settled before the next round begins. */
  get isOpen(): boolean {
    return this.#rounds.some(({ state }) => state === "open");
  }

  /** Resolves when all of it has gone out. */
  async begin(waiting: WaitingChanges): Promise<void> {
    const sent = deferred<void>();
    const units = [...offsetUnits(waiting)];
    const round: Round = {
      units,
      written: waiting.written,
      ended: sent.promise,
      state: "underWay",
    };
    this.#rounds.push(round);
    round.ended = this.#znodes
      .pass(units, () => sent.resolve())
      .then(
        (isApplied) => this.#answered(round, isApplied),
        (error: unknown) => this.#onFailure(error),
      );
    await Promise.race([sent.promise, round.ended]);
  }

  /** Resolves when all that was begun stands. @throws as `ZnodeChanges.mend`. */
  async settle(): Promise<void> {
    await Promise.all(this.#rounds.map(({ ended }) => ended));
    if (this.#rounds.length === 0) return;
    const newest = new Map<string, ChangeUnit>();
    for (const { units } of this.#rounds) {
      for (const unit of units) for (const { path } of unit.changes) newest.set(path, unit);
    }
    await this.#znodes.mend([...newest.values()]);
    for (const { written } of this.#rounds.splice(0)) written.resolve();
  }

  /** Whoever waits is told `error`. */
  fail(error: unknown): void {
    for (const { written } of this.#rounds.splice(0)) written.reject(error);
  }

  #answered(round: Round, isApplied: boolean): void {
    round.state = isApplied ? "stands" : "open";
    if (isApplied) round.written.resolve();
    while (this.#rounds[0]?.state === "stands") this.#rounds.shift();
    if (!isApplied) this.#onOpen();
  }
}
