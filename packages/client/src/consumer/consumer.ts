import {
  abortable,
  type Clock,
  type Logger,
  type Random,
  runInBackground,
  type Scheduler,
} from "@zoolog/base";
import type { BrokerCalls } from "@zoolog/calls";
import { loadNativeCrc32c } from "@zoolog/protocol";
import { quietAbortController } from "../abort.ts";
import { requireFunction, requireList, requireWholeNumber } from "../arguments.ts";
import type { BackoffOptions } from "../backoff.ts";
import type { Cluster } from "../cluster/cluster.ts";
import type { OffsetLookup } from "../cluster/offset-lookup.ts";
import { alreadyClosed, invalidOption } from "../errors.ts";
import { alreadyIterated, ofMembership } from "../groups/errors.ts";
import { GroupCoordinator } from "../groups/group-coordinator.ts";
import type { WaitingPlaces } from "../groups/waiting-places.ts";
import type { Producer } from "../producer/producer.ts";
import type { ReaderRecord } from "../reader/reader-record.ts";
import type { ConsumerPartition, ResolvedConsumerOptions } from "./consumer-options.ts";
import { ClassicMembership } from "./membership/classic-membership.ts";
import { ConsumerMembership } from "./membership/consumer-membership.ts";
import type { Membership } from "./membership/membership.ts";
import { tellOfMissingTopics } from "./membership/missing-topics.ts";
import { HeldPartitions } from "./partitions/held-partitions.ts";
import { type CommittedPosition, OffsetCommits } from "./partitions/offset-commits.ts";
import {
  type ConsumerPosition,
  ReadingPositions,
  type SeekTarget,
} from "./partitions/reading-positions.ts";
import { StartOffsets } from "./partitions/start-offsets.ts";
import { BatchWalk } from "./records/batch-walk.ts";
import type { ConsumerBatch } from "./records/consumer-batch.ts";
import { recordLoop } from "./records/record-loop.ts";
import { RecordSupply } from "./records/record-supply.ts";
import { RecordWalk } from "./records/record-walk.ts";
import { RecordRunner } from "./run/record-runner.ts";
import { type RecordHandler, type RunOptions, resolveRunOptions } from "./run/run-options.ts";

export type ConsumerDependencies = {
  readonly cluster: Cluster;
  readonly calls: BrokerCalls;
  readonly lookup: OffsetLookup;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly logger: Logger;
  readonly waitingPlaces: WaitingPlaces;
  /** For dead letters. */
  readonly producer: () => Producer;
};

export type ConsumerSettings<K, V> = ResolvedConsumerOptions<K, V> &
  BackoffOptions & { readonly requestTimeoutMs: number; readonly onClose: () => void };

/** How long a call may take with all its attempts, and who may end it. */
export type ConsumerCallOptions = {
  /** Default 30,000. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
};

const CALL_TIMEOUT_MS = 30_000;
/** Of the time to close, what is left for telling the coordinator. */
const LEAVE_TIMEOUT_MS = 5_000;

/**
 * A member of a consumer group: reads the partitions that the group gives it, and commits what is
 * handled.
 *
 * ```ts
 * await using consumer = client.consumer({ group: "billing", topics: [orders], from: "earliest" });
 * for await (const record of consumer) await bill(record.value);
 * ```
 *
 * A record counts as handled when the next one is asked for. Leaving the loop, by `break` or by an
 * error, gives the record in hand back: the next loop, or the next member, gets it again, unless
 * `commit()` was called before. Joins when it is first read.
 */
export class Consumer<K, V> implements AsyncIterable<ReaderRecord<K, V>>, AsyncDisposable {
  readonly #options: ConsumerSettings<K, V>;
  readonly #dependencies: ConsumerDependencies;
  readonly #supply: RecordSupply<K, V>;
  readonly #commits: OffsetCommits;
  readonly #starts: StartOffsets;
  readonly #held: HeldPartitions<K, V>;
  readonly #membership: Membership;
  readonly #walk: RecordWalk<K, V>;
  readonly #closing = quietAbortController();
  readonly #batches: BatchWalk<K, V>;
  readonly #positions: ReadingPositions<K, V>;
  #failure: { readonly error: unknown } | undefined;
  #isStarted = false;
  #isIterated = false;
  #closed: Promise<void> | undefined;

  /** Made by `client.consumer()`. */
  constructor(options: ConsumerSettings<K, V>, dependencies: ConsumerDependencies) {
    const { group } = options;
    this.#options = options;
    this.#dependencies = dependencies;
    const coordinator = new GroupCoordinator({ ...options, groupId: group }, dependencies);
    const warn = (error: unknown) => this.#held.warn(error);
    this.#supply = new RecordSupply(options, {
      ...dependencies,
      onGone: (_, error) => warn(error),
    });
    this.#commits = new OffsetCommits(
      { group, onIgnored: warn },
      { coordinator, membership: () => this.#membership },
    );
    this.#starts = new StartOffsets(options, { ...dependencies, coordinator });
    this.#held = new HeldPartitions(options, {
      ...dependencies,
      commits: this.#commits,
      starts: this.#starts,
      supply: this.#supply,
      closing: this.#closing.signal,
      onFailure: (error) => this.#fail(ofMembership(group, error)),
    });
    const { names, pattern } = options.subscription;
    const memberOptions = { ...options, names, pattern };
    const owner = { ...dependencies, coordinator, owner: this.#held };
    this.#membership =
      options.protocol === "classic"
        ? new ClassicMembership(memberOptions, owner)
        : new ConsumerMembership(memberOptions, owner);
    this.#walk = new RecordWalk({
      ...dependencies,
      supply: this.#supply,
      membership: this.#membership,
      throwIfEnded: () => this.#throwIfEnded(),
    });
    this.#batches = new BatchWalk({
      supply: this.#supply,
      walk: this.#walk,
      commit: (partition) => this.#held.commit([partition], this.#limits({})),
    });
    this.#positions = new ReadingPositions({
      held: this.#held,
      starts: this.#starts,
      supply: this.#supply,
    });
    if (options.signal?.aborted === true) this.#onAbort();
    options.signal?.addEventListener("abort", this.#onAbort, { once: true });
  }

  /** Record after record. @throws ZoologError what `batches` throws. */
  [Symbol.asyncIterator](): AsyncIterator<ReaderRecord<K, V>, undefined> {
    this.#begin();
    return recordLoop(this.#walk, {
      isEnded: () => this.#isEnded,
      onLeave: () => {
        this.#isIterated = false;
      },
    });
  }

  /**
   * Batch after batch, as they were written: the cheapest way to read many records. A batch counts
   * as handled when the next one is asked for; one that the loop leaves with is read again. When its
   * partition has to be given up meanwhile (`batch.signal`), only what `batch.handled()` or
   * `batch.commit()` said counts.
   *
   * @throws ZoologError `NO_COMMITTED_OFFSET`, `OFFSET_OUT_OF_RANGE`, `CORRUPT_MESSAGE`, `CLOSED`,
   *   why the coordinator does not take the member; the signal's reason.
   */
  async *batches(): AsyncGenerator<ConsumerBatch<K, V>, void, undefined> {
    this.#begin();
    this.#walk.reset();
    try {
      yield* this.#batches.batches();
    } finally {
      this.#isIterated = false;
    }
  }

  /**
   * Handles records until the consumer is closed, the options' signal aborts or a record is poison:
   * several at a time, those that belong together one after the other. Commits never have a gap: the
   * first record of a partition that is not handled is where the next start begins.
   *
   * @throws ZoologError `HANDLER_FAILED` when the handler failed for good;
   *   `DEAD_LETTER_TOPIC_MISSING`, before the first record or when it was deleted; what `batches` throws.
   */
  async run(handler: RecordHandler<K, V>, options: RunOptions = {}): Promise<void> {
    requireFunction("handler", handler);
    const resolved = resolveRunOptions(options);
    this.#claim();
    this.#walk.reset();
    const { group, prefetchBytes, retryTimeoutMs } = this.#options;
    const runner = new RecordRunner(
      { ...resolved, group, prefetchBytes },
      {
        ...this.#dependencies,
        handler,
        supply: this.#supply,
        walk: this.#walk,
        onError: (error) => this.#held.warn(error),
      },
    );
    try {
      // Whoever cannot run does not join: the others would have to make room for it.
      await runner.prepare({ timeoutMs: retryTimeoutMs, signal: this.#closing.signal });
      this.#start();
      await runner.run();
    } catch (error) {
      if (this.#failure !== undefined || this.#closed === undefined) throw error;
    } finally {
      await runner.end(this.#held.all());
      this.#isIterated = false;
    }
  }

  /** As the coordinator knows it; `undefined` while it is no member. Another one after a loss. */
  get memberId(): string | undefined {
    return this.#membership.identity?.memberId;
  }

  /** Its epoch, or the generation of a classic group; `undefined` while it is no member. */
  get memberEpoch(): number | undefined {
    return this.#membership.identity?.generationIdOrMemberEpoch;
  }

  /** What it reads right now, and how far it is. */
  assignment(): ConsumerPosition[] {
    return this.#positions.all();
  }

  /** Next offset to hand out. @throws ZoologError `NOT_ASSIGNED` */
  position(partition: ConsumerPartition): number | undefined {
    return this.#positions.of(partition);
  }

  /** Records that it has not handled yet, of all its partitions, as far as is known. */
  get lag(): number {
    return this.assignment().reduce((sum, { lag = 0 }) => sum + lag, 0);
  }

  /** Hands out nothing more of them; they stay assigned. Default: all. */
  pause(partitions: readonly ConsumerPartition[] = this.assignment()): void {
    this.#positions.pause(partitions);
  }

  /** Goes on behind what was handed out. Default: all. */
  resume(partitions: readonly ConsumerPartition[] = this.assignment()): void {
    this.#positions.resume(partitions);
  }

  /**
   * Goes on reading a partition at another point, for the whole group: the next commit says so.
   *
   * @throws ZoologError `NOT_ASSIGNED`, `REQUEST_TIMED_OUT`
   */
  async seek(
    partition: ConsumerPartition,
    to: SeekTarget,
    options: ConsumerCallOptions = {},
  ): Promise<void> {
    await this.#positions.seek(partition, to, this.#limits(options));
  }

  /**
   * Goes back, or forth, to the first record that is not older than `to`, in all its partitions.
   *
   * @throws ZoologError `REQUEST_TIMED_OUT`
   */
  async rewind(to: Date, options: ConsumerCallOptions = {}): Promise<void> {
    if (!(to instanceof Date)) throw invalidOption("to", "must be a Date");
    await Promise.all(this.assignment().map((partition) => this.seek(partition, to, options)));
  }

  /**
   * Commits what is handled, the record in hand included; or the offsets that are given, each of the
   * next record to read. Resolves when the coordinator has them in ZooKeeper. Those of a partition
   * that it does not know, or not yet, are told to `onError`, and stay uncommitted.
   *
   * @throws ZoologError `MEMBER_LOST`, `NOT_ASSIGNED`, `REQUEST_TIMED_OUT`, `OFFSET_METADATA_TOO_LARGE`
   */
  async commit(
    positions?: readonly CommittedPosition[],
    options: ConsumerCallOptions = {},
  ): Promise<void> {
    if (positions === undefined) {
      this.#walk.settle();
      await this.#held.commit(this.#held.all(), this.#limits(options));
      return;
    }
    requireList("positions", positions);
    for (const { offset } of positions) requireWholeNumber("offset", offset);
    const held = positions.map((position) => this.#positions.assigned(position));
    const noted = positions.map((position, index) => {
      return { metadata: held[index]?.metadata, ...position };
    });
    if (noted.length === 0) return;
    const stillHeld = () => {
      this.#held.assertHeld(held);
      return noted;
    };
    const kept = new Set(await this.#commits.commit(stillHeld, this.#limits(options)));
    for (const [index, position] of noted.entries()) {
      const partition = held[index];
      if (partition !== undefined && kept.has(position)) partition.committed = position.offset;
    }
  }

  /**
   * Waits for handlers of `run()`, commits, leaves the group. A loop that waits rejects with `CLOSED`;
   * what a loop has in hand is given back, so that a loop may close its own consumer. Idempotent.
   */
  close(options: ConsumerCallOptions = {}): Promise<void> {
    this.#closed ??= this.#close(alreadyClosed("consumer"), options);
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(reason: unknown, options: ConsumerCallOptions): Promise<void> {
    const { timeoutMs } = this.#limits(options);
    this.#options.signal?.removeEventListener("abort", this.#onAbort);
    this.#held.stop();
    // Whoever closes from inside of the loop does not wait for himself.
    this.#walk.giveBack();
    this.#batches.letGo();
    const commitMs = Math.max(1, timeoutMs - LEAVE_TIMEOUT_MS);
    await abortable(this.#held.release(reason, commitMs), options.signal).catch(() => {});
    this.#closing.abort(reason);
    this.#supply.close();
    if (this.#isStarted) await this.#membership.leave({ timeoutMs: LEAVE_TIMEOUT_MS });
    this.#options.onClose();
  }

  get #isEnded(): boolean {
    return this.#failure !== undefined || this.#closed !== undefined;
  }

  #throwIfEnded(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
    if (this.#closed !== undefined) throw this.#closing.signal.reason ?? alreadyClosed("consumer");
  }

  #begin(): void {
    this.#claim();
    this.#start();
  }

  /** One loop or run at a time. */
  #claim(): void {
    this.#throwIfEnded();
    if (this.#isIterated) throw alreadyIterated();
    this.#isIterated = true;
  }

  #start(): void {
    if (this.#isStarted) return;
    this.#isStarted = true;
    runInBackground("start consumer", this.#dependencies.logger, async () => {
      await loadNativeCrc32c();
      if (this.#closed !== undefined) return;
      this.#held.start();
      this.#membership.start();
      await this.#tellOfMissingTopics();
    });
  }

  async #tellOfMissingTopics(): Promise<void> {
    const { group, requestTimeoutMs, subscription } = this.#options;
    const { names = [] } = subscription;
    const onError = (error: unknown) => this.#held.warn(error);
    const limits = { timeoutMs: requestTimeoutMs, signal: this.#closing.signal };
    await tellOfMissingTopics({ group, names }, { ...this.#dependencies, onError }, limits);
  }

  #fail(error: unknown): void {
    this.#failure ??= { error };
    this.#supply.wake();
  }

  #limits({ signal, timeoutMs = CALL_TIMEOUT_MS }: ConsumerCallOptions) {
    return { timeoutMs, signal };
  }

  readonly #onAbort = (): void => {
    const reason = this.#options.signal?.reason;
    this.#fail(reason);
    runInBackground("close the consumer", this.#dependencies.logger, () => {
      this.#closed ??= this.#close(reason, {});
      return this.#closed;
    });
  };
}
