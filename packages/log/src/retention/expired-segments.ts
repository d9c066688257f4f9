/**
 * Segments below the log start whose files are still there. They go in an order that a crash may
 * interrupt anywhere: the log start checkpoint is raised, then the files are removed, then their
 * epochs forgotten.
 *
 * On a full disk the checkpoint may need the very room that they have. Then they are emptied first,
 * but their names stay, as `<base offset>.log.deleted` (Kafka's suffix): a start that finds the log
 * to begin above its checkpoint sees by them that the segments went on purpose. The names are on the
 * disk before the bytes go, or a power cut would leave empty segments under their old names.
 */
import type { Offset } from "@zoolog/base";
import { isNoSpace } from "../errors.ts";
import type { LogState } from "../log-state.ts";
import type { Segment } from "../segment/segment.ts";

export class ExpiredSegments {
  readonly #state: LogState;
  #segments: readonly Segment[] = [];
  #isFinished = true;

  constructor(dependencies: { readonly state: LogState }) {
    this.#state = dependencies.state;
  }

  /** False when `remove` has to be called, for the first time or again. */
  get areGone(): boolean {
    return this.#isFinished;
  }

  /** Whose files are still there. */
  get segments(): readonly Segment[] {
    return this.#segments;
  }

  /** Takes over what the log has let go of, in order. */
  add(segments: readonly Segment[]): void {
    this.#segments = [...this.#segments, ...segments];
    this.#isFinished = false;
  }

  /** Hands them to a caller who removes them by itself. */
  take(): readonly Segment[] {
    const segments = this.#segments;
    this.#segments = [];
    return segments;
  }

  /** Between syncs only. After any failure it may be called again, and goes on where it was. */
  async remove(): Promise<void> {
    const { directory, folder, epochs, logStartOffset } = this.#state;
    if (!(await this.#saveStart(logStartOffset))) {
      await this.#makeRoom();
      await directory.logStartOffsets.save();
    }
    const hadFiles = this.#segments.length > 0;
    for (const segment of this.#segments) await segment.delete();
    if (hadFiles) await directory.volume.syncDirectory(folder);
    this.#segments = [];
    // After the files: epochs that are forgotten too early would be missed if those came back.
    await epochs.truncateFromStart(logStartOffset);
    this.#isFinished = true;
  }

  /** Answers whether there was room for it. */
  async #saveStart(offset: Offset): Promise<boolean> {
    const { directory, topicPartition } = this.#state;
    directory.logStartOffsets.set(topicPartition, offset);
    try {
      await directory.logStartOffsets.save();
      return true;
    } catch (error) {
      if (isNoSpace(error)) return false;
      throw error;
    }
  }

  async #makeRoom(): Promise<void> {
    const { directory, folder } = this.#state;
    for (const segment of this.#segments) await segment.giveUp();
    await directory.volume.syncDirectory(folder);
    for (const segment of this.#segments) await segment.empty();
  }
}
