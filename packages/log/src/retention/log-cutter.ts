/**
 * What takes records away: truncation at the end, deletion at the start. It runs in the append queue
 * and between syncs, and follows one order, so that a crash at any moment leaves a log that loads. At
 * the end: lower the checkpoints on disk, then memory (readers look again), then the files. At the
 * start: memory, the checkpoint, then the files (`ExpiredSegments`); before memory already where who
 * asked is told that it is durable.
 *
 * Once memory says that the log begins higher, nobody asks for the files below, and they may be
 * thousands: they go outside the queue, while appends go on.
 */
import {
  assert,
  type Clock,
  type Logger,
  type Offset,
  runInBackground,
  SerialQueue,
} from "@zoolog/base";
import type { Checkpoint } from "../checkpoint/checkpoints.ts";
import { isNoSpace, isOutOfHandles } from "../errors.ts";
import type { LogState } from "../log-state.ts";
import { replayProducers } from "../producers/producer-replay.ts";
import { ProducerStates } from "../producers/producer-states.ts";
import { Segment } from "../segment/segment.ts";
import { GroupCommit } from "../volume/group-commit.ts";
import { ExpiredSegments } from "./expired-segments.ts";
import { expiredSegments, isTooOld } from "./retention.ts";

/**
 * Segments that one look at retention lets go of: to learn how old each is, its index files may have
 * to be read, and appends wait meanwhile.
 */
const LOOK_SEGMENTS_MAX = 16;
/** The removal that runs, a cut of the log, and its close. */
const TURNS_WAITING_MAX = 8;

export class LogCutter {
  readonly #state: LogState;
  readonly #betweenSyncs: (task: () => Promise<void>) => Promise<void>;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #expired: ExpiredSegments;
  readonly #removals = new GroupCommit(() => this.#removeExpired());
  /** Of removing files below the log start, and of those who must not meet that. */
  readonly #turns = new SerialQueue({ waitingMax: TURNS_WAITING_MAX });

  constructor(dependencies: {
    readonly state: LogState;
    /** Runs a task while no sync runs. */
    readonly alone: (task: () => Promise<void>) => Promise<void>;
    readonly clock: Clock;
    readonly logger: Logger;
  }) {
    this.#state = dependencies.state;
    this.#betweenSyncs = dependencies.alone;
    this.#clock = dependencies.clock;
    this.#logger = dependencies.logger;
    this.#expired = new ExpiredSegments({
      state: this.#state,
      alone: (task) => this.#aside(task),
      inTurn: (task) => this.#inTurn(task),
    });
  }

  /** Removes the batch that contains `offset` and all after it. */
  truncateTo(offset: Offset): Promise<void> {
    return this.#alone(async () => {
      const state = this.#state;
      if (offset >= state.logEndOffset) {
        // A leader that never wrote has an epoch at the end that the next leader does not know.
        await state.epochs.truncateFromEnd(state.logEndOffset);
        return;
      }
      if (offset < state.logStartOffset) return await this.#startOver(offset);
      const kept = state.segmentIndexOf(offset);
      const segment = state.segments[kept];
      assert(segment !== undefined, "an offset inside the log is in a segment");
      const cut = await this.#locate(segment, offset);
      // The batch began below the log start: nothing that could be read is left.
      if (cut.offset < state.logStartOffset) return await this.#startOver(cut.offset);
      await this.#lowerCheckpoints(cut.offset);
      await state.snapshots.removeAbove(cut.offset);
      const removed = state.segments.slice(kept + 1);
      state.segments = state.segments.slice(0, kept + 1);
      state.cutEndTo(cut.offset);
      state.sealed.delete(segment);
      for (const gone of [...removed].reverse()) await this.#delete(gone);
      await segment.truncateTo(cut);
      if (removed.length > 0) await state.directory.volume.syncDirectory(state.folder);
      await state.epochs.truncateFromEnd(cut.offset);
      await this.#takeBackProducers(cut.offset);
      this.#logger.info("log truncated", { topicPartition: state.name, offset: cut.offset });
    });
  }

  /** Removes everything; the log is empty and begins at `offset`. */
  truncateFullyAndStartAt(offset: Offset): Promise<void> {
    return this.#alone(() => this.#startOver(offset));
  }

  /** Hides what is below `offset`, durably. Segments that are wholly below go soon after. */
  async deleteBefore(offset: Offset): Promise<void> {
    const state = this.#state;
    assert(offset <= state.logEndOffset, "the log start offset stays inside the log");
    if (offset <= state.logStartOffset) return;
    await this.#alone(async () => {
      await this.#saveStart(offset);
      await this.#hideBelow(offset);
    });
    runInBackground("remove expired segments", this.#logger, async () => {
      await this.removeExpired().catch((error: unknown) => {
        // An offline log has said so.
        if (state.failure === undefined) throw error;
      });
    });
  }

  /** True when even the newest record has outlived `retention.ms`, and all are committed. */
  async activeIsExpired(): Promise<boolean> {
    const { activeSegment, highWatermark, logEndOffset, config } = this.#state;
    if (activeSegment.sizeInBytes === 0 || highWatermark < logEndOffset) return false;
    return await isTooOld(activeSegment, this.#clock.now(), config);
  }

  /**
   * Hides segments that are too old or too many; answers how many, and whether there may be more.
   * `removeExpired` is due then.
   */
  async hideExpired(): Promise<{ readonly count: number; readonly mayBeMore: boolean }> {
    const state = this.#state;
    await this.finishStart();
    state.producers.expire(this.#clock.now(), state.directory.producerIdExpirationMs);
    const { config, segments, logStartOffset, highWatermark } = state;
    const count = await expiredSegments(
      segments,
      { logStartOffset, highWatermark, now: this.#clock.now(), countMax: LOOK_SEGMENTS_MAX },
      config,
    );
    const firstKept = segments[count];
    if (count === 0 || firstKept === undefined) return { count: 0, mayBeMore: false };
    const start = Math.max(firstKept.baseOffset, logStartOffset) as Offset;
    await this.#alone(() => this.#hideBelow(start));
    return { count, mayBeMore: count === LOOK_SEGMENTS_MAX };
  }

  /**
   * Removes the files of hidden segments, what a full disk left of earlier ones, too. Appends go on
   * meanwhile; a log that is closed leaves the rest to its next life.
   *
   * @throws ZoologError KAFKA_STORAGE_ERROR
   */
  async removeExpired(): Promise<void> {
    if (!this.#expired.areGone) await this.#removals.request();
  }

  /** Runs a task while neither syncs run nor files below the log start go. */
  undisturbed(task: () => Promise<void>): Promise<void> {
    return this.#betweenSyncs(() => this.#turns.run(task));
  }

  /** Producers as they were before the batches from `offset` on; mostly they have none of those. */
  async #takeBackProducers(offset: Offset): Promise<void> {
    const { producers, snapshots, segments, logEndOffset } = this.#state;
    if (!producers.knowsBatchAt(offset)) return;
    const log = { segments, logEndOffset, now: this.#clock.now() };
    await replayProducers(log, { producers, snapshots, logger: this.#logger });
  }

  async #saveStart(offset: Offset): Promise<void> {
    await this.#save(this.#state.directory.logStartOffsets, offset);
  }

  /** Memory first: readers look again, and find the log to begin at `offset`. */
  async #hideBelow(offset: Offset): Promise<void> {
    const state = this.#state;
    const expired = state.segments.slice(0, state.segmentIndexOf(offset));
    state.cuts += 1;
    state.logStartOffset = offset;
    state.clampHighWatermark();
    state.segments = state.segments.slice(expired.length);
    for (const segment of expired) state.sealed.delete(segment);
    this.#expired.add(expired);
    const fields = { topicPartition: state.name, offset, segments: expired.length };
    this.#logger.info("log start advanced", fields);
    // Now: the next change may be a cut back to here.
    await this.#unlessItPasses(() => this.#keepProducers());
  }

  async #removeExpired(): Promise<void> {
    const state = this.#state;
    const { snapshots } = state;
    try {
      await this.#unlessItPasses(async () => {
        let areSaved = false;
        await this.#aside(async () => {
          await this.#keepProducers();
          areSaved = await this.#saveSnapshots();
        });
        await this.#expired.remove();
        if (!areSaved) await this.#aside(() => snapshots.save(state.segments));
        while (snapshots.hasUnused(state.segments)) {
          await this.#inTurn(() => snapshots.removeUnused(state.segments));
        }
      });
    } catch (error) {
      // Closed, it leaves files below the log start to whoever opens it next.
      if (!state.isClosed) throw state.takeOffline(error);
    }
  }

  /** What keeps files from going and passes by itself is waited for: the log is sound without. */
  async #unlessItPasses(task: () => Promise<void>): Promise<void> {
    try {
      await task();
    } catch (error) {
      if (!isNoSpace(error) && !isOutOfHandles(error)) throw error;
      const fields = { topicPartition: this.#state.name, cause: String(error) };
      this.#logger.warn("expired segments could not be removed yet", fields);
    }
  }

  /** False on a full disk: the room that the snapshots need is what the segments give back. */
  async #saveSnapshots(): Promise<boolean> {
    try {
      await this.#state.snapshots.save(this.#state.segments);
      return true;
    } catch (error) {
      if (!isNoSpace(error)) throw error;
      return false;
    }
  }

  /**
   * What the segments said of producers must not go with them, nor with a cut back to where the log
   * begins now. A snapshot at just that offset says it; mostly it was taken as the segment was made,
   * but not where a crash came first.
   */
  async #keepProducers(): Promise<void> {
    const { snapshots, segments, producers: present } = this.#state;
    const [first] = segments;
    if (first === undefined || present.size === 0 || snapshots.has(first.baseOffset)) return;
    const logger = this.#logger;
    const producers = new ProducerStates({}, { logger });
    const gone = {
      segments: this.#expired.segments,
      logEndOffset: first.baseOffset,
      now: this.#clock.now(),
    };
    await replayProducers(gone, { producers, snapshots, logger });
    snapshots.take(first.baseOffset, producers.entries());
  }

  /** Does again what a full disk refused of a start over: before that the log takes nothing. */
  async finishStart(): Promise<void> {
    if (this.#state.isStartUnfinished) await this.#alone(async () => {});
  }

  /** On a log that serves, while no cut of it runs. */
  #inTurn(task: () => Promise<void>): Promise<void> {
    return this.#turns.run(() => {
      this.#state.assertServing();
      return task();
    });
  }

  /** For what is done outside the append queue; where the log has to start over, nothing is. */
  #aside(task: () => Promise<void>): Promise<void> {
    return this.#held(async () => {
      if (!this.#state.isStartUnfinished) await task();
    });
  }

  /** For a change of the log, whose start is finished first. */
  #alone(task: () => Promise<void>): Promise<void> {
    return this.#held(async () => {
      const state = this.#state;
      if (state.isStartUnfinished) await this.#startOver(state.logStartOffset);
      await task();
    });
  }

  /** Undisturbed, with the checkpoints to ourselves, on a log that serves. */
  #held(task: () => Promise<void>): Promise<void> {
    return this.undisturbed(async () => {
      const state = this.#state;
      state.assertServing();
      state.checkpointHolds += 1;
      try {
        await task();
      } finally {
        state.checkpointHolds -= 1;
      }
    });
  }

  async #startOver(offset: Offset): Promise<void> {
    const state = this.#state;
    const { directory, folder, topicPartition } = state;
    const { recoveryPoints, logStartOffsets, highWatermarks } = directory;
    // While the files go, the checkpoints claim nothing that a crash could leave unfulfilled.
    await this.#save(recoveryPoints, undefined);
    await this.#save(highWatermarks, undefined);
    await this.#save(logStartOffsets, Math.min(offset, state.logStartOffset) as Offset);
    await state.snapshots.removeAll();
    const { indexIntervalBytes } = state.config;
    const createdAt = this.#clock.now();
    const place = { folder, baseOffset: offset, createdAt, indexIntervalBytes };
    const segment = Segment.empty(place, { directory });
    const gone = [...this.#expired.take(), ...state.segments];
    state.startOverAt(segment);
    for (const one of gone.reverse()) await one.delete();
    await directory.volume.syncDirectory(folder);
    await segment.makeFile();
    await directory.volume.syncDirectory(folder);
    await state.epochs.save();
    state.recoveryPoint = offset;
    logStartOffsets.set(topicPartition, offset);
    await logStartOffsets.save();
    // Only now: others save the same file, and without the start this would claim what is gone.
    recoveryPoints.set(topicPartition, offset);
    await recoveryPoints.save();
    state.isStartUnfinished = false;
    this.#logger.info("log started over", { topicPartition: state.name, offset });
  }

  /** Before the cut: a checkpoint above the end of the log would read as lost records. */
  async #lowerCheckpoints(offset: Offset): Promise<void> {
    const { topicPartition, directory } = this.#state;
    for (const checkpoint of [directory.recoveryPoints, directory.highWatermarks]) {
      const stored = checkpoint.get(topicPartition);
      if (stored === undefined || stored <= offset) continue;
      await this.#save(checkpoint, offset);
    }
  }

  /**
   * What a full disk refuses is not noted either: the next cut must see what the file still claims, and
   * the next save of another log makes nothing true that was refused.
   */
  async #save(checkpoint: Checkpoint, offset: Offset | undefined): Promise<void> {
    const { topicPartition } = this.#state;
    const stored = checkpoint.get(topicPartition);
    if (offset === undefined) checkpoint.delete(topicPartition);
    else checkpoint.set(topicPartition, offset);
    await checkpoint.save().catch((error: unknown) => {
      if (stored === undefined) checkpoint.delete(topicPartition);
      else checkpoint.set(topicPartition, stored);
      throw error;
    });
  }

  /** Where the batch that contains `offset` begins. */
  async #locate(
    segment: Segment,
    offset: Offset,
  ): Promise<{ readonly position: number; readonly offset: Offset }> {
    if (offset === segment.baseOffset) return { position: 0, offset };
    const batch = await segment.findBatch(offset);
    assert(batch !== undefined, "a batch of the segment holds the offset");
    return { position: batch.position, offset: batch.baseOffset };
  }

  async #delete(segment: Segment): Promise<void> {
    this.#state.sealed.delete(segment);
    await segment.delete();
  }
}
