import {
  type AbortSignalLike,
  abortable,
  type Clock,
  type Logger,
  type Random,
  runInBackground,
  type Scheduler,
  type Timer,
  throwIfAborted,
} from "@zoolog/base";
import type { BrokerCalls } from "@zoolog/calls";
import { loadCompression, loadNativeCrc32c } from "@zoolog/protocol";
import { requireObject } from "../arguments.ts";
import type { BackoffOptions } from "../backoff.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { alreadyClosed, invalidOption } from "../errors.ts";
import { requireTopic, type Topic } from "../topic.ts";
import { Accumulator } from "./accumulator.ts";
import type { Delivery, RequiredAcks } from "./delivery.ts";
import type { ProduceBatch } from "./produce-batch.ts";
import type { ResolvedProducerOptions } from "./producer-options.ts";
import { type ProducerRecord, serializeRecord } from "./record.ts";
import { withDeadline } from "./send-deadline.ts";
import { type SendManyResult, SendRun } from "./send-run.ts";
import { Sender } from "./sender.ts";
import { SingleSend } from "./single-send.ts";
import { TopicLane } from "./topic-lane.ts";

export type ProducerDependencies = {
  readonly cluster: Cluster;
  readonly calls: BrokerCalls;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly logger: Logger;
};

export type SendOptions = {
  /**
   * Ends the wait. A record that still waited for memory is not sent; one that is in a batch may
   * be written all the same.
   */
  readonly signal?: AbortSignalLike | undefined;
  /**
   * This call's own limit, ms, where it is shorter than `deliveryTimeoutMs`: ends the wait with
   * `DELIVERY_TIMED_OUT` as the signal would.
   */
  readonly timeoutMs?: number | undefined;
};

type WaitOptions = Pick<SendOptions, "signal">;

/** Any source of records: an array, a generator, a stream. */
export type RecordSource<K, V> =
  | Iterable<ProducerRecord<K, V>>
  | AsyncIterable<ProducerRecord<K, V>>;

/** Records that `sendMany` takes before other work of the process gets a turn. */
const RECORDS_PER_TURN = 2_048;

/**
 * Sends records in batches. Records of one partition are written in the order in which they were
 * given, and with `acks: "all"` each **once**: when a connection breaks before the answer has come,
 * the batch is sent again and the broker knows it by its numbers (KIP-98). With other acks, or with
 * `idempotence: false`, it may then be in the log twice.
 */
export class Producer<Acks extends RequiredAcks = "all"> implements AsyncDisposable {
  readonly #options: ResolvedProducerOptions<Acks>;
  readonly #dependencies: ProducerDependencies;
  readonly #accumulator: Accumulator;
  readonly #sender: Sender;
  readonly #lanes = new Map<string, TopicLane>();
  readonly #onClose: () => void;
  #waitingTimer: Timer | undefined;
  #waitingUntil = Number.POSITIVE_INFINITY;
  #prepared: Promise<void> | undefined;
  #closing: Promise<void> | undefined;

  /** Made by `client.producer()`. */
  constructor(
    options: ResolvedProducerOptions<Acks> &
      BackoffOptions & { readonly requestTimeoutMs: number; readonly onClose: () => void },
    dependencies: ProducerDependencies,
  ) {
    this.#options = options;
    this.#dependencies = dependencies;
    this.#onClose = options.onClose;
    this.#accumulator = new Accumulator(options, dependencies);
    this.#sender = new Sender(options, {
      ...dependencies,
      accumulator: this.#accumulator,
      onRelease: () => this.#advance(),
    });
  }

  /** Bytes of records that are neither acknowledged nor failed. */
  get bufferedBytes(): number {
    return this.#accumulator.bytes;
  }

  /**
   * Sends one record; resolves when it is acknowledged.
   *
   * @throws ZoologError `SERIALIZATION_FAILED`, `INVALID_RECORD`, `MESSAGE_TOO_LARGE`,
   *   `UNKNOWN_TOPIC_OR_PARTITION`, `DELIVERY_TIMED_OUT`, `BUFFER_EXHAUSTED` (too many sends wait),
   *   `CLOSED`, or what the broker refused it with; the signal's reason.
   */
  send<K, V>(
    topic: Topic<K, V>,
    record: ProducerRecord<K, V>,
    options: SendOptions = {},
  ): Promise<Delivery<Acks>> {
    if (options.timeoutMs !== undefined) {
      return this.#limited(topic, options, (signal) => this.send(topic, record, { signal }));
    }
    return new Promise((resolve, reject) => {
      this.#assertOpen();
      throwIfAborted(options.signal);
      requireTopic(topic);
      requireObject("record", record);
      const serialized = serializeRecord(topic, record, this.#dependencies.clock.now());
      const send = new SingleSend<Acks>(serialized.timestamp, resolve, reject);
      const takeBack = this.#lane(topic.name).submit(serialized, record.partition, send);
      if (options.signal !== undefined) send.abortWith(options.signal, takeBack);
    });
  }

  /**
   * Sends all records of a source; resolves when the last is acknowledged. While memory is full the
   * source is not read. After a failure the source is left, and the error says how many records
   * were acknowledged.
   */
  async sendMany<K, V>(
    topic: Topic<K, V>,
    records: RecordSource<K, V>,
    options: SendOptions = {},
  ): Promise<SendManyResult> {
    if (options.timeoutMs !== undefined) {
      return this.#limited(topic, options, (signal) => this.sendMany(topic, records, { signal }));
    }
    this.#assertOpen();
    throwIfAborted(options.signal);
    requireTopic(topic);
    const iterator = iteratorOf(records);
    const run = new SendRun();
    try {
      await this.#takeAll(topic, iterator, run, options.signal);
    } catch (error) {
      throwIfAborted(options.signal);
      run.abandon(error);
    }
    return await abortable(run.finish(), options.signal);
  }

  /**
   * A stream to pipe records into. It takes a record when there is memory for it; `close` waits for
   * the acknowledgement of all; a failure errors the stream.
   */
  writable<K, V>(topic: Topic<K, V>): WritableStream<ProducerRecord<K, V>> {
    this.#assertOpen();
    requireTopic(topic);
    const run = new SendRun();
    return new WritableStream({
      write: async (record, controller) => {
        if (run.hasFailed) await run.finish();
        // @types/node does not know the controller's signal, which aborts with the stream.
        const { signal } = controller as { readonly signal?: AbortSignal };
        const lane = this.#lane(topic.name);
        while (!lane.isClear) await lane.turn(signal);
        this.#take(topic, record, lane, run);
      },
      close: async () => {
        await run.finish();
      },
    });
  }

  /** Resolves when every record given so far is acknowledged or has failed. Nothing lingers. */
  async flush(options: WaitOptions = {}): Promise<void> {
    const calmDown = this.#sender.hurry();
    try {
      const flushed = async (): Promise<void> => {
        // A lane that fails tells those who wait in it, not us.
        await Promise.allSettled([...this.#lanes.values()].map((lane) => lane.turn()));
        await Promise.all([...this.#batches()].map(settled));
      };
      await abortable(flushed(), options.signal);
    } finally {
      calmDown();
    }
  }

  /**
   * Takes no more records, waits for those on their way, ends. When the signal aborts, those that
   * are not acknowledged fail with `CLOSED`. May be called again, with another signal.
   */
  async close(options: WaitOptions = {}): Promise<void> {
    this.#closing ??= this.#finish();
    const abandon = (): void => this.#abandon();
    if (options.signal?.aborted === true) abandon();
    options.signal?.addEventListener("abort", abandon, { once: true });
    await this.#closing;
    options.signal?.removeEventListener("abort", abandon);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #finish(): Promise<void> {
    await this.flush();
    this.#abandon();
    this.#onClose();
  }

  /** Fails whatever is left, here and on its way. */
  #abandon(): void {
    for (const lane of this.#lanes.values()) lane.failAll(alreadyClosed("producer"));
    this.#sender.abort();
    this.#waitingTimer?.cancel();
  }

  async #takeAll<K, V>(
    topic: Topic<K, V>,
    iterator: Iterator<ProducerRecord<K, V>> | AsyncIterator<ProducerRecord<K, V>>,
    run: SendRun,
    signal: AbortSignalLike | undefined,
  ): Promise<void> {
    const lane = this.#lane(topic.name);
    let exhausted = false;
    try {
      for (let count = 1; !run.hasFailed; count++) {
        const pulled = iterator.next();
        const next = pulled instanceof Promise ? await abortable(pulled, signal) : pulled;
        if (next.done === true) {
          exhausted = true;
          return;
        }
        while (!lane.isClear) await lane.turn(signal);
        const completed = this.#take(topic, next.value, lane, run);
        if (completed || count % RECORDS_PER_TURN === 0) {
          await this.#turnOfTheEventLoop();
          throwIfAborted(signal);
        }
      }
    } finally {
      if (!exhausted) this.#leave(iterator);
    }
  }

  /** Puts one record of a run into a batch; the lane is clear. Answers whether one is complete. */
  #take<K, V>(
    topic: Topic<K, V>,
    record: ProducerRecord<K, V>,
    lane: TopicLane,
    run: SendRun,
  ): boolean {
    this.#assertOpen();
    const serialized = serializeRecord(topic, record, this.#dependencies.clock.now());
    const completed = lane.append(serialized, record.partition, run);
    run.taken();
    return completed;
  }

  #lane(topic: string): TopicLane {
    let lane = this.#lanes.get(topic);
    if (lane === undefined) {
      lane = new TopicLane(
        { topic, deliveryTimeoutMs: this.#options.deliveryTimeoutMs },
        {
          ...this.#dependencies,
          accumulator: this.#accumulator,
          partitioner: this.#options.partitioner,
          prepare: () => this.#prepare(),
          onWork: () => this.#onWork(),
        },
      );
      this.#lanes.set(topic, lane);
    }
    return lane;
  }

  /** A lane has something to send, waits for room, or waits no longer. */
  #onWork(): void {
    this.#sender.wake();
    this.#armWaitingTimer();
  }

  /** Memory is free: those who wait come in, topic by topic. */
  #advance(): void {
    for (const lane of this.#lanes.values()) lane.advance();
    this.#armWaitingTimer();
  }

  #armWaitingTimer(): void {
    const { clock, scheduler } = this.#dependencies;
    let deadline = Number.POSITIVE_INFINITY;
    for (const lane of this.#lanes.values()) deadline = Math.min(deadline, lane.nextDeadline);
    if (deadline === this.#waitingUntil) return;
    this.#waitingUntil = deadline;
    this.#waitingTimer?.cancel();
    if (!Number.isFinite(deadline)) return;
    const delayMs = Math.max(0, Math.ceil(deadline - clock.monotonic()));
    this.#waitingTimer = scheduler.after(delayMs, () => {
      for (const lane of this.#lanes.values()) lane.expire(clock.monotonic());
      this.#armWaitingTimer();
    });
  }

  #prepare(): Promise<void> {
    this.#prepared ??= Promise.all([
      loadCompression(this.#options.compression),
      loadNativeCrc32c(),
    ]).then(() => {});
    return this.#prepared;
  }

  *#batches(): Generator<ProduceBatch, void, undefined> {
    for (const queue of this.#accumulator.busyQueues) {
      yield* queue.inFlight;
      yield* queue.waiting;
    }
  }

  /** Lets sockets be read and written between two stretches of records. */
  #turnOfTheEventLoop(): Promise<void> {
    return new Promise((resolve) => this.#dependencies.scheduler.soon(resolve));
  }

  /** Tells a source that nobody will ask it again; what it does then is its own affair. */
  #leave(iterator: Iterator<unknown> | AsyncIterator<unknown>): void {
    runInBackground("leave a source of records", this.#dependencies.logger, async () => {
      await iterator.return?.();
    });
  }

  #limited<T>(
    { name: where }: { readonly name: string },
    { signal, timeoutMs = this.#options.deliveryTimeoutMs }: SendOptions,
    call: (signal: AbortSignalLike) => Promise<T>,
  ): Promise<T> {
    const { scheduler } = this.#dependencies;
    return withDeadline({ timeoutMs, signal }, { where, scheduler }, call);
  }

  #assertOpen(): void {
    if (this.#closing !== undefined) throw alreadyClosed("producer");
  }
}

function iteratorOf<T>(source: Iterable<T> | AsyncIterable<T>): Iterator<T> | AsyncIterator<T> {
  const made = typeof source === "object" && source !== null ? source : undefined;
  if (made !== undefined && Symbol.asyncIterator in made) return made[Symbol.asyncIterator]();
  if (made !== undefined && Symbol.iterator in made) return made[Symbol.iterator]();
  throw invalidOption("records", "must be an iterable of records, such as an array or a generator");
}

function settled(batch: ProduceBatch): Promise<void> {
  if (batch.isSettled) return Promise.resolve();
  return new Promise((resolve) => batch.onSettled(resolve));
}
