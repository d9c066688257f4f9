import {
  assert,
  type Deferred,
  deferred,
  type LeaderEpoch,
  type Offset,
  offset,
  type Timestamp,
  ZoologError,
} from "@zoolog/base";
import type {
  AppendInfo,
  LogConfig,
  ReadRequest,
  ReadResult,
  TimestampedOffset,
} from "@zoolog/log";
import { type RecordBatch, splitBatches } from "@zoolog/protocol";
import type { PartitionLog } from "@zoolog/replication";

/**
 * A partition's log without a disk, whose answers a test can hold back and fail: for the rules of
 * replication. What a real log does with bytes is tested on the real one.
 */
export class MemoryPartitionLog implements PartitionLog {
  /** It remembers none. */
  readonly producers = [];
  batches: RecordBatch[] = [];
  epochs: { readonly epoch: LeaderEpoch; readonly startOffset: Offset }[] = [];
  readonly calls: string[] = [];
  logStartOffset = offset(0);
  highWatermark = offset(0);
  config: LogConfig | undefined;
  #gate: Deferred<void> | undefined;
  #failure: Error | undefined;
  #tail: Promise<unknown> = Promise.resolve();

  get logEndOffset(): Offset {
    return this.batches.at(-1)?.nextOffset ?? this.logStartOffset;
  }

  get sizeInBytes(): number {
    return this.batches.reduce((sum, batch) => sum + batch.sizeInBytes, 0);
  }

  get leaderEpochs(): PartitionLog["leaderEpochs"] {
    return {
      latest: this.epochs.at(-1)?.epoch,
      epochForOffset: (at) => this.epochs.findLast(({ startOffset }) => startOffset <= at)?.epoch,
      endOffsetFor: (epoch) => this.#endOffsetFor(epoch),
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

  appendAsFollower(bytes: Buffer): Promise<AppendInfo | undefined> {
    return this.#inOrder("append as follower", () => {
      const batches = [...splitBatches(Buffer.from(bytes))];
      const [first] = batches;
      if (first === undefined) return undefined;
      for (const batch of batches) {
        if (!batch.hasValidChecksum()) throw refusal("CORRUPT_MESSAGE");
      }
      const { logStartOffset, logEndOffset } = this;
      if (first.baseOffset !== logEndOffset) throw refusal("UNEXPECTED_APPEND_OFFSET");
      for (const batch of batches) {
        const { partitionLeaderEpoch: epoch, baseOffset: startOffset } = batch;
        assert(epoch !== undefined, "a leader's batch has an epoch");
        const newest = this.epochs.at(-1)?.epoch ?? -1;
        assert(epoch >= newest, "epochs of appends never fall");
        if (epoch > newest) this.#beginEpoch(epoch, startOffset);
        this.batches.push(batch);
      }
      const lastOffset = offset(this.logEndOffset - 1);
      return { baseOffset: logEndOffset, lastOffset, logStartOffset, logAppendTime: undefined };
    });
  }

  truncateTo(at: Offset): Promise<void> {
    return this.#inOrder(`truncate to ${at}`, () => {
      if (at < this.logStartOffset) {
        this.#startOver(at);
        return;
      }
      this.batches = this.batches.filter((batch) => batch.lastOffset < at);
      this.epochs = this.epochs.filter(({ startOffset }) => startOffset < at);
      this.highWatermark = offset(Math.min(this.highWatermark, this.logEndOffset));
    });
  }

  truncateFullyAndStartAt(at: Offset): Promise<void> {
    return this.#inOrder(`start over at ${at}`, () => this.#startOver(at));
  }

  deleteBefore(at: Offset): Promise<void> {
    return this.#inOrder(`delete before ${at}`, () => {
      assert(at <= this.logEndOffset, "the log start stays within the log");
      this.batches = this.batches.filter((batch) => batch.lastOffset >= at);
      this.logStartOffset = offset(Math.max(at, this.logStartOffset));
      this.highWatermark = offset(Math.max(this.highWatermark, this.logStartOffset));
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

  async timestampAt(at: Offset): Promise<Timestamp | undefined> {
    return this.batches.find((batch) => batch.lastOffset >= at)?.baseTimestamp;
  }

  async offsetOfMaxTimestamp(): Promise<TimestampedOffset | undefined> {
    const newest = this.batches.toSorted((a, b) => b.maxTimestamp - a.maxTimestamp)[0];
    return newest === undefined ? undefined : firstOf(newest);
  }

  assignLeaderEpoch(epoch: LeaderEpoch): Promise<void> {
    return this.#inOrder(`epoch ${epoch}`, () => {
      const newest = this.epochs.at(-1)?.epoch ?? -1;
      if (epoch > newest) this.#beginEpoch(epoch, this.logEndOffset);
    });
  }

  updateHighWatermark(highWatermark: Offset): void {
    assert(highWatermark <= this.logEndOffset, "the high watermark stays within the log");
    this.highWatermark = highWatermark;
  }

  sync(): Promise<void> {
    return this.#inOrder("sync", () => {});
  }

  configure(config: LogConfig): void {
    this.config = config;
  }

  /** An epoch that never wrote gives its place to the next one that begins at the same offset. */
  #beginEpoch(epoch: LeaderEpoch, startOffset: Offset): void {
    const before = this.epochs.filter((entry) => entry.startOffset < startOffset);
    this.epochs = [...before, { epoch, startOffset }];
  }

  #startOver(at: Offset): void {
    this.batches = [];
    this.epochs = [];
    this.logStartOffset = at;
    this.highWatermark = at;
  }

  #endOffsetFor(epoch: LeaderEpoch): ReturnType<PartitionLog["leaderEpochs"]["endOffsetFor"]> {
    const { epochs, logEndOffset } = this;
    const [first] = epochs;
    const newest = epochs.at(-1)?.epoch;
    if (first === undefined || newest === undefined || epoch > newest) return undefined;
    if (epoch === newest) return { epoch, endOffset: logEndOffset };
    if (epoch < first.epoch) return { epoch, endOffset: first.startOffset };
    const found = epochs.findLastIndex((entry) => entry.epoch <= epoch);
    const [known, next] = epochs.slice(found, found + 2);
    assert(known !== undefined && next !== undefined, "the epoch is below the newest");
    return { epoch: known.epoch, endOffset: next.startOffset };
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

function refusal(code: string): ZoologError {
  return new ZoologError({ code, message: `the bytes were refused: ${code}` });
}

function firstOf(batch: RecordBatch): TimestampedOffset {
  const { baseOffset, maxTimestamp, partitionLeaderEpoch } = batch;
  return { offset: baseOffset, timestamp: maxTimestamp, leaderEpoch: partitionLeaderEpoch };
}
