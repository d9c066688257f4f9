import { invalidOption } from "../../errors.ts";
import type { ReaderRecord } from "../../reader/reader-record.ts";
import type { OpenBatch } from "./record-supply.ts";

type ConsumerBatchDependencies = {
  /** Everything before `next` is handled. */
  readonly mark: (next: number) => void;
  /** Commits what is handled of the partition. */
  readonly commit: () => Promise<void>;
};

/** Records of one partition that were written together, or what is left of them. */
export class ConsumerBatch<K, V> implements Iterable<ReaderRecord<K, V>> {
  readonly #open: OpenBatch<K, V>;
  readonly #dependencies: ConsumerBatchDependencies;

  /** Made by `consumer.batches()`. */
  constructor(open: OpenBatch<K, V>, dependencies: ConsumerBatchDependencies) {
    this.#open = open;
    this.#dependencies = dependencies;
  }

  get topic(): string {
    return this.#open.batch.topic;
  }

  get partition(): number {
    return this.#open.batch.partition;
  }

  /** Where reading goes on behind it. */
  get nextOffset(): number {
    return this.#open.batch.nextOffset;
  }

  /** Size as stored, bytes. */
  get sizeInBytes(): number {
    return this.#open.batch.sizeInBytes;
  }

  /**
   * Aborted when the partition is given up, while it waits for this batch. From then on only what
   * `handled()` or `commit()` said counts: the rest is read again by the next member, also when the
   * loop goes on as if all were done.
   */
  get signal(): AbortSignal {
    return this.#open.partition.signal;
  }

  /** Once. @throws ZoologError `CORRUPT_MESSAGE`, also in the middle. */
  [Symbol.iterator](): Iterator<ReaderRecord<K, V>, undefined> {
    return this.#open.records;
  }

  /**
   * The record at `offset` and all before it are handled; without an offset, all of the batch. The
   * next commit says so.
   *
   * @throws ZoologError `INVALID_OPTION` when the batch has no such offset.
   */
  handled(offset: number = this.nextOffset - 1): void {
    const isInside = offset >= this.#open.fromOffset && offset < this.nextOffset;
    if (!(Number.isSafeInteger(offset) && isInside)) {
      const range = `${this.#open.fromOffset} to ${this.nextOffset - 1}`;
      throw invalidOption("offset", `must be one of the batch, ${range}, not ${offset}`);
    }
    this.#dependencies.mark(offset + 1);
  }

  /**
   * All of it is handled; resolves when the coordinator has it in ZooKeeper.
   *
   * @throws ZoologError `MEMBER_LOST`, `REQUEST_TIMED_OUT`, what the coordinator refuses.
   */
  commit(): Promise<void> {
    this.handled();
    return this.#dependencies.commit();
  }
}
