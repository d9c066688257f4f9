import {
  abortable,
  CallAbort,
  type Clock,
  deferred,
  type Logger,
  runInBackground,
  type Scheduler,
  type Timer,
  topicPartitionKey,
} from "@zoolog/base";
import { untilAnyAborts } from "../../abort.ts";
import { callTimedOut } from "../../errors.ts";
import { memberLost } from "../../groups/errors.ts";
import type { ConsumerPartition, ResolvedConsumerOptions } from "../consumer-options.ts";
import {
  type MemberPartition,
  type PartitionOwner,
  partitionId,
} from "../membership/membership.ts";
import type { RecordSupply } from "../records/record-supply.ts";
import { GroupPartition } from "./group-partition.ts";
import type { CommittedPosition, OffsetCommits } from "./offset-commits.ts";
import type { StartOffset, StartOffsets } from "./start-offsets.ts";

export type HeldPartitionsDependencies<K, V> = {
  readonly commits: OffsetCommits;
  readonly starts: StartOffsets;
  readonly supply: RecordSupply<K, V>;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly logger: Logger;
  readonly closing: AbortSignal;
  /** The consumer has failed; a loop that waits is told. */
  readonly onFailure: (error: unknown) => void;
};

/** Of the rebalance timeout, what is left for the commit after waiting for handlers. */
const COMMIT_SHARE = 0.2;
/** Of the same, how long a revocation takes at most: the coordinator has counted from before. */
const REVOCATION_SHARE = 0.9;

/**
 * The partitions that a member has right now: how they begin, what of them is committed, and how
 * they end.
 */
export class HeldPartitions<K, V> implements PartitionOwner {
  readonly #options: ResolvedConsumerOptions<K, V> & { readonly requestTimeoutMs: number };
  readonly #dependencies: HeldPartitionsDependencies<K, V>;
  readonly #partitions = new Map<string, GroupPartition<K, V>>();
  #timer: Timer | undefined;
  #committing = false;

  constructor(
    options: ResolvedConsumerOptions<K, V> & { readonly requestTimeoutMs: number },
    dependencies: HeldPartitionsDependencies<K, V>,
  ) {
    this.#options = options;
    this.#dependencies = dependencies;
  }

  all(): GroupPartition<K, V>[] {
    return [...this.#partitions.values()];
  }

  find({ partition, topic }: ConsumerPartition): GroupPartition<K, V> | undefined {
    return this.all().find(({ topicPartition: tp, isRevoked }) => {
      return tp.topic === topic && tp.partition === partition && !isRevoked;
    });
  }

  /** Commits what is handled, from now on, in its interval. */
  start(): void {
    const { commit, commitIntervalMs } = this.#options;
    if (commit === "manual") return;
    this.#timer = this.#dependencies.scheduler.every(commitIntervalMs, () => this.#commitSoon());
  }

  stop(): void {
    this.#timer?.cancel();
  }

  readonly assign = async (partitions: readonly MemberPartition[]): Promise<void> => {
    const { logger, closing } = this.#dependencies;
    const added = partitions.map((given) => {
      const { partition, topic, topicId } = given;
      const typed = this.#options.subscription.topic(topic);
      const held = new GroupPartition<K, V>({ topic, partition }, typed, topicId);
      this.#partitions.set(partitionId(given), held);
      return held;
    });
    await this.#tell(this.#options.onAssigned, added);
    runInBackground("begin partitions", logger, async () => {
      try {
        await this.#begin(added);
      } catch (error) {
        const isWanted = added.some(({ isRevoked }) => !isRevoked);
        if (isWanted && !closing.aborted) this.fail(error);
      }
    });
  };

  readonly revoke = async (partitions: readonly MemberPartition[]): Promise<void> => {
    const held = this.#held(partitions);
    const { rebalanceTimeoutMs } = this.#options;
    this.#stopReading(held, memberLost(this.#options.group, "the group gives them to others"));
    await this.finish(held, Math.floor(rebalanceTimeoutMs * REVOCATION_SHARE));
    await this.#tell(this.#options.onRevoked, held);
    this.#forget(held);
  };

  readonly lose = async (partitions: readonly MemberPartition[]): Promise<void> => {
    const held = this.#held(partitions);
    this.#stopReading(held, memberLost(this.#options.group, "it was not heard of in time"));
    this.#forget(held);
    await this.#tell(this.#options.onLost, held);
  };

  readonly fail = (error: unknown): void => {
    this.#dependencies.onFailure(error);
  };

  readonly warn = (error: unknown): void => {
    this.#options.onError(error instanceof Error ? error : new Error(String(error)));
  };

  /** Everything ends: the same as a revocation of all, by the user's will. */
  async release(reason: unknown, timeoutMs: number): Promise<void> {
    const held = this.all();
    this.#stopReading(held, reason);
    await this.finish(held, timeoutMs);
    await this.#tell(this.#options.onRevoked, held);
    this.#partitions.clear();
  }

  /** Waits for records that are being handled, then commits, all within the time. */
  async finish(held: readonly GroupPartition<K, V>[], timeoutMs: number): Promise<void> {
    const commitMs = Math.ceil(timeoutMs * COMMIT_SHARE);
    await this.#idle(held, timeoutMs - commitMs);
    if (this.#options.commit === "manual") return;
    const late = new CallAbort();
    const timer = this.#dependencies.scheduler.after(commitMs, () =>
      late.abort(callTimedOut("commit-offsets", commitMs, undefined)),
    );
    try {
      // It may have to wait for one before it, which has a longer time.
      await abortable(this.commit(held, { timeoutMs: commitMs }), late.signal);
    } catch (error) {
      // Whoever reads them next begins where the last commit was.
      this.warn(error);
    } finally {
      timer.cancel();
    }
  }

  /**
   * Commits what is handled of these partitions and is not committed yet.
   *
   * @throws ZoologError `MEMBER_LOST` for one that was given up: it may be another's, who is further.
   */
  async commit(
    held: readonly GroupPartition<K, V>[],
    limits: { readonly timeoutMs: number; readonly signal?: AbortSignal | undefined },
  ): Promise<void> {
    this.assertHeld(held);
    const due = held.flatMap((partition) => {
      const { committed, handled } = partition;
      if (handled === undefined || handled === committed) return [];
      return [{ partition, position: positionOf(partition, handled) }];
    });
    if (due.length === 0) return;
    const positions = () => {
      this.assertHeld(due.map((entry) => entry.partition));
      return due.map((entry) => entry.position);
    };
    const kept = new Set(await this.#dependencies.commits.commit(positions, limits));
    for (const { partition, position } of due) {
      if (kept.has(position)) partition.committed = position.offset;
    }
  }

  /** @throws ZoologError `MEMBER_LOST` when one of them was given up. */
  assertHeld(held: readonly GroupPartition<K, V>[]): void {
    const own = new Set(this.#partitions.values());
    if (held.every((partition) => own.has(partition))) return;
    throw memberLost(this.#options.group, "others read them by now");
  }

  async #begin(added: readonly GroupPartition<K, V>[]): Promise<void> {
    const { closing, commits, supply } = this.#dependencies;
    const limits = { timeoutMs: this.#options.retryTimeoutMs, signal: closing };
    const found = await this.#startsOf(added);
    const wanted = new Map(added.map((held) => [topicPartitionKey(held.topicPartition), held]));
    const isWanted = (start: StartOffset) =>
      wanted.get(topicPartitionKey(start))?.isRevoked === false;
    const begun = () => found.filter((start) => start.isNew && isWanted(start));
    // A crash before the first acknowledgement shall begin there again.
    const kept = new Set(begun().length > 0 ? await commits.commit(begun, limits) : []);
    for (const start of found) {
      const held = wanted.get(topicPartitionKey(start));
      if (held === undefined || held.isRevoked) continue;
      // Somebody may have sought while it was looked for.
      if (held.handled === undefined) held.beginAt(start.offset, start.leaderEpoch);
      if (!start.isNew || kept.has(start)) held.committed = start.offset;
      held.metadata = start.metadata;
      supply.add(held);
    }
  }

  /** Nobody waits for one that is given up meanwhile: its topic may be another one by now. */
  async #startsOf(added: readonly GroupPartition<K, V>[]): Promise<StartOffset[]> {
    const { closing, starts } = this.#dependencies;
    const { retryTimeoutMs: timeoutMs } = this.#options;
    for (let asked = added; ; ) {
      const signals = [closing, ...asked.map((held) => held.signal)];
      const partitions = asked.map(({ topicPartition }) => topicPartition);
      try {
        return await untilAnyAborts(signals, (signal) =>
          starts.find(partitions, { timeoutMs, signal }),
        );
      } catch (error) {
        const staying = asked.filter(({ isRevoked }) => !isRevoked);
        const isOver = closing.aborted || staying.length === 0;
        if (isOver || staying.length === asked.length) throw error;
        asked = staying;
      }
    }
  }

  #held(partitions: readonly MemberPartition[]): GroupPartition<K, V>[] {
    return partitions.flatMap((partition) => this.#partitions.get(partitionId(partition)) ?? []);
  }

  #stopReading(held: readonly GroupPartition<K, V>[], reason: unknown): void {
    for (const partition of held) {
      partition.revoke(reason);
      this.#dependencies.supply.remove(partition);
    }
  }

  /** The same partition may have been given anew meanwhile: that one stays. */
  #forget(held: readonly GroupPartition<K, V>[]): void {
    const gone = new Set(held);
    for (const [id, partition] of this.#partitions) {
      if (gone.has(partition)) this.#partitions.delete(id);
    }
  }

  async #idle(held: readonly GroupPartition<K, V>[], timeoutMs: number): Promise<void> {
    if (held.every(({ handling }) => handling === 0)) return;
    const timeout = deferred<void>();
    const timer = this.#dependencies.scheduler.after(timeoutMs, () => timeout.resolve());
    await Promise.race([Promise.all(held.map((partition) => partition.idle())), timeout.promise]);
    timer.cancel();
  }

  /** A callback that fails is the user's affair: it is told, and nothing stops. */
  async #tell(
    callback: (partitions: readonly ConsumerPartition[]) => void | Promise<void>,
    held: readonly GroupPartition<K, V>[],
  ): Promise<void> {
    if (held.length === 0) return;
    try {
      await callback(held.map(({ topicPartition }) => topicPartition));
    } catch (error) {
      this.warn(error);
    }
  }

  #commitSoon(): void {
    if (this.#committing) return;
    this.#committing = true;
    runInBackground("commit offsets", this.#dependencies.logger, async () => {
      try {
        const held = this.all().filter(({ isRevoked }) => !isRevoked);
        await this.commit(held, { timeoutMs: this.#options.requestTimeoutMs });
      } catch (error) {
        this.warn(error);
      } finally {
        this.#committing = false;
      }
    });
  }
}

function positionOf<K, V>(
  { handledEpoch: leaderEpoch, metadata, topicPartition }: GroupPartition<K, V>,
  offset: number,
): CommittedPosition {
  return { offset, leaderEpoch, metadata, ...topicPartition };
}
