import {
  abortable,
  errorCode,
  type Logger,
  type Random,
  runInBackground,
  type Scheduler,
  sleep,
} from "@zoolog/base";
import { backoffDelayMs } from "../../backoff.ts";
import type { CallLimits } from "../../cluster/call-attempts.ts";
import type { Cluster } from "../../cluster/cluster.ts";
import { Fifo } from "../../fifo.ts";
import { handlerFailed } from "../../groups/errors.ts";
import type { Producer } from "../../producer/producer.ts";
import type { ReaderRecord } from "../../reader/reader-record.ts";
import type { GroupPartition } from "../partitions/group-partition.ts";
import { type HandledEntry, HandledOffsets } from "../partitions/handled-offsets.ts";
import type { OpenBatch, RecordSupply } from "../records/record-supply.ts";
import { endOf, handled, isCurrent, type RecordWalk } from "../records/record-walk.ts";
import { DeadLetters } from "./dead-letters.ts";
import type { RecordHandler, ResolvedRunOptions } from "./run-options.ts";

export type RecordRunnerDependencies<K, V> = {
  readonly handler: RecordHandler<K, V>;
  readonly supply: RecordSupply<K, V>;
  readonly walk: RecordWalk<K, V>;
  readonly cluster: Cluster;
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly logger: Logger;
  readonly producer: () => Producer;
  readonly onError: (error: Error) => void;
};

export type RecordRunnerOptions = ResolvedRunOptions & {
  readonly group: string;
  /** Records that wait for a slot or their lane take no more than fetched ones may; one always may. */
  readonly prefetchBytes: number;
};

/** One record on its way through the handler. */
type Task<K, V> = {
  readonly record: ReaderRecord<K, V>;
  readonly open: OpenBatch<K, V>;
  readonly window: HandledOffsets;
  readonly entry: HandledEntry;
  /** Tasks of a lane run one after the other; without one a task waits for nobody. */
  readonly lane: Lane | undefined;
  readonly sizeInBytes: number;
};

/** The partition itself, or the key within it. */
type Lane = object | string;

/**
 * Records that are begun and not handled, of all partitions: enough that a slow key does not hold up
 * the others, little enough to keep in memory and to do again.
 */
const TASKS_MAX = 1_000;
const TASKS_PER_SLOT = 8;
/** Records of a partition above its low-water mark: what is done again after a crash. */
const WINDOW_MAX = 1_000;
/** A partition whose records wait for each other gains nothing from a longer queue. */
const WINDOW_IN_ORDER = 16;
/** Trying again changes nothing about these. */
const HOPELESS = new Set(["DESERIALIZATION_FAILED"]);

/** Handles records concurrently: lanes keep the order, slots bound what runs at the same time. */
export class RecordRunner<K, V> {
  readonly #options: RecordRunnerOptions;
  readonly #dependencies: RecordRunnerDependencies<K, V>;
  readonly #deadLetters: DeadLetters | undefined;
  readonly #tasksMax: number;
  readonly #windowMax: number;
  /** Batches that are being handed out: the first whose partition has room in its window. */
  readonly #open = new Map<GroupPartition<K, V>, OpenBatch<K, V>>();
  /** Lanes with a task that is begun, and those that wait for it, if any do. */
  readonly #lanes = new Map<Lane, Fifo<Task<K, V>> | undefined>();
  readonly #ready = new Fifo<Task<K, V>>();
  #running = 0;
  /** Begun and not done: running or waiting for a slot or for their lane. */
  #tasks = 0;
  /** Of their records. */
  #taskBytes = 0;
  #failure: { readonly error: unknown } | undefined;
  #isEnding = false;
  #isFilling = false;

  constructor(options: RecordRunnerOptions, dependencies: RecordRunnerDependencies<K, V>) {
    const { concurrency, group, onPoison, order } = options;
    this.#options = options;
    this.#dependencies = dependencies;
    this.#tasksMax = Math.max(TASKS_MAX, concurrency * TASKS_PER_SLOT);
    this.#windowMax =
      order === "partition" ? WINDOW_IN_ORDER : Math.max(WINDOW_MAX, concurrency * TASKS_PER_SLOT);
    if (typeof onPoison === "object") {
      this.#deadLetters = new DeadLetters({ topic: onPoison.deadLetter, group }, dependencies);
    }
  }

  /**
   * Before anything is handled: is there a place for what cannot be?
   *
   * @throws ZoologError `DEAD_LETTER_TOPIC_MISSING`, or why that could not be found out.
   */
  async prepare(limits: CallLimits): Promise<void> {
    const { signal } = this.#options;
    try {
      await abortable(this.#deadLetters?.requireTopic(limits) ?? Promise.resolve(), signal);
    } catch (error) {
      if (signal?.aborted !== true) throw error;
    }
  }

  /** @throws why it ended, unless the run's signal says so. */
  async run(): Promise<void> {
    const { supply, walk } = this.#dependencies;
    const { signal } = this.#options;
    // The signal's `aborted`, asked for each record, costs more than the rest of a step.
    let isAborted = signal?.aborted === true;
    const wake = () => {
      isAborted = true;
      supply.wake();
    };
    signal?.addEventListener("abort", wake, { once: true });
    try {
      for (;;) {
        if (!walk.isFree) await this.#turn();
        if (this.#failure !== undefined) throw this.#failure.error;
        if (isAborted) return;
        const task = this.#hasRoom ? this.#next() : undefined;
        if (task !== undefined) this.#dispatch(task);
        else {
          await supply.wait();
          await this.#turn();
        }
      }
    } finally {
      signal?.removeEventListener("abort", wake);
    }
  }

  /** Waits for handlers that run; what they did not handle is handed out again. */
  async end(held: readonly GroupPartition<K, V>[]): Promise<void> {
    this.#isEnding = true;
    const { supply } = this.#dependencies;
    while (this.#running > 0) await supply.wait();
    for (const partition of held) {
      const { handled: mark, source } = partition;
      partition.window = new HandledOffsets();
      if (mark === undefined || partition.isRevoked) continue;
      // All that was begun may be handled, and the rest of its batch is with us still.
      if (mark === source.position && !this.#open.has(partition)) continue;
      partition.seek({ at: "offset", offset: mark });
    }
    supply.renew();
    await this.#deadLetters?.close();
  }

  async #turn(): Promise<void> {
    await this.#dependencies.walk.mayGoOn(() => this.#waitsForLease);
    this.#fillSlots();
  }

  /** A process that was frozen begins nothing more of what may be another's by now. */
  get #waitsForLease(): boolean {
    const task = this.#ready.first();
    return task !== undefined && this.#isOurs(task) && !this.#dependencies.walk.isLeased;
  }

  get #hasRoom(): boolean {
    return this.#tasks < this.#tasksMax && this.#taskBytes < this.#options.prefetchBytes;
  }

  #next(): Task<K, V> | undefined {
    for (const [partition, open] of this.#open) {
      if (!isCurrent(open)) {
        this.#open.delete(partition);
      } else if (partition.window.size < this.#windowMax) {
        const next = open.records.next();
        if (next.done === true) {
          this.#open.delete(partition);
          endOf(open);
          continue;
        }
        return this.#task(next.value, open);
      }
    }
    const taken = this.#dependencies.supply.take((partition) => {
      return !this.#open.has(partition) && partition.window.size < this.#windowMax;
    });
    if (taken === undefined) return undefined;
    this.#open.set(taken.partition, taken);
    return this.#next();
  }

  #task(record: ReaderRecord<K, V>, open: OpenBatch<K, V>): Task<K, V> {
    const { partition } = open;
    partition.source.position = record.offset + 1;
    const { window } = partition;
    const entry = window.begin(record.offset, open.leaderEpoch);
    const { sizeInBytes } = record;
    return { record, open, window, entry, lane: this.#laneOf(record, partition), sizeInBytes };
  }

  #laneOf(record: ReaderRecord<K, V>, partition: GroupPartition<K, V>): Lane | undefined {
    const { order } = this.#options;
    if (order === "none") return undefined;
    if (order === "partition") return partition;
    const key = record.keyBytes;
    if (key === undefined) return undefined;
    return `${record.topic}-${record.partition}:${Buffer.from(key).toString("latin1")}`;
  }

  #dispatch(task: Task<K, V>): void {
    this.#tasks += 1;
    this.#taskBytes += task.sizeInBytes;
    const { lane } = task;
    if (lane !== undefined && this.#lanes.has(lane)) {
      const waiting = this.#lanes.get(lane) ?? new Fifo();
      waiting.push(task);
      this.#lanes.set(lane, waiting);
      return;
    }
    if (lane !== undefined) this.#lanes.set(lane, undefined);
    this.#ready.push(task);
    this.#fillSlots();
  }

  #fillSlots(): void {
    // A task that ends at once calls for the next one: from here, not from within.
    if (this.#isFilling) return;
    this.#isFilling = true;
    while (this.#running < this.#options.concurrency && !this.#isEnding) {
      if (this.#waitsForLease) break;
      const task = this.#ready.shift();
      if (task === undefined) break;
      this.#running += 1;
      task.open.partition.handling += 1;
      this.#begin(task);
    }
    this.#isFilling = false;
  }

  /**
   * The common case, a handler that succeeds, takes no trip through an async function; one that
   * answers without a promise takes none through a promise, either.
   */
  #begin(task: Task<K, V>): void {
    if (!this.#isOurs(task)) {
      this.#finish(task, false);
      return;
    }
    const { open, record } = task;
    let answer: unknown;
    try {
      answer = this.#dependencies.handler(record, { signal: open.partition.signal, attempt: 1 });
    } catch (error) {
      this.#goOn(task, error);
      return;
    }
    if (!isThenable(answer)) {
      this.#finish(task, true);
      return;
    }
    Promise.resolve(answer).then(
      () => this.#finish(task, true),
      (error: unknown) => this.#goOn(task, error),
    );
  }

  #goOn(task: Task<K, V>, error: unknown): void {
    runInBackground("handle record again", this.#dependencies.logger, async () => {
      let isHandled = false;
      try {
        isHandled = await this.#attemptAgain(task, error);
      } catch (failure) {
        this.#failure ??= { error: failure };
      }
      this.#finish(task, isHandled);
    });
  }

  #finish(task: Task<K, V>, isHandled: boolean): void {
    const { entry, lane, open, window } = task;
    const { partition } = open;
    const last = isHandled ? window.finish(entry) : undefined;
    if (last !== undefined) handled(open, last.nextOffset, last);
    this.#running -= 1;
    this.#tasks -= 1;
    this.#taskBytes -= task.sizeInBytes;
    partition.released();
    const next = lane === undefined ? undefined : this.#lanes.get(lane)?.shift();
    if (next !== undefined) this.#ready.push(next);
    else if (lane !== undefined) this.#lanes.delete(lane);
    if (this.#failure !== undefined) this.#isEnding = true;
    this.#fillSlots();
    this.#dependencies.supply.wake();
  }

  /** Until it is handled, or is somebody else's to handle. @throws when it is poison. */
  async #attemptAgain(task: Task<K, V>, failure: unknown): Promise<boolean> {
    const { handler, onError, random, scheduler, walk } = this.#dependencies;
    const { open, record } = task;
    const { signal } = open.partition;
    let error = failure;
    for (let attempt = 1; ; attempt++) {
      if (open.partition.isRevoked) return false;
      if (attempt > this.#options.retries || HOPELESS.has(errorCode(error) ?? "")) {
        await this.#poison(record, error, attempt);
        return true;
      }
      onError(error instanceof Error ? error : new Error(String(error)));
      const pauseMs = backoffDelayMs(attempt, this.#options, random);
      await sleep(scheduler, pauseMs, signal).catch(() => {});
      // After a freeze this pause may be over before anybody was told that the lease is.
      await walk.untilLeased(() => this.#isOurs(task));
      if (!this.#isOurs(task)) return false;
      try {
        await handler(record, { signal, attempt: attempt + 1 });
        return true;
      } catch (again) {
        error = again;
      }
    }
  }

  #isOurs({ open: { partition, seeks } }: Task<K, V>): boolean {
    return !partition.isRevoked && partition.seeks === seeks && !this.#isEnding;
  }

  async #poison(record: ReaderRecord<K, V>, cause: unknown, attempts: number): Promise<void> {
    const failure = handlerFailed(record, { offset: record.offset, attempts }, cause);
    if (this.#options.onPoison === "fail") throw failure;
    await this.#deadLetters?.put(record, cause, attempts);
    this.#dependencies.onError(failure);
  }
}

function isThenable(answer: unknown): answer is PromiseLike<unknown> {
  return typeof (answer as Partial<PromiseLike<unknown>> | null | undefined)?.then === "function";
}
