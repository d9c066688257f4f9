import type { Clock } from "@zoolog/base";
import type { OfTopic } from "./handlers/partition-answers.ts";

/** Shortest wait for records of a client that is catching up. An answer of none costs well below 1 ms. */
const WAIT_MS_MIN = 5;

/** Partitions of one connection that are remembered; a consumer of more waits as it asks to. */
const PARTITIONS_MAX = 1_000;

/**
 * How long a fetch of one connection waits for records. Clients of Kafka have one fetch under way per
 * broker, and leave out partitions whose records they have not worked off yet. So a fetch that names
 * only partitions at their ends, while the client works off records of others, keeps it from asking
 * for more of those: it would stand still for `fetch.max.wait.ms` after every few records.
 *
 * Such a fetch waits only as long as the client has had those records: a fetch of nothing soon after
 * them, and ever fewer while it works them off.
 */
export class CatchUpWaits {
  readonly #clock: Clock;
  /** When records were sent of partitions that were not asked for since. */
  readonly #sentAt = new Map<string, number>();

  constructor({ clock }: { readonly clock: Clock }) {
    this.#clock = clock;
  }

  /** The client asks for these: what it had of them it has worked off. */
  asked(partitions: readonly Fetched[]): void {
    if (this.#sentAt.size === 0) return;
    for (const key of keysOf(partitions)) this.#sentAt.delete(key);
  }

  /** How long a fetch may wait whose partitions were `asked` for, at most `maxWaitMs`. */
  waitMs(maxWaitMs: number): number {
    const now = this.#clock.monotonic();
    let waitMs = maxWaitMs;
    for (const [key, sentAt] of this.#sentAt) {
      const heldMs = Math.max(WAIT_MS_MIN, now - sentAt);
      if (heldMs >= maxWaitMs) this.#sentAt.delete(key);
      waitMs = Math.min(waitMs, heldMs);
    }
    return waitMs;
  }

  /** Records of these partitions are on their way to the client. */
  sent(partitions: readonly Fetched[]): void {
    const now = this.#clock.monotonic();
    for (const key of keysOf(partitions)) {
      const isKnown = this.#sentAt.has(key);
      if (isKnown || this.#sentAt.size < PARTITIONS_MAX) this.#sentAt.set(key, now);
    }
  }
}

type Fetched = OfTopic<{ readonly partition: number }>;

function keysOf(partitions: readonly Fetched[]): string[] {
  return partitions.flatMap(({ topic, partitions }) =>
    partitions.map(({ partition }) => `${topic}/${partition}`),
  );
}
