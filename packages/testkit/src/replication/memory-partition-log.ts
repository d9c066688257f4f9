import {
  assert,
  type Deferred,
  deferred,
  type LeaderEpoch,
  type Offset,
  offset,
  type Timestamp,
} from "@zoolog/base";
import type {
  AppendInfo,
  LogConfig,
  ReadRequest,
  ReadResult,
  TimestampedOffset,
} from "@zoolog/log";
import type { RecordBatch } from "@zoolog/protocol";
import type { PartitionLog } from "@zoolog/replication";

/**
 * A partition's log without a disk, whose answers a test can hold back and fail: for the rules of
 * replication. What a real log does with bytes is tested on the real one.
 */
export class MemoryPartitionLog implements PartitionLog {
  readonly batches: RecordBatch[] = [];
  readonly epochs: { readonly epoch: LeaderEpoch; readonly startOffset: Offset }[] = [];
  readonly calls: string[] = [];
  logStartOffset = offset(0);
  highWatermark = offset(0);
  config: LogConfig | undefined;
  #gate: Deferred<void> | undefined;
  #failure: Error | undefined;
  #tail: Promise<unknown> = Promise.resolve();

  get logEndOffset(): Offset {
    return this.batches.at(-1)?.nextOffset ?? offset(0);
  }

  get sizeInBytes(): number {
    return this.batches.reduce((sum, batch) => sum + batch.sizeInBytes, 0);
  }

  get leaderEpochs(): PartitionLog["leaderEpochs"] {
    return {
      latest: this.epochs.at(-1)?.epoch,
      epochForOffset: (at) => this.epochs.findLast(({ startOffset }) => startOffset <= at)?.epoch,
    };
  }

  /** Appends and flushes wait until the returned function is called. */
  holdBack(): () => void {
    const gate = deferred<void>();
    this.#gate = gate;
    return () => {
      this.#gate = undefined;
      gate.resolve();
    };
  }

  /** Every later call fails with this. */
  failWith(failure: Error | undefined): void {
    this.#failure = failure;
  }

  append(
    batches: readonly RecordBatch[],
    options: { readonly leaderEpoch: LeaderEpoch },
  ): Promise<AppendInfo> {
    return this.#inOrder("append", () => {
      const baseOffset = this.logEndOffset;
      const newest = this.epochs.at(-1)?.epoch ?? -1;
      assert(options.leaderEpoch >= newest, "epochs of appends never fall");
      for (const batch of batches) {
        batch.assign({ baseOffset: this.logEndOffset, leaderEpoch: options.leaderEpoch });
        this.batches.push(batch);
      }
      const lastOffset = offset(this.logEndOffset - 1);
      const { logStartOffset } = this;
      return { baseOffset, lastOffset, logStartOffset, logAppendTime: undefined };
    });
  }

  async read(request: ReadRequest): Promise<ReadResult> {
    this.calls.push(`read ${request.from}`);
    if (this.#failure !== undefined) throw this.#failure;
    const { logStartOffset, logEndOffset } = this;
    const upTo = request.upTo ?? logEndOffset;
    const found: Buffer[] = [];
    let sizeInBytes = 0;
    let nextOffset = request.from;
    for (const batch of this.batches) {
      if (batch.lastOffset < request.from || batch.baseOffset >= upTo) continue;
      const fits = sizeInBytes + batch.sizeInBytes <= request.maxBytes;
      if (!fits && !(request.minOneBatch && found.length === 0)) break;
      found.push(batch.bytes);
      sizeInBytes += batch.sizeInBytes;
      nextOffset = batch.nextOffset;
    }
    assert(request.from >= logStartOffset, "the caller checks the range");
    return { batches: found, sizeInBytes, startOffset: request.from, nextOffset };
  }

  async offsetForTimestamp(timestamp: Timestamp): Promise<TimestampedOffset | undefined> {
    const found = this.batches.find((batch) => batch.maxTimestamp >= timestamp);
    return found === undefined ? undefined : firstOf(found);
  }

  async offsetOfMaxTimestamp(): Promise<TimestampedOffset | undefined> {
    const newest = this.batches.toSorted((a, b) => b.maxTimestamp - a.maxTimestamp)[0];
    return newest === undefined ? undefined : firstOf(newest);
  }

  assignLeaderEpoch(epoch: LeaderEpoch): Promise<void> {
    return this.#inOrder(`epoch ${epoch}`, () => {
      this.epochs.push({ epoch, startOffset: this.logEndOffset });
    });
  }

  updateHighWatermark(highWatermark: Offset): void {
    assert(highWatermark <= this.logEndOffset, "the high watermark stays within the log");
    this.highWatermark = highWatermark;
  }

  flush(): Promise<void> {
    return this.#inOrder("flush", () => {});
  }

  configure(config: LogConfig): void {
    this.config = config;
  }

  #inOrder<T>(call: string, task: () => T): Promise<T> {
    this.calls.push(call);
    const gate = this.#gate;
    const result = this.#tail.then(async () => {
      await gate?.promise;
      if (this.#failure !== undefined) throw this.#failure;
      return task();
    });
    this.#tail = result.catch(() => {});
    return result;
  }
}

function firstOf(batch: RecordBatch): TimestampedOffset {
  const { baseOffset, maxTimestamp, partitionLeaderEpoch } = batch;
  return { offset: baseOffset, timestamp: maxTimestamp, leaderEpoch: partitionLeaderEpoch };
}
