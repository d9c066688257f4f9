import type { GroupPartition } from "../partitions/group-partition.ts";
import { ConsumerBatch } from "./consumer-batch.ts";
import type { RecordSupply } from "./record-supply.ts";
import { handled, isCurrent, type RecordWalk } from "./record-walk.ts";

export type BatchWalkDependencies<K, V> = {
  readonly supply: RecordSupply<K, V>;
  readonly walk: RecordWalk<K, V>;
  readonly commit: (partition: GroupPartition<K, V>) => Promise<void>;
};

/** Hands batches out one by one, to a single loop. */
export class BatchWalk<K, V> {
  readonly #dependencies: BatchWalkDependencies<K, V>;
  #release: (() => void) | undefined;

  constructor(dependencies: BatchWalkDependencies<K, V>) {
    this.#dependencies = dependencies;
  }

  /** What a loop has in hand is not waited for any more. */
  letGo(): void {
    this.#release?.();
  }

  /** @throws why reading ends. */
  async *batches(): AsyncGenerator<ConsumerBatch<K, V>, void, undefined> {
    const { commit: commitPartition, supply, walk } = this.#dependencies;
    for (;;) {
      const open = await walk.nextBatch();
      const { batch, partition } = open;
      const from = partition.source.position;
      let isHandled = false;
      const settle = () => {
        isHandled = true;
        handled(open, batch.nextOffset);
      };
      const commit = () => {
        settle();
        return commitPartition(partition);
      };
      partition.handling += 1;
      let isReleased = false;
      const release = () => {
        if (!isReleased) partition.released();
        isReleased = true;
      };
      this.#release = release;
      partition.source.position = batch.nextOffset;
      try {
        yield new ConsumerBatch(open, { commit });
        settle();
      } finally {
        release();
        // Left with a batch in hand: it is read again.
        if (!isHandled && isCurrent(open)) {
          partition.seek({ at: "offset", offset: from });
          supply.renew();
        }
      }
    }
  }
}
