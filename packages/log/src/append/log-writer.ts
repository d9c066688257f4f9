/**
 * Writes what the append queue hands over. Per run: assign offsets and epoch in place, one vectored
 * write, then index, tail cache and log end offset move together, without an await in between.
 *
 * A run that fails leaves the segment as it was: what was written of it is cut off again. If even
 * that fails, the partition is fenced, because the file may now hold batches that were refused
 * (KAFKA-10778).
 */
import type { Clock, Logger, Offset, ZoologError } from "@zoolog/base";
import type { RecordBatch } from "@zoolog/protocol";
import {
  fencedLeaderEpoch,
  halfDuplicate,
  isNoSpace,
  isOutOfHandles,
  notSynced,
  unexpectedAppendOffset,
} from "../errors.ts";
import type { LogFlusher } from "../flush/log-flusher.ts";
import type { LogState } from "../log-state.ts";
import type { AppendedBatch } from "../producers/producer-entry.ts";
import type { StagedProducers } from "../producers/producer-states.ts";
import { Segment } from "../segment/segment.ts";
import type { AppendInfo } from "./append-info.ts";
import type { QueuedAppend, Tell } from "./append-queue.ts";

/** Appends that go into one vectored write: same segment, same epoch. */
type Run = {
  readonly appends: QueuedAppend[];
  /** What its batches make of the producers, once they are written. */
  readonly producers: StagedProducers;
  sizeInBytes: number;
  nextOffset: Offset;
};

/** What is ahead of an append when it is judged. */
type Ahead = Omit<Run, "appends">;

type Answer = { readonly append: QueuedAppend; readonly info: AppendInfo };

type Verdict =
  | { readonly is: "append" }
  | { readonly is: "duplicate"; readonly info: AppendInfo }
  | { readonly is: "refused"; readonly error: ZoologError };

const APPEND: Verdict = { is: "append" };

export class LogWriter {
  readonly #state: LogState;
  readonly #flusher: LogFlusher;
  readonly #finishStart: () => Promise<void>;
  readonly #clock: Clock;
  readonly #logger: Logger;

  constructor(
    state: LogState,
    dependencies: {
      readonly flusher: LogFlusher;
      /** `LogCutter.finishStart`. */
      readonly finishStart: () => Promise<void>;
      readonly clock: Clock;
      readonly logger: Logger;
    },
  ) {
    this.#state = state;
    this.#flusher = dependencies.flusher;
    this.#finishStart = dependencies.finishStart;
    this.#clock = dependencies.clock;
    this.#logger = dependencies.logger;
  }

  /**
   * Begins at once, and does not reject: appends that fail are rejected, those that are written are
   * answered by the function it resolves with, or by the sync that covers them.
   */
  async write(appends: readonly QueuedAppend[]): Promise<Tell> {
    const told: Tell[] = [];
    let done = 0;
    while (done < appends.length) {
      try {
        done += await this.#writeSome(done === 0 ? appends : appends.slice(done), told);
      } catch (error) {
        // The log, or the disk, takes nothing more now: nor the rest of the group.
        for (const append of appends.slice(done)) append.appended.reject(error);
        break;
      }
    }
    return () => {
      for (const tell of told) tell();
    };
  }

  /** Begins a new segment at the log's end. From the queue only. */
  async roll(): Promise<void> {
    const state = this.#state;
    const sealed = state.activeSegment;
    if (sealed.baseOffset === state.logEndOffset) return;
    const { folder, directory, logEndOffset: baseOffset } = state;
    const createdAt = this.#clock.now();
    const { indexIntervalBytes } = state.config;
    const place = { folder, baseOffset, createdAt, indexIntervalBytes };
    const active = await Segment.create(place, { directory });
    sealed.seal();
    state.segments = [...state.segments, active];
    state.sealed.add(sealed);
    state.snapshots.take(baseOffset, state.producers.entries());
    state.namesChanged = true;
    this.#logger.info("segment rolled", { topicPartition: state.name, baseOffset });
    this.#flusher.flushInBackground("flush a rolled segment");
  }

  /** Writes the longest beginning of `appends` that fits one run; answers how many it settled. */
  async #writeSome(appends: readonly QueuedAppend[], told: Tell[]): Promise<number> {
    const state = this.#state;
    state.assertServing();
    const [first] = appends;
    if (first === undefined) return 0;
    const ahead: Ahead = { sizeInBytes: 0, nextOffset: state.logEndOffset, producers: new Map() };
    const verdict = this.#judge(first, ahead);
    if (verdict.is !== "append") {
      this.#settle(first, verdict, told);
      return 1;
    }
    try {
      if (state.isStartUnfinished) await this.#finishStart();
      if (this.#mustRollBefore(first, ahead)) await this.roll();
      if (first.leaderEpoch !== state.epochs.latest) {
        state.epochs.assign(first.leaderEpoch, state.logEndOffset);
      }
      const run = this.#runFrom(appends);
      const batches = batchesOf(run.appends);
      const segment = state.activeSegment;
      await segment.write(batches);
      segment.commit(batches);
      this.#written(run, batches, told);
      return run.appends.length;
    } catch (error) {
      throw this.#verdict(error);
    }
  }

  #runFrom(appends: readonly QueuedAppend[]): Run {
    const { logEndOffset: nextOffset, producers } = this.#state;
    const run: Run = { appends: [], producers: new Map(), sizeInBytes: 0, nextOffset };
    const epoch = appends[0]?.leaderEpoch;
    const now = this.#clock.now();
    for (const append of appends) {
      const isFirst = run.appends.length === 0;
      if (!isFirst) {
        if (append.leaderEpoch !== epoch) break;
        if (this.#judge(append, run).is !== "append") break;
        if (this.#mustRollBefore(append, run)) break;
      }
      run.nextOffset = place(append, run.nextOffset);
      for (const batch of append.batches) producers.stage(batch, run.producers, now);
      run.sizeInBytes += append.sizeInBytes;
      run.appends.push(append);
    }
    return run;
  }

  /** Whether an append can go behind what is `ahead`, whatever the disk says. */
  #judge(append: QueuedAppend, ahead: Ahead): Verdict {
    const latest = this.#state.epochs.latest;
    if (latest !== undefined && append.leaderEpoch < latest) {
      return { is: "refused", error: fencedLeaderEpoch(append.leaderEpoch, latest) };
    }
    // What a leader accepted, its followers take: its word on sequences was the last.
    if (append.origin === "leader") return this.#judgeSequences(append, ahead);
    const base = append.batches[0]?.baseOffset;
    if (base === ahead.nextOffset) return APPEND;
    return { is: "refused", error: unexpectedAppendOffset(base ?? -1, ahead.nextOffset) };
  }

  /**
   * Here, where the batch would get its offset, every batch before it has been judged and its
   * outcome is known: requests that overtake each other on the way cannot confuse the order.
   */
  #judgeSequences({ batches }: QueuedAppend, ahead: Ahead): Verdict {
    const { producers, logStartOffset } = this.#state;
    const staged = batches.length > 1 ? new Map(ahead.producers) : ahead.producers;
    let [first, last]: [AppendedBatch | undefined, AppendedBatch | undefined] = [
      undefined,
      undefined,
    ];
    for (const [i, batch] of batches.entries()) {
      const verdict = producers.judge(batch, staged);
      if (verdict.is === "refused") return verdict;
      const isDuplicate = verdict.is === "duplicate";
      // Half of an append cannot be written: a producer's append is one batch, as in Kafka.
      if (i > 0 && isDuplicate !== (last !== undefined)) {
        return { is: "refused", error: halfDuplicate(batch.producerId) };
      }
      if (verdict.is === "duplicate") [first, last] = [first ?? verdict.of, verdict.of];
      else if (batches.length > 1) producers.stage(batch, staged, this.#clock.now());
    }
    if (first === undefined || last === undefined) return APPEND;
    const isStamped = batches[0]?.timestampType === "logAppendTime";
    const info: AppendInfo = {
      baseOffset: (first.lastOffset - first.offsetDelta) as Offset,
      lastOffset: last.lastOffset,
      logAppendTime: isStamped ? first.timestamp : undefined,
      logStartOffset,
      duplicate: true,
    };
    return { is: "duplicate", info };
  }

  #settle(append: QueuedAppend, verdict: Verdict, told: Tell[]): void {
    if (verdict.is === "refused") append.appended.reject(verdict.error);
    if (verdict.is === "duplicate") this.#acknowledge([{ append, info: verdict.info }], told);
  }

  #mustRollBefore(append: QueuedAppend, ahead: Ahead): boolean {
    const { activeSegment, config } = this.#state;
    const records = append.batches.reduce((sum, batch) => sum + batch.lastOffsetDelta + 1, 0);
    return activeSegment.mustRollBefore(
      {
        bytes: append.sizeInBytes,
        bytesAhead: ahead.sizeInBytes,
        lastOffset: (ahead.nextOffset + records - 1) as Offset,
        now: this.#clock.now(),
      },
      config,
    );
  }

  #written(run: Run, batches: readonly RecordBatch[], told: Tell[]): void {
    const state = this.#state;
    state.logEndOffset = run.nextOffset;
    state.producers.commit(run.producers);
    state.snapshots.appended(run.sizeInBytes);
    state.tail.add(batches);
    const { logStartOffset } = state;
    const answers = run.appends.map((append) => ({ append, info: infoOf(append, logStartOffset) }));
    this.#acknowledge(answers, told);
  }

  #acknowledge(answers: readonly Answer[], told: Tell[]): void {
    const settle = (): void => {
      for (const { append, info } of answers) append.appended.resolve(info);
    };
    if (!this.#state.acknowledgesSynced) {
      told.push(settle);
      return;
    }
    // A duplicate waits, too: the disk may not have the original yet.
    // Not awaited by the queue: the next run is written while the disk syncs this one.
    this.#flusher.sync().then(settle, (error: unknown) => {
      const unknown = isOutOfHandles(error) ? notSynced(this.#state.name, error) : error;
      for (const { append } of answers) append.appended.reject(unknown);
    });
  }

  /** What a failure of the disk means for the partition, and what its callers are told. */
  #verdict(error: unknown): unknown {
    const isPassing = isNoSpace(error) || isOutOfHandles(error);
    const state = this.#state;
    return isPassing ? state.directory.volume.named(error) : state.takeOffline(error);
  }
}

/** Most runs are one append. */
function batchesOf(appends: readonly QueuedAppend[]): readonly RecordBatch[] {
  const [first] = appends;
  if (appends.length === 1 && first !== undefined) return first.batches;
  return appends.flatMap(({ batches }) => batches);
}

/** Gives the batches of an append their offsets; answers the offset behind them. */
function place(append: QueuedAppend, baseOffset: Offset): Offset {
  let nextOffset = baseOffset;
  for (const batch of append.batches) {
    if (append.origin === "leader") {
      batch.assign({ baseOffset: nextOffset, leaderEpoch: append.leaderEpoch });
    }
    nextOffset = batch.nextOffset;
  }
  return nextOffset;
}

function infoOf(append: QueuedAppend, logStartOffset: Offset): AppendInfo {
  const [first, last] = [append.batches[0], append.batches.at(-1)];
  return {
    baseOffset: (first?.baseOffset ?? 0) as Offset,
    lastOffset: (last?.lastOffset ?? 0) as Offset,
    logAppendTime: first?.timestampType === "logAppendTime" ? first.maxTimestamp : undefined,
    logStartOffset,
  };
}
