import { abortable, type Deferred, deferred } from "@zoolog/base";
import { loadNativeCrc32c, type RecordBatch } from "@zoolog/protocol";
import { quietAbortController } from "../abort.ts";
import { requireList } from "../arguments.ts";
import type { BackoffOptions } from "../backoff.ts";
import type { CallLimits } from "../cluster/call-attempts.ts";
import type { TopicMetadata } from "../cluster/topic-metadata.ts";
import { alreadyClosed, unknownPartition } from "../errors.ts";
import type { Topic } from "../topic.ts";
import { AssignedPartition } from "./assigned-partition.ts";
import { Fetcher, type FetcherDependencies } from "./fetcher.ts";
import { pointOf, type ResolvedReadOptions } from "./read-options.ts";
import { ReaderBatch } from "./reader-batch.ts";
import type { ReaderRecord } from "./reader-record.ts";

/** How far a reader is with one partition. */
export type ReaderProgress = {
  readonly partition: number;
  /** Next offset to hand out; `undefined` before it has been found out. */
  readonly position: number | undefined;
  /** Where reading ends, exclusive; `undefined` while following. */
  readonly endOffset: number | undefined;
  /** As of the last fetch. */
  readonly highWatermark: number | undefined;
};

/** A batch that is being handed out record by record. */
type OpenBatch<K, V> = {
  readonly partition: AssignedPartition;
  readonly batch: ReaderBatch<K, V>;
  readonly records: Iterator<ReaderRecord<K, V>, undefined>;
};

/**
 * Reads a topic's partitions, without a group: in order within a partition, in turns between them.
 *
 * ```ts
 * for await (const record of client.reader(orders, { from: "start" })) console.log(record.value);
 * ```
 *
 * Leaving the loop keeps the position: a second loop goes on behind the last record. `close()`, or
 * `await using`, ends it.
 */
export class Reader<K, V> implements AsyncIterable<ReaderRecord<K, V>>, AsyncDisposable {
  readonly #topic: Topic<K, V>;
  readonly #options: ResolvedReadOptions & { readonly requestTimeoutMs: number };
  readonly #dependencies: Omit<FetcherDependencies, "onChange">;
  readonly #fetcher: Fetcher;
  readonly #partitions = new Map<number, AssignedPartition>();
  /** Partitions with something to hand out, whose turn comes in this order. */
  readonly #ready = new Set<AssignedPartition>();
  readonly #onClose: () => void;
  readonly #closing = quietAbortController();
  /** The signal's `aborted`, asked for each record, costs more than the rest of a step. */
  #isClosed = false;
  #opening: Promise<void> | undefined;
  #current: OpenBatch<K, V> | undefined;
  #waiter: Deferred<void> | undefined;

  /** Made by `client.reader()`. */
  constructor(
    topic: Topic<K, V>,
    options: ResolvedReadOptions &
      BackoffOptions & { readonly requestTimeoutMs: number; readonly onClose: () => void },
    dependencies: Omit<FetcherDependencies, "onChange">,
  ) {
    this.#topic = topic;
    this.#options = options;
    this.#dependencies = dependencies;
    this.#onClose = options.onClose;
    this.#fetcher = new Fetcher(options, {
      ...dependencies,
      onChange: (partition) => this.#changed(partition),
    });
  }

  /** Record after record. @throws ZoologError what `batches` throws. */
  [Symbol.asyncIterator](): AsyncIterator<ReaderRecord<K, V>, undefined> {
    return this.records({ onEnd: () => Promise.resolve() });
  }

  /** @param options.onEnd awaited after the last record and after a failure, before it is told. */
  records(options: {
    readonly onEnd: () => Promise<void>;
  }): AsyncIterator<ReaderRecord<K, V>, undefined> {
    const next = async (): Promise<IteratorResult<ReaderRecord<K, V>, undefined>> => {
      try {
        for (;;) {
          const record = this.#nextOfCurrent();
          if (record !== undefined) return { done: false, value: record };
          if (!(await this.#openBatch())) break;
        }
      } catch (error) {
        await options.onEnd();
        throw error;
      }
      await options.onEnd();
      return { done: true, value: undefined };
    };
    return {
      // The common case, a record that is there already, takes no trip through an async function.
      next: () => {
        if (this.#current === undefined || this.#isClosed) return next();
        try {
          const record = this.#nextOfCurrent();
          if (record !== undefined) return Promise.resolve({ done: false, value: record });
        } catch (error) {
          return options.onEnd().then(() => Promise.reject(error));
        }
        return next();
      },
      return: () => Promise.resolve({ done: true, value: undefined }),
    };
  }

  /**
   * Batch after batch, as they were written: the cheapest way to read many records. A batch that is
   * handed out counts as read.
   *
   * @throws ZoologError `OFFSET_OUT_OF_RANGE`, `LOG_TRUNCATED`, `TOPIC_RECREATED`,
   *   `CORRUPT_MESSAGE`, `UNKNOWN_TOPIC_OR_PARTITION`, `CLOSED`, or why a partition could not be read for `retryTimeoutMs`; the signal's reason.
   */
  async *batches(): AsyncGenerator<ReaderBatch<K, V>, void, undefined> {
    while (await this.#openBatch()) {
      const current = this.#current as OpenBatch<K, V>;
      this.#current = undefined;
      current.partition.position = current.batch.nextOffset;
      yield current.batch;
    }
  }

  /**
   * Reads another set of partitions from now on. Those that stay keep their position, new ones begin
   * where the options say.
   *
   * @throws ZoologError `UNKNOWN_TOPIC_OR_PARTITION`
   */
  async assign(partitions: readonly number[]): Promise<void> {
    requireList("partitions", partitions);
    await this.#opened();
    await this.#assign(partitions);
  }

  /**
   * Goes on reading a partition at another point.
   *
   * @throws ZoologError `UNKNOWN_TOPIC_OR_PARTITION` when the partition is not assigned.
   */
  async seek(partition: number, to: "start" | "end" | number | Date): Promise<void> {
    const point = pointOf(to);
    await this.#opened();
    const assigned = this.#partitions.get(partition);
    if (assigned === undefined) {
      throw unknownPartition({ topic: this.#topic.name, partition }, this.#partitions.size);
    }
    assigned.seek(point);
    if (this.#current?.partition === assigned) this.#current = undefined;
    this.#fetcher.pump();
  }

  /** How far it is, by partition. */
  progress(): ReaderProgress[] {
    return [...this.#partitions].map(([partition, assigned]) => ({
      partition,
      position: assigned.start === undefined ? assigned.position : undefined,
      endOffset: assigned.endOffset,
      highWatermark: assigned.highWatermark,
    }));
  }

  /** Ends reading; a loop that waits for records rejects with `CLOSED`. Idempotent. */
  close(): Promise<void> {
    if (!this.#isClosed) {
      this.#isClosed = true;
      this.#closing.abort(alreadyClosed("reader"));
      this.#fetcher.close();
      this.#options.signal?.removeEventListener("abort", this.#onAbort);
      this.#wake();
      this.#onClose();
    }
    return Promise.resolve();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #opened(): Promise<void> {
    this.#opening ??= this.#open();
    return this.#opening;
  }

  async #open(): Promise<void> {
    const { signal } = this.#options;
    if (signal?.aborted === true) this.#onAbort();
    signal?.addEventListener("abort", this.#onAbort, { once: true });
    await loadNativeCrc32c();
    await this.#assign(this.#options.partitions);
  }

  async #assign(wanted: readonly number[] | undefined): Promise<void> {
    const { name: topic } = this.#topic;
    const { requestTimeoutMs } = this.#options;
    const { clock, cluster } = this.#dependencies;
    const readSince = clock.monotonic();
    const limits = { timeoutMs: requestTimeoutMs, signal: this.#closing.signal };
    const known = await cluster.topic(topic, limits);
    const isOld = known.fetchedAt < readSince;
    if (isOld && wanted !== undefined) cluster.refreshSoon([topic]);
    const { partitionCount } =
      isOld && wanted === undefined ? await this.#refreshed(limits) : known;
    const partitions = wanted ?? Array.from({ length: partitionCount }, (_, index) => index);
    for (const partition of partitions) {
      if (!(Number.isInteger(partition) && partition >= 0 && partition < partitionCount)) {
        throw unknownPartition({ topic, partition }, partitionCount);
      }
    }
    for (const [partition, assigned] of this.#partitions) {
      if (!partitions.includes(partition)) this.#unassign(partition, assigned);
    }
    for (const partition of partitions) {
      if (this.#partitions.has(partition)) continue;
      const start = this.#options.from(partition);
      const assigned = new AssignedPartition({ topic, partition }, start);
      assigned.readSince = readSince;
      // What is left of the batch in hand is lost.
      assigned.onRewind = () => {
        if (this.#current?.partition === assigned) this.#current = undefined;
      };
      this.#partitions.set(partition, assigned);
      this.#fetcher.add(assigned);
    }
    this.#fetcher.pump();
    this.#wake();
  }

  /** All partitions are those of now, as far as a broker can be asked. */
  async #refreshed(limits: CallLimits): Promise<TopicMetadata> {
    const { cluster } = this.#dependencies;
    const { name } = this.#topic;
    await abortable(
      cluster.refresh([name]).catch(() => {}),
      limits.signal,
    );
    return await cluster.topic(name, limits);
  }

  #unassign(partition: number, assigned: AssignedPartition): void {
    this.#partitions.delete(partition);
    this.#fetcher.remove(assigned);
    assigned.seek({ at: "end" });
    if (this.#current?.partition === assigned) this.#current = undefined;
  }

  #nextOfCurrent(): ReaderRecord<K, V> | undefined {
    const current = this.#current;
    if (current === undefined) return undefined;
    if (this.#isClosed) throw this.#closing.signal.reason;
    const next = current.records.next();
    if (next.done !== true) {
      current.partition.position = next.value.offset + 1;
      return next.value;
    }
    current.partition.position = current.batch.nextOffset;
    this.#current = undefined;
    return undefined;
  }

  /** Makes the next batch the current one; false at the end. */
  async #openBatch(): Promise<boolean> {
    await this.#opened();
    for (;;) {
      if (this.#isClosed) throw this.#closing.signal.reason;
      if (this.#current !== undefined || this.#takeReady()) return true;
      if ([...this.#partitions.values()].every((partition) => partition.isExhausted)) return false;
      this.#waiter ??= deferred();
      await this.#waiter.promise;
    }
  }

  /** Takes a batch of the partition whose turn it is. */
  #takeReady(): boolean {
    for (const partition of this.#ready) {
      const chunks = partition.chunkCount;
      const batch = this.#takeFrom(partition);
      this.#ready.delete(partition);
      if (partition.chunkCount < chunks) this.#fetcher.pump();
      if (batch === undefined) continue;
      this.#ready.add(partition);
      const readerBatch = new ReaderBatch(this.#topic, batch, {
        partition: partition.topicPartition.partition,
        fromOffset: partition.position,
        toOffset: partition.endOffset ?? Number.MAX_SAFE_INTEGER,
      });
      const records = readerBatch[Symbol.iterator]();
      this.#current = { partition, batch: readerBatch, records };
      return true;
    }
    return false;
  }

  /** A partition that has failed stays ready to say so, until a seek makes it whole. */
  #takeFrom(partition: AssignedPartition): RecordBatch | undefined {
    try {
      const batch = partition.takeBatch(this.#options.checkCrcs);
      if (batch !== undefined) return batch;
    } catch (error) {
      partition.failure = error;
    }
    if (partition.failure !== undefined) throw partition.failure;
    return undefined;
  }

  #changed(partition: AssignedPartition): void {
    if (this.#partitions.get(partition.topicPartition.partition) !== partition) return;
    this.#ready.add(partition);
    this.#wake();
  }

  #wake(): void {
    this.#waiter?.resolve();
    this.#waiter = undefined;
  }

  readonly #onAbort = (): void => {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#closing.abort(this.#options.signal?.reason);
    this.#fetcher.close();
    this.#wake();
    this.#onClose();
  };
}
