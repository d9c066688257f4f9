import type { Clock } from "@zoolog/base";
import type { SlotWriter } from "@zoolog/coordination";

/**
 * For how long an answer of ZooKeeper counts, ms: each slot whose members ask costs it one small write
 * in that time at most. The next coordinator gives members as much more.
 */
export const CONFIRMED_FOR_MS = 2_000;

/**
 * Whether a slot is still ours. What is written finds out by itself; a heartbeat writes nothing. A
 * coordinator that was deposed and has not heard of it (its session lives, its image is old) would
 * tell members that their sessions go on, while its successor, whom they do not ask, counts them out:
 *
 * 1. The successor's slot begins at W, after the last time V that ZooKeeper called the slot ours.
 * 2. A heartbeat that is answered here came at V + `CONFIRMED_FOR_MS` at the latest, so its member
 *    counts on its partitions until W + `CONFIRMED_FOR_MS` + its session.
 * 3. Until then the successor waits: `groupLoaded` has the same time of grace.
 */
export class SlotAuthority {
  readonly #writer: Pick<SlotWriter, "confirm">;
  readonly #clock: Clock;
  /** When the question was asked that was answered last, by the monotonic clock. */
  #confirmedAt: number;
  #asking: Promise<void> | undefined;

  /** @param options.confirmedAt when the writer was asked for. */
  constructor(
    options: { readonly writer: Pick<SlotWriter, "confirm">; readonly confirmedAt: number },
    dependencies: { readonly clock: Clock },
  ) {
    this.#writer = options.writer;
    this.#confirmedAt = options.confirmedAt;
    this.#clock = dependencies.clock;
  }

  /**
   * Resolves when it is certain for a request that comes now; `undefined`: it is already.
   *
   * @throws ZoologError see `SlotWriter.confirm`.
   */
  confirm(): Promise<void> | undefined {
    const since = this.#clock.monotonic() - CONFIRMED_FOR_MS;
    return this.#confirmedAt >= since ? undefined : this.#confirmSince(since);
  }

  /** A question that was under way may have been asked too long ago. */
  async #confirmSince(since: number): Promise<void> {
    while (this.#confirmedAt < since) {
      this.#asking ??= this.#ask();
      await this.#asking;
    }
  }

  async #ask(): Promise<void> {
    const askedAt = this.#clock.monotonic();
    try {
      await this.#writer.confirm();
      this.#confirmedAt = askedAt;
    } finally {
      this.#asking = undefined;
    }
  }
}
