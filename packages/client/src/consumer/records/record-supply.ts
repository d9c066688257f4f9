import { type Deferred, deferred, errorCode, type LeaderEpoch } from "@zoolog/base";
import type { RecordBatch } from "@zoolog/protocol";
import type { BackoffOptions } from "../../backoff.ts";
import type { AssignedPartition } from "../../reader/assigned-partition.ts";
import { Fetcher, type FetcherDependencies } from "../../reader/fetcher.ts";
import { ReaderBatch } from "../../reader/reader-batch.ts";
import type { ReaderRecord } from "../../reader/reader-record.ts";
import type { GroupPartition } from "../partitions/group-partition.ts";

export type RecordSupplyOptions = BackoffOptions & {
  readonly group: string;
  readonly prefetchBytes: number;
  readonly maxWaitMs: number;
  readonly checkCrcs: boolean;
  readonly onOffsetOutOfRange: "fail" | "start" | "end";
  readonly rack: string | undefined;
  readonly retryTimeoutMs: number;
  readonly requestTimeoutMs: number;
};

/** A batch of a partition that is being handed out. */
export type OpenBatch<K, V> = {
  readonly partition: GroupPartition<K, V>;
  readonly batch: ReaderBatch<K, V>;
  /** Of its offsets, the first to hand out. */
  readonly fromOffset: number;
  readonly records: Iterator<ReaderRecord<K, V>, undefined>;
  readonly leaderEpoch: LeaderEpoch | undefined;
  /** Of the partition's source when it was taken: a seek makes the batch one of the past. */
  readonly generation: number;
  /** Of the partition when it was taken. */
  readonly seeks: number;
};

/** Fetches ahead for the partitions of a member, within one bound, and deals their batches in turn. */
export class RecordSupply<K, V> {
  readonly #options: RecordSupplyOptions;
  readonly #fetcher: Fetcher;
  readonly #partitions = new Map<AssignedPartition, GroupPartition<K, V>>();
  /** Partitions with something to hand out, whose turn comes in this order. */
  readonly #ready = new Set<GroupPartition<K, V>>();
  readonly #onGone: (partition: GroupPartition<K, V>, error: unknown) => void;
  #waiter: Deferred<void> | undefined;

  constructor(
    options: RecordSupplyOptions,
    dependencies: Omit<FetcherDependencies, "onChange"> & {
      /** The topic does not exist any more: the coordinator takes the partition away soon. */
      readonly onGone: (partition: GroupPartition<K, V>, error: unknown) => void;
    },
  ) {
    this.#options = options;
    this.#onGone = dependencies.onGone;
    this.#fetcher = new Fetcher(
      { ...options, to: undefined, follow: true },
      { ...dependencies, onChange: (source) => this.#changed(source) },
    );
  }

  add(partition: GroupPartition<K, V>): void {
    this.#partitions.set(partition.source, partition);
    this.#fetcher.add(partition.source);
    this.#fetcher.pump();
  }

  remove(partition: GroupPartition<K, V>): void {
    this.#partitions.delete(partition.source);
    this.#ready.delete(partition);
    this.#fetcher.remove(partition.source);
    // What is under way for it is thrown away when it arrives, and makes room.
    partition.source.seek({ at: "end" });
    this.wake();
  }

  /** Asks for what there is room for now; a wait ends, for things may look different. */
  renew(): void {
    this.#fetcher.pump();
    this.wake();
  }

  /**
   * A batch of the partition whose turn it is.
   *
   * @param isWanted partitions that it denies keep their turn.
   * @throws ZoologError `OFFSET_OUT_OF_RANGE`, `CORRUPT_MESSAGE`, or why it could not be read.
   */
  take(isWanted?: (partition: GroupPartition<K, V>) => boolean): OpenBatch<K, V> | undefined {
    for (const partition of this.#ready) {
      if (partition.source.paused || isWanted?.(partition) === false) continue;
      const chunks = partition.source.chunkCount;
      const batch = this.#takeFrom(partition);
      this.#ready.delete(partition);
      if (partition.source.chunkCount < chunks) this.#fetcher.pump();
      if (batch === undefined) continue;
      this.#ready.add(partition);
      return this.#open(partition, batch);
    }
    return undefined;
  }

  /** Some partition has something to hand out, or to say. */
  get isReady(): boolean {
    return this.#ready.size > 0;
  }

  /** Resolves when something has come, has gone or has failed. */
  wait(): Promise<void> {
    this.#waiter ??= deferred();
    return this.#waiter.promise;
  }

  wake(): void {
    this.#waiter?.resolve();
    this.#waiter = undefined;
  }

  close(): void {
    this.#fetcher.close();
    this.wake();
  }

  #open(partition: GroupPartition<K, V>, batch: RecordBatch): OpenBatch<K, V> {
    const { source, topic } = partition;
    const fromOffset = source.position;
    const readerBatch = new ReaderBatch(topic, batch, {
      partition: source.topicPartition.partition,
      fromOffset,
      toOffset: Number.MAX_SAFE_INTEGER,
    });
    return {
      partition,
      batch: readerBatch,
      fromOffset,
      records: readerBatch[Symbol.iterator](),
      leaderEpoch: batch.partitionLeaderEpoch,
      generation: source.generation,
      seeks: partition.seeks,
    };
  }

  /** A partition that has failed stays ready to say so, until a seek makes it whole. */
  #takeFrom(partition: GroupPartition<K, V>): RecordBatch | undefined {
    const { source } = partition;
    try {
      const batch = source.takeBatch(this.#options.checkCrcs);
      if (batch !== undefined) return batch;
    } catch (error) {
      source.failure = error;
    }
    if (source.failure === undefined) return undefined;
    if (errorCode(source.failure) !== "UNKNOWN_TOPIC_OR_PARTITION") throw source.failure;
    this.#fetcher.remove(source);
    this.#onGone(partition, source.failure);
    return undefined;
  }

  #changed(source: AssignedPartition): void {
    const partition = this.#partitions.get(source);
    if (partition === undefined) return;
    this.#ready.add(partition);
    this.wake();
  }
}
