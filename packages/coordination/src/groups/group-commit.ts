import {
  type Clock,
  type CoordinatorEpoch,
  type Logger,
  runInBackground,
  type Scheduler,
  sleep,
} from "@zoolog/base";
import { coordinatorBusy, coordinatorFenced } from "../errors.ts";
import type { FencedMulti } from "../fenced-multi.ts";
import type { SlotAtEpoch } from "../port/group-store.ts";
import type { GroupChange, SlotWriter } from "../port/slot-writer.ts";
import { writeRound } from "./commit-round.ts";
import { OffsetRounds } from "./offset-rounds.ts";
import { encodeChange, WaitingChanges } from "./waiting-changes.ts";
import { ZnodeChanges } from "./znode-changes.ts";

/**
 * From the beginning of one round to that of the next, at least: so the writes of ZooKeeper grow
 * with time, not with the number of commits. Who finds none begun lately is written at once.
 */
const ROUND_INTERVAL_MS = 30;

/** Keys that wait for the next round: some seconds of what an ensemble takes. */
const WAITING_KEYS_MAX = 100_000;
/** Their groups and members, encoded. */
const WAITING_BYTES_MAX = 32 * 1024 * 1024;

export class GroupCommit implements SlotWriter {
  readonly slot: number;
  readonly coordinatorEpoch: CoordinatorEpoch;
  readonly #multi: FencedMulti;
  readonly #znodes: ZnodeChanges;
  readonly #offsets: OffsetRounds;
  readonly #clock: Clock;
  readonly #scheduler: Scheduler;
  readonly #logger: Logger;
  #waiting: WaitingChanges | undefined;
  #isWriting = false;
  /** By the monotonic clock, when the last round began. */
  #roundBegan = Number.NEGATIVE_INFINITY;
  #failure: unknown;

  constructor(
    options: SlotAtEpoch,
    dependencies: {
      readonly multi: FencedMulti;
      readonly clock: Clock;
      readonly scheduler: Scheduler;
      readonly logger: Logger;
    },
  ) {
    this.slot = options.slot;
    this.coordinatorEpoch = options.coordinatorEpoch;
    this.#multi = dependencies.multi;
    this.#znodes = new ZnodeChanges(dependencies.multi);
    this.#offsets = new OffsetRounds({
      znodes: this.#znodes,
      onOpen: () => this.#begin(),
      onFailure: (error) => this.#fail(error),
    });
    this.#clock = dependencies.clock;
    this.#scheduler = dependencies.scheduler;
    this.#logger = dependencies.logger;
  }

  get fenced(): boolean {
    return this.#multi.fenced;
  }

  onFenced(listener: () => void): void {
    this.#multi.onFenced(listener);
  }

  write(changes: readonly GroupChange[]): Promise<void> {
    if (this.fenced) return Promise.reject(this.#failure ?? coordinatorFenced("it was fenced"));
    if (changes.length === 0) return Promise.resolve();
    const waiting = this.#waiting ?? new WaitingChanges();
    if (waiting.keys + changes.length > WAITING_KEYS_MAX || waiting.bytes > WAITING_BYTES_MAX) {
      return Promise.reject(coordinatorBusy());
    }
    try {
      // All or nothing: what cannot be written is found before anything of it waits.
      const encoded = changes.map(encodeChange);
      for (const change of encoded) waiting.add(change);
    } catch (error) {
      return Promise.reject(error);
    }
    this.#waiting = waiting;
    this.#begin();
    return waiting.written.promise;
  }

  /** The check alone: a quorum write, so no server that lags behind is believed. */
  async confirm(): Promise<void> {
    await this.#multi.run([]);
  }

  close(): void {
    this.#multi.fence("it has given the slot back");
  }

  #begin(): void {
    if (this.#isWriting) return;
    this.#isWriting = true;
    runInBackground("group commit", this.#logger, () => this.#run());
  }

  /** One round after the other until nothing waits. */
  async #run(): Promise<void> {
    while (this.#waiting !== undefined || this.#offsets.isOpen) {
      let round: WaitingChanges | undefined;
      try {
        if (this.#offsets.isOpen) await this.#offsets.settle();
        await this.#pace();
        round = this.#waiting;
        this.#waiting = undefined;
        if (round !== undefined) await this.#write(round);
      } catch (error) {
        this.#fail(error, round);
        return;
      }
    }
    // In the same turn as the last look: what comes from now on begins a round.
    this.#isWriting = false;
  }

  /** State is written alone: it has an order, and is not to overtake nor to be overtaken. */
  async #write(round: WaitingChanges): Promise<void> {
    if (round.hasOnlyOffsets) return await this.#offsets.begin(round);
    await this.#offsets.settle();
    await writeRound(round, { multi: this.#multi, znodes: this.#znodes });
    round.written.resolve();
  }

  async #pace(): Promise<void> {
    const waitMs = this.#roundBegan + ROUND_INTERVAL_MS - this.#clock.monotonic();
    if (waitMs > 0) await sleep(this.#scheduler, waitMs);
    // What comes in the same turn of the event loop goes with it.
    else await new Promise<void>((resolve) => this.#scheduler.soon(resolve));
    // While the ensemble is busy what waits is better replaced than sent.
    await this.#znodes.hasRoom();
    this.#roundBegan = this.#clock.monotonic();
  }

  /** What is in memory rests on what was not written: only a new beginning mends that. */
  #fail(error: unknown, round?: WaitingChanges): void {
    this.#failure ??= error;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    round?.written.reject(this.#failure);
    waiting?.written.reject(this.#failure);
    this.#offsets.fail(this.#failure);
    this.#multi.fence("a write has failed");
  }
}
