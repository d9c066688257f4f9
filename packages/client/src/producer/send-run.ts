import { deferred, ZoologError } from "@zoolog/base";
import { sendManyFailed } from "../errors.ts";
import type { BatchPlace, Receiver, Stretch } from "./delivery.ts";

/** What a run of records came to. */
export type SendManyResult = {
  readonly records: number;
  /** Ascending by partition. */
  readonly partitions: readonly {
    readonly partition: number;
    readonly records: number;
    /** Inclusive; unknown with `acks: "none"`. Other senders' records may lie in between. */
    readonly firstOffset: number | undefined;
    readonly lastOffset: number | undefined;
  }[];
};

type PartitionCount = {
  partition: number;
  records: number;
  firstOffset: number | undefined;
  lastOffset: number | undefined;
};

/** Many records with one outcome, without a promise for each. */
export class SendRun implements Receiver {
  readonly #partitions = new Map<number, PartitionCount>();
  readonly #allSettled = deferred<void>();
  #taken = 0;
  #delivered = 0;
  #settled = 0;
  #failure: unknown;
  #hasFailed = false;
  #complete = false;

  /** A record has failed: no more should be taken. */
  get hasFailed(): boolean {
    return this.#hasFailed;
  }

  /** One more record is on its way. */
  taken(): void {
    this.#taken += 1;
  }

  delivered(place: BatchPlace, stretch: Stretch): void {
    this.#delivered += stretch.count;
    this.#count(place, stretch);
    this.#settle(stretch.count);
  }

  failed(error: unknown, stretch: Stretch): void {
    this.abandon(error);
    this.#settle(stretch.count);
  }

  /** The run ends in this error, when what is on its way has settled; the first one counts. */
  abandon(error: unknown): void {
    if (this.#hasFailed) return;
    this.#hasFailed = true;
    this.#failure = error;
  }

  /** No more will be taken: resolves when all are acknowledged, rejects when one of them failed. */
  async finish(): Promise<SendManyResult> {
    this.#complete = true;
    this.#settle(0);
    await this.#allSettled.promise;
    if (this.#hasFailed) throw this.#summary();
    const partitions = [...this.#partitions.values()].sort((a, b) => a.partition - b.partition);
    return { records: this.#delivered, partitions };
  }

  #summary(): unknown {
    if (!(this.#failure instanceof ZoologError)) return this.#failure;
    return sendManyFailed(this.#failure, { taken: this.#taken, delivered: this.#delivered });
  }

  #settle(count: number): void {
    this.#settled += count;
    if (this.#complete && this.#settled === this.#taken) this.#allSettled.resolve();
  }

  #count({ partition, baseOffset }: BatchPlace, { firstIndex, count }: Stretch): void {
    let counted = this.#partitions.get(partition);
    if (counted === undefined) {
      counted = { partition, records: 0, firstOffset: undefined, lastOffset: undefined };
      this.#partitions.set(partition, counted);
    }
    counted.records += count;
    if (baseOffset === undefined) return;
    // Batches of a partition are acknowledged in their order.
    counted.firstOffset ??= baseOffset + firstIndex;
    counted.lastOffset = baseOffset + firstIndex + count - 1;
  }
}
