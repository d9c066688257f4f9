import type { GroupPartition } from "../partitions/group-partition.ts";
import { ConsumerBatch } from "./consumer-batch.ts";
import type { OpenBatch, RecordSupply } from "./record-supply.ts";
import { handled, isWanted, type RecordWalk } from "./record-walk.ts";

export type BatchWalkDependencies<K, V> = {
  readonly supply: RecordSupply<K, V>;
  readonly walk: RecordWalk<K, V>;
  readonly commit: (partition: GroupPartition<K, V>) => Promise<void>;
};

/**
 * Hands batches out one by one, to a single loop. The one in hand counts as handled when the next is
 * asked for, unless its partition was given up meanwhile: a loop body that ends early because of
 * that looks to us like one that is done. Then only what was marked counts.
 */
export class BatchWalk<K, V> {
  readonly #dependencies: BatchWalkDependencies<K, V>;
  #hand: BatchInHand<K, V> | undefined;

  constructor(dependencies: BatchWalkDependencies<K, V>) {
    this.#dependencies = dependencies;
  }

  /** What a loop has in hand is not waited for any more. */
  letGo(): void {
    this.#hand?.release();
  }

  /** @throws why reading ends. */
  async *batches(): AsyncGenerator<ConsumerBatch<K, V>, void, undefined> {
    const { commit, supply, walk } = this.#dependencies;
    for (;;) {
      const open = await walk.nextBatch();
      const hand = new BatchInHand(open);
      this.#hand = hand;
      try {
        yield new ConsumerBatch(open, {
          mark: (next) => hand.mark(next),
          commit: () => commit(open.partition),
        });
        if (!open.partition.signal.aborted) hand.mark(open.batch.nextOffset);
      } finally {
        hand.release();
        if (hand.giveBack()) supply.renew();
      }
    }
  }
}

/** A batch that a loop works on. */
class BatchInHand<K, V> {
  readonly #open: OpenBatch<K, V>;
  /** First offset of it that is not handled. */
  #next: number;
  #isReleased = false;

  constructor(open: OpenBatch<K, V>) {
    const { batch, partition } = open;
    this.#open = open;
    this.#next = partition.source.position;
    partition.handling += 1;
    partition.source.position = batch.nextOffset;
  }

  /** Everything before `next` is handled. */
  mark(next: number): void {
    if (next <= this.#next) return;
    this.#next = next;
    handled(this.#open, next);
  }

  release(): void {
    if (!this.#isReleased) this.#open.partition.released();
    this.#isReleased = true;
  }

  /** What is not handled is read again; answers whether there is any. */
  giveBack(): boolean {
    const { batch, partition } = this.#open;
    if (this.#next >= batch.nextOffset || !isWanted(this.#open)) return false;
    partition.seek({ at: "offset", offset: this.#next });
    return true;
  }
}
