import { type Logger, type Offset, runInBackground } from "@zoolog/base";
import { isNoSpace, isOutOfHandles } from "../errors.ts";
import type { LogState } from "../log-state.ts";
import { GroupCommit } from "../volume/group-commit.ts";

/**
 * Brings one log to the disk: its records, and what is kept beside them (epochs, index files,
 * producers). Both go in rounds that everybody who wants one shares.
 */
export class LogFlusher {
  readonly #state: LogState;
  readonly #logger: Logger;
  readonly #syncs = new GroupCommit(() => this.#sync());
  readonly #indexSaves = new GroupCommit(() => this.#saveIndexes());

  constructor(state: LogState, dependencies: { readonly logger: Logger }) {
    this.#state = state;
    this.#logger = dependencies.logger;
  }

  /** Everything appended before the call, for whoever has seen that the log serves. */
  sync(): Promise<void> {
    return this.#syncs.request();
  }

  /** Likewise, and what is kept beside the records as far as a start after a crash needs it. */
  async flush(): Promise<void> {
    this.#state.assertServing();
    await this.sync();
    await this.#indexSaves.request();
  }

  flushInBackground(why: string): void {
    const state = this.#state;
    runInBackground(why, this.#logger, async () => {
      try {
        await this.flush();
        if (state.isClosed) return;
        // From now on a start misses the segment, should somebody take it away.
        this.noteCheckpoints();
        await state.directory.recoveryPoints.save();
      } catch (error) {
        // An offline log has said so; a closing one flushes by itself.
        if (state.failure === undefined && !state.isClosed) throw error;
      }
    });
  }

  /** Runs a task while neither log files are synced nor index files written. */
  betweenSyncs<T>(task: () => Promise<T>): Promise<T> {
    return this.#syncs.exclusive(() => this.#indexSaves.exclusive(task));
  }

  /** Notes recovery point, log start and high watermark for the next save of the checkpoints. */
  noteCheckpoints(): void {
    const { directory, topicPartition, sealed, logStartOffset, highWatermark } = this.#state;
    if (this.#state.checkpointHolds > 0 || this.#state.isStartUnfinished) return;
    // Above it a start must look at the batches again: there epochs are not in their file yet, …
    const { epochs, failure, recoveryPoint: synced } = this.#state;
    let recoveryPoint = Math.min(synced, epochs.unsavedFrom ?? synced) as Offset;
    // … and index files may be behind.
    for (const { baseOffset } of sealed) {
      if (baseOffset < recoveryPoint) recoveryPoint = baseOffset;
    }
    if (failure === undefined) directory.recoveryPoints.set(topicPartition, recoveryPoint);
    directory.logStartOffsets.set(topicPartition, logStartOffset);
    directory.highWatermarks.set(topicPartition, highWatermark);
  }

  /** The next start need not read batches again. An empty log has none to read. */
  takeSnapshot(): void {
    const { producers, snapshots, logEndOffset, segments } = this.#state;
    const isEmpty = producers.size === 0 && segments.every(({ sizeInBytes }) => sizeInBytes === 0);
    if (!isEmpty) snapshots.take(logEndOffset, producers.entries());
  }

  /** Makes everything appended so far durable, names included. Runs one at a time. */
  async #sync(): Promise<void> {
    const state = this.#state;
    state.assertServing();
    const target = state.logEndOffset;
    const { namesChanged, segments } = state;
    try {
      for (const segment of segments.slice(state.segmentIndexOf(state.recoveryPoint))) {
        await segment.sync();
      }
      if (namesChanged) {
        state.namesChanged = false;
        await state.directory.volume.syncDirectory(state.folder);
      }
    } catch (error) {
      state.namesChanged ||= namesChanged;
      throw isOutOfHandles(error) ? error : state.takeOffline(error);
    }
    state.recoveryPoint = Math.max(state.recoveryPoint, target) as Offset;
  }

  async #saveIndexes(): Promise<void> {
    const state = this.#state;
    state.assertServing();
    await this.#saveEpochs();
    try {
      for (const segment of [...state.sealed]) {
        await segment.saveIndexes();
        state.sealed.delete(segment);
        segment.releaseIndexes();
      }
      if (state.activeSegment.mustSaveIndexes) await state.activeSegment.saveIndexes();
      if (state.snapshots.isDue) this.takeSnapshot();
      await state.snapshots.save(state.segments);
    } catch (error) {
      if (!isNoSpace(error) && !isOutOfHandles(error)) throw state.takeOffline(error);
      // Nothing is lost: index files that are behind are completed later or rebuilt.
      const fields = { topicPartition: state.name, cause: String(error) };
      this.#logger.warn("index files could not be saved", fields);
    }
  }

  /** Not to be taken for saved: after a clean shutdown a start believes the file alone. */
  async #saveEpochs(): Promise<void> {
    try {
      await this.#state.epochs.save();
    } catch (error) {
      throw isNoSpace(error) || isOutOfHandles(error) ? error : this.#state.takeOffline(error);
    }
  }
}
