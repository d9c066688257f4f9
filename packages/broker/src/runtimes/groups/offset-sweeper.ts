import {
  errorMessage,
  type Logger,
  runInBackground,
  type Scheduler,
  type Timer,
} from "@zoolog/base";
import type { ClusterImage } from "@zoolog/controller";
import type { GroupChange, GroupStore, StoredOffset } from "@zoolog/coordination";
import type { GroupRuntime } from "./group-runtime.ts";

export type OffsetSweeperDependencies = {
  readonly runtime: GroupRuntime;
  readonly store: Pick<GroupStore, "readOffsets">;
  readonly scheduler: Scheduler;
  readonly logger: Logger;
};

type Changes = readonly GroupChange[];
type ReadOffsets = Awaited<ReturnType<GroupStore["readOffsets"]>>;

/**
 * Removes offsets of topics that were deleted, and groups that have none and nobody in them. Nothing
 * depends on it but the tidiness of ZooKeeper: an offset counts only for the topic whose id it has.
 * Topics that go are swept at once, group by group; groups, and what was deleted while nobody
 * coordinated, are found by the slow round.
 */
export class OffsetSweeper {
  readonly #dependencies: OffsetSweeperDependencies;
  readonly #timer: Timer;
  readonly #gone = new Set<string>();
  #topics: ClusterImage["topics"] = new Map();
  #sweeping = false;
  #isRoundDue = false;
  #closed = false;

  constructor(options: { readonly intervalMs: number }, dependencies: OffsetSweeperDependencies) {
    this.#dependencies = dependencies;
    this.#timer = dependencies.scheduler.every(options.intervalMs, () => {
      this.#isRoundDue = true;
      this.#wake();
    });
  }

  /** Takes a newer image. */
  follow({ topics }: ClusterImage): void {
    if (topics === this.#topics) return;
    for (const name of this.#topics.keys()) if (!topics.has(name)) this.#gone.add(name);
    for (const name of this.#gone) if (topics.has(name)) this.#gone.delete(name);
    this.#topics = topics;
    if (this.#gone.size > 0) this.#wake();
  }

  close(): void {
    this.#closed = true;
    this.#timer.cancel();
  }

  #wake(): void {
    if (this.#sweeping || this.#closed) return;
    this.#sweeping = true;
    runInBackground("sweep offsets", this.#dependencies.logger, async () => {
      try {
        await this.#sweep();
      } finally {
        this.#sweeping = false;
      }
    });
  }

  async #sweep(): Promise<void> {
    while (this.#gone.size > 0 && !this.#closed) {
      const names = [...this.#gone];
      await this.#eachGroup((groupId) =>
        names
          // A topic that was created anew meanwhile may have offsets already.
          .filter((topic) => !this.#topics.has(topic))
          .map((topic) => ({ type: "topicOffsets", groupId, topic, value: undefined })),
      );
      for (const name of names) this.#gone.delete(name);
    }
    if (!this.#isRoundDue) return;
    this.#isRoundDue = false;
    await this.#eachGroup(async (groupId) => {
      const found = await this.#dependencies.store.readOffsets(groupId, "all");
      if (!hasAny(found)) await this.#removeIfUnused(groupId);
      return found.value.flatMap((stored) => this.#staleOffset(groupId, stored));
    });
  }

  /** As Kafka does: consumers without a group of their own leave one behind each time. */
  async #removeIfUnused(groupId: string): Promise<void> {
    const { runtime, store } = this.#dependencies;
    await runtime.removeIfUnused(groupId, async () =>
      hasAny(await store.readOffsets(groupId, "all")),
    );
  }

  /** Those written by hand have no topic id: they are of whatever has the name. */
  #staleOffset(groupId: string, stored: StoredOffset): Changes {
    const { topic, partition, committed } = stored;
    const { topicId } = committed;
    if (topicId === undefined || topicId === this.#topics.get(topic)?.topicId) return [];
    return [{ type: "staleOffset", groupId, topic, partition, topicId, value: undefined }];
  }

  /** One group after the other: who deletes a topic waits for none of this. */
  async #eachGroup(changesOf: (groupId: string) => Changes | Promise<Changes>): Promise<void> {
    const { runtime, logger } = this.#dependencies;
    for (const { groupId } of runtime.snapshot()) {
      if (this.#closed) return;
      try {
        const found = changesOf(groupId);
        // Without a turn in between, where it can be: what was true of the image is still true.
        const changes = found instanceof Promise ? await found : found;
        if (changes.length === 0) continue;
        await runtime.writer(groupId).write(changes);
        logger.debug("offsets of deleted topics removed", { group: groupId });
      } catch (error) {
        // Another broker coordinates it now, or ZooKeeper is away: the slow round comes again.
        const fields = { group: groupId, error: errorMessage(error) };
        logger.debug("group not swept for now", fields);
      }
    }
  }
}

/** What nobody can read may be the place of a consumer all the same: whoever wrote it may mend it. */
function hasAny({ value, faults }: ReadOffsets): boolean {
  return value.length > 0 || faults.length > 0;
}
