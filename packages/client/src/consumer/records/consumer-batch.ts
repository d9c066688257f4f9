import type { ReaderRecord } from "../../reader/reader-record.ts";
import type { OpenBatch } from "./record-supply.ts";

/** Records of one partition that were written together, or what is left of them. */
export class ConsumerBatch<K, V> implements Iterable<ReaderRecord<K, V>> {
  readonly #open: OpenBatch<K, V>;
  readonly #commit: () => Promise<void>;

  /** Made by `consumer.batches()`. */
  constructor(open: OpenBatch<K, V>, dependencies: { readonly commit: () => Promise<void> }) {
    this.#open = open;
    this.#commit = dependencies.commit;
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

  /** Aborted when the partition is given up: what is not handled by then is another's. */
  get signal(): AbortSignal {
    return this.#open.partition.signal;
  }

  /** Once. @throws ZoologError `CORRUPT_MESSAGE`, also in the middle. */
  [Symbol.iterator](): Iterator<ReaderRecord<K, V>, undefined> {
    return this.#open.records;
  }

  /**
   * All of it is handled; resolves when the coordinator has it in ZooKeeper.
   *
   * @throws ZoologError `MEMBER_LOST`, `REQUEST_TIMED_OUT`, what the coordinator refuses.
   */
  commit(): Promise<void> {
    return this.#commit();
  }
}
