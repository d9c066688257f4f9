import type { AbortSignalLike, Clock, Logger } from "@zoolog/base";
import { runInBackground } from "@zoolog/base";
import type { Cluster } from "../cluster/cluster.ts";
import type { TopicMetadata } from "../cluster/topic-metadata.ts";
import { neverSent, tooManyWaitingSends, unknownPartition } from "../errors.ts";
import { Fifo } from "../fifo.ts";
import type { Partitioner } from "../partitioner.ts";
import type { Accumulator } from "./accumulator.ts";
import type { Receiver } from "./delivery.ts";
import { PartitionQueue } from "./partition-queue.ts";
import type { SerializedRecord } from "./record.ts";

export type TopicLaneOptions = {
  readonly topic: string;
  /** How long a record may wait here, and its topic's metadata may take, ms. */
  readonly deliveryTimeoutMs: number;
};

export type TopicLaneDependencies = {
  readonly cluster: Cluster;
  readonly accumulator: Accumulator;
  readonly partitioner: Partitioner;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Loads what batches are made with: codec, checksum. Rejects when the codec is not there. */
  readonly prepare: () => Promise<void>;
  /** Something waits: memory is wanted, or a batch is ready to go. */
  readonly onWork: () => void;
};

/** One who waits to put records into the accumulator. */
type Waiting = {
  readonly enter: () => void;
  readonly fail: (error: unknown) => void;
  /** By the monotonic clock, ms. */
  readonly deadline: number;
  /** The one it is for, when the caller has chosen it. */
  readonly partition: number | undefined;
  lookedFor: "no" | "now" | "yes";
  givenUp: boolean;
};

/**
 * Single sends that wait for memory, per topic. Each holds a record of any size that `bytes` of the
 * accumulator does not count, so this must stay small; `sendMany` never has more than one.
 */
const WAITING_SENDS_MAX = 10_000;

/**
 * The way of one topic's records into the accumulator: they wait here, in order, while the topic's
 * metadata is unknown or memory is full.
 */
export class TopicLane {
  readonly #options: TopicLaneOptions;
  readonly #dependencies: TopicLaneDependencies;
  readonly #waiting = new Fifo<Waiting>();
  readonly #queues: PartitionQueue[] = [];
  #metadata: TopicMetadata | undefined;
  #metadataVersion = -1;
  #prepared = false;
  #loading = false;

  constructor(options: TopicLaneOptions, dependencies: TopicLaneDependencies) {
    this.#options = options;
    this.#dependencies = dependencies;
  }

  /** True when a record can be appended at once, without overtaking one that waits. */
  get isClear(): boolean {
    return this.#waiting.size === 0 && this.#canEnter();
  }

  /** When the first of those who wait gives up, by the monotonic clock. */
  get nextDeadline(): number {
    return this.#waiting.first()?.deadline ?? Number.POSITIVE_INFINITY;
  }

  /**
   * Resolves when it is the caller's turn and there is room. Only for callers that bound how many
   * of them wait.
   */
  turn(signal?: AbortSignalLike): Promise<void> {
    if (this.isClear) return Promise.resolve();
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) return reject(signal.reason);
      const waiting = this.#enqueue(
        () => {
          signal?.removeEventListener("abort", onAbort);
          resolve();
        },
        (error) => {
          signal?.removeEventListener("abort", onAbort);
          reject(error);
        },
      );
      const onAbort = (): void => {
        waiting.givenUp = true;
        reject(signal?.reason);
      };
      signal?.addEventListener("abort", onAbort, { once: true });
    });
  }

  /**
   * Appends now or in turn; failures reach the receiver. Answers how to take the record back, which
   * works as long as it waits here.
   */
  submit(
    record: SerializedRecord,
    partition: number | undefined,
    receiver: Receiver,
  ): (() => void) | undefined {
    const fail = (error: unknown): void => receiver.failed(error, { firstIndex: 0, count: 1 });
    const enter = (): void => {
      try {
        this.append(record, partition, receiver);
      } catch (error) {
        fail(error);
      }
    };
    if (this.isClear && this.#knows(partition)) {
      enter();
      return undefined;
    }
    if (this.#waiting.size >= WAITING_SENDS_MAX) {
      fail(tooManyWaitingSends(this.#waiting.size));
      return undefined;
    }
    const waiting = this.#enqueue(enter, fail, partition);
    this.advance();
    return () => {
      waiting.givenUp = true;
    };
  }

  /**
   * Appends a record; only when the lane is clear. Answers whether a batch became complete by it.
   *
   * @throws ZoologError `UNKNOWN_TOPIC_OR_PARTITION`, `MESSAGE_TOO_LARGE`, `INVALID_RECORD`
   */
  append(record: SerializedRecord, partition: number | undefined, receiver: Receiver): boolean {
    const { accumulator, onWork, partitioner } = this.#dependencies;
    const metadata = this.#metadata as TopicMetadata;
    const chosen = partition ?? partitioner.partition(metadata, record.key);
    const queue = this.#queue(metadata, chosen);
    const wasIdle = queue.isIdle;
    const completed = accumulator.append(queue, record, receiver);
    if (completed) partitioner.batchFull?.(metadata, chosen);
    if (completed || wasIdle || accumulator.isFull) onWork();
    return completed;
  }

  /** There is room again, or the metadata has come: lets in who waits, in order. */
  advance(): void {
    for (;;) {
      const first = this.#waiting.first();
      if (first === undefined) return;
      if (!first.givenUp) {
        if (!this.#canEnter() || this.#isLookedFor(first)) return;
        first.enter();
      }
      this.#waiting.shift();
    }
  }

  /** Fails those who have waited too long. */
  expire(now: number): void {
    const { deliveryTimeoutMs, topic } = this.#options;
    while (this.nextDeadline <= now) {
      this.#failFirst(neverSent(topic, deliveryTimeoutMs));
    }
  }

  failAll(error: unknown): void {
    while (this.#waiting.size > 0) this.#failFirst(error);
  }

  #enqueue(
    enter: () => void,
    fail: (error: unknown) => void,
    partition?: number | undefined,
  ): Waiting {
    const { clock, onWork } = this.#dependencies;
    const deadline = clock.monotonic() + this.#options.deliveryTimeoutMs;
    const waiting: Waiting = {
      enter,
      fail,
      deadline,
      partition,
      lookedFor: "no",
      givenUp: false,
    };
    this.#waiting.push(waiting);
    if (this.#metadata === undefined || !this.#prepared) this.#load();
    onWork();
    return waiting;
  }

  #canEnter(): boolean {
    const { accumulator, cluster } = this.#dependencies;
    if (this.#metadataVersion !== cluster.version) {
      this.#metadata = cluster.cachedTopic(this.#options.topic);
      this.#metadataVersion = cluster.version;
    }
    return this.#metadata !== undefined && this.#prepared && !accumulator.isFull;
  }

  #knows(partition: number | undefined): boolean {
    const count = this.#metadata?.partitionCount ?? 0;
    return !Number.isInteger(partition) || (partition as number) < count;
  }

  /** One that nobody knows may have been added since: brokers are asked once, before it is refused. */
  #isLookedFor(waiting: Waiting): boolean {
    if (this.#knows(waiting.partition) || waiting.lookedFor === "yes") return false;
    if (waiting.lookedFor === "now") return true;
    waiting.lookedFor = "now";
    const { cluster, logger, onWork } = this.#dependencies;
    runInBackground("look for a partition", logger, async () => {
      await cluster.refresh([this.#options.topic]).catch(() => {});
      waiting.lookedFor = "yes";
      this.advance();
      onWork();
    });
    return true;
  }

  #load(): void {
    if (this.#loading) return;
    this.#loading = true;
    const { cluster, logger, prepare } = this.#dependencies;
    const { deliveryTimeoutMs, topic } = this.#options;
    runInBackground("load metadata", logger, async () => {
      try {
        await prepare();
        this.#prepared = true;
        await cluster.topic(topic, { timeoutMs: deliveryTimeoutMs }, "produce");
        this.#loading = false;
        this.advance();
      } catch (error) {
        this.#loading = false;
        this.failAll(error);
      }
      this.#dependencies.onWork();
    });
  }

  #queue(metadata: TopicMetadata, partition: number): PartitionQueue {
    const { topic } = this.#options;
    const known = this.#queues[partition];
    if (known !== undefined && partition < metadata.partitionCount) return known;
    if (!(Number.isInteger(partition) && partition >= 0 && partition < metadata.partitionCount)) {
      throw unknownPartition({ topic, partition }, metadata.partitionCount);
    }
    const queue = new PartitionQueue({ topic, partition });
    this.#queues[partition] = queue;
    return queue;
  }

  #failFirst(error: unknown): void {
    const first = this.#waiting.shift();
    if (first?.givenUp === false) first.fail(error);
  }
}
