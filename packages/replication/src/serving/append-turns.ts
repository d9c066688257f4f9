import { type Clock, type Deferred, deferred, type Scheduler, yieldTurns } from "@zoolog/base";
import { tooManyAppendsWait } from "../errors.ts";

/**
 * How long the appends of one call keep the event loop to themselves. Walking an ordinary batch of
 * 1 MiB takes a few milliseconds, one that inflates to the limit of 64 MiB some hundred.
 */
const TURN_MS = 20;

/**
 * Calls that wait for others. A producer has five under way; a thousand that wait are minutes of
 * work at worst, and nobody would be there any more to be told.
 */
const WAITING_CALLS_MAX = 1_000;

/** The line of all batches that may take long to walk, whatever their partition. */
const SLOW_LINE = Symbol("batches that may take long");

type Line = string | typeof SLOW_LINE;

export type CallTurn<Batch, Pending> = {
  readonly batches: readonly Batch[];
  /** Batches of one line are appended in the order in which their calls came: the partition. */
  readonly lineOf: (batch: Batch) => string;
  /** Compressed: nobody knows what it inflates to. Such batches wait for each other, too. */
  readonly mayBeSlow: (batch: Batch) => boolean;
  readonly append: (batch: Batch) => Pending;
  /** In place of `append` when the caller has gone. */
  readonly drop: (batch: Batch) => Pending;
  readonly isAbandoned: () => boolean;
};

/**
 * Does the appends of a call in order, and lets everybody else have the event loop in between when
 * they take long. A call waits only for those that came before it and are about one of its
 * partitions; and of calls with compressed batches one is under way at a time as soon as one of them
 * has taken long, so that many bombs wait for each other and nobody else for them.
 *
 * Invariant: a call waits for calls that came before it and for no other, so there is no deadlock.
 */
export class AppendTurns {
  readonly #clock: Clock;
  readonly #scheduler: Scheduler;
  /** By line: settles when the last call in it is done. No entry: whoever comes may begin. */
  readonly #tails = new Map<Line, Promise<void>>();
  #waitingCalls = 0;

  constructor(dependencies: { readonly clock: Clock; readonly scheduler: Scheduler }) {
    this.#clock = dependencies.clock;
    this.#scheduler = dependencies.scheduler;
  }

  /**
   * Where nothing takes long and nobody is in the way, all is appended before this returns.
   *
   * @throws ZoologError THROTTLING_QUOTA_EXCEEDED when too many wait.
   */
  async run<Batch, Pending>(call: CallTurn<Batch, Pending>): Promise<readonly Pending[]> {
    const place = new PlaceInLine(this.#tails, call);
    let isAbandoned = false;
    const before = this.#tails.size > 0 ? place.before() : [];
    // Not one turn later when there is nobody to wait for: the next call would come in between.
    if (before.length > 0) {
      await this.#wait(place, before);
      isAbandoned = call.isAbandoned();
    }
    const pending: Pending[] = [];
    let turnBegan = this.#clock.monotonic();
    try {
      for (const batch of call.batches) {
        if (this.#clock.monotonic() - turnBegan >= TURN_MS) {
          place.hold();
          await yieldTurns(this.#scheduler);
          turnBegan = this.#clock.monotonic();
          isAbandoned = call.isAbandoned();
        }
        pending.push(isAbandoned ? call.drop(batch) : call.append(batch));
      }
    } finally {
      if (this.#mustRest(place, turnBegan)) {
        place.hold();
        void yieldTurns(this.#scheduler).then(() => place.leave());
      } else place.leave();
    }
    return pending;
  }

  async #wait<Batch>(place: PlaceInLine<Batch>, before: readonly Promise<void>[]): Promise<void> {
    if (this.#waitingCalls >= WAITING_CALLS_MAX) throw tooManyAppendsWait();
    this.#waitingCalls += 1;
    place.hold();
    await Promise.all(before);
    this.#waitingCalls -= 1;
  }

  /** Else many calls with one bomb each would leave no turn to others. */
  #mustRest<Batch>(place: PlaceInLine<Batch>, turnBegan: number): boolean {
    return place.mayBeSlow && this.#clock.monotonic() - turnBegan >= TURN_MS;
  }
}

/** Where one call stands in the lines of its partitions. Most calls never have to take a place. */
class PlaceInLine<Batch> {
  readonly #tails: Map<Line, Promise<void>>;
  readonly #call: Pick<CallTurn<Batch, unknown>, "batches" | "lineOf" | "mayBeSlow">;
  /** `undefined` as long as nobody needs to wait, which is as good as always. */
  #held: { readonly lines: ReadonlySet<Line>; readonly done: Deferred<void> } | undefined;

  constructor(
    tails: Map<Line, Promise<void>>,
    call: Pick<CallTurn<Batch, unknown>, "batches" | "lineOf" | "mayBeSlow">,
  ) {
    this.#tails = tails;
    this.#call = call;
  }

  get mayBeSlow(): boolean {
    return this.#call.batches.some(this.#call.mayBeSlow);
  }

  /** Whom the call has to wait for. */
  before(): readonly Promise<void>[] {
    return [...this.#lines()].flatMap((line) => this.#tails.get(line) ?? []);
  }

  /** Whoever comes from now on waits until this call has left. */
  hold(): void {
    if (this.#held !== undefined) return;
    const [lines, done] = [this.#lines(), deferred<void>()];
    for (const line of lines) this.#tails.set(line, done.promise);
    this.#held = { lines, done };
  }

  leave(): void {
    if (this.#held === undefined) return;
    const { lines, done } = this.#held;
    for (const line of lines) {
      if (this.#tails.get(line) === done.promise) this.#tails.delete(line);
    }
    done.resolve();
  }

  #lines(): Set<Line> {
    const { batches, lineOf } = this.#call;
    const lines = new Set<Line>(batches.map(lineOf));
    if (this.mayBeSlow) lines.add(SLOW_LINE);
    return lines;
  }
}
