/**
 * Segments below the log start whose files are still there. They go in an order that a crash may
 * interrupt anywhere: the log start checkpoint is raised, then the files are removed, the oldest
 * first, then their epochs forgotten.
 *
 * Appends go on meanwhile, and so does whatever else the log is asked for. A cut of the log comes
 * between two files; when it takes the segments over, nothing is left to do here.
 *
 * On a full disk the checkpoint may need the very room that they have. Then they are emptied first,
 * but their names stay, as `<base offset>.log.deleted` (Kafka's suffix): a start that finds the log
 * to begin above its checkpoint sees by them that the segments went on purpose. The names are on the
 * disk before the bytes go, or a power cut would leave empty segments under their old names.
 */
import { isNoSpace } from "../errors.ts";
import type { LogState } from "../log-state.ts";
import type { Segment } from "../segment/segment.ts";

type Run = (task: () => Promise<void>) => Promise<void>;

export class ExpiredSegments {
  readonly #state: LogState;
  readonly #alone: Run;
  readonly #inTurn: Run;
  /** In order. */
  readonly #segments = new Set<Segment>();
  /** A power cut could bring removed files back. */
  #removalsUnsynced = false;
  #isFinished = true;

  constructor(dependencies: {
    readonly state: LogState;
    /** Runs a task while neither syncs nor cuts run, nor any of `inTurn`. */
    readonly alone: Run;
    /** Runs a task while no cut runs. */
    readonly inTurn: Run;
  }) {
    this.#state = dependencies.state;
    this.#alone = dependencies.alone;
    this.#inTurn = dependencies.inTurn;
  }

  /** False when `remove` has to be called, for the first time or again. */
  get areGone(): boolean {
    return this.#isFinished;
  }

  /** Whose files are still there. */
  get segments(): readonly Segment[] {
    return [...this.#segments];
  }

  /** Takes over what the log has let go of, in order. */
  add(segments: readonly Segment[]): void {
    for (const segment of segments) this.#segments.add(segment);
    this.#isFinished = false;
  }

  /** Hands them to a caller who removes them by itself, durably. */
  take(): readonly Segment[] {
    const { segments } = this;
    this.#segments.clear();
    return segments;
  }

  /**
   * Removes those that are there now; `areGone` tells whether others came meanwhile. Once at a time.
   * After any failure it may be called again, and goes on where it was.
   */
  async remove(): Promise<void> {
    const going = await this.#claim();
    await this.#forEach(going, async (segment) => {
      this.#removalsUnsynced = true;
      await segment.delete();
      this.#segments.delete(segment);
    });
    if (this.#removalsUnsynced) await this.#inTurn(() => this.#syncNames());
    await this.#alone(async () => {
      // After the files: epochs that are forgotten too early would be missed if those came back.
      if (this.#segments.size > 0) return;
      await this.#state.epochs.truncateFromStart(this.#state.logStartOffset);
      this.#isFinished = true;
    });
  }

  /** Raises the checkpoint; answers the segments that it covers, whatever is added from now on. */
  async #claim(): Promise<readonly Segment[]> {
    let going: readonly Segment[] = [];
    let hasRoom = true;
    const save = async (): Promise<void> => {
      const { directory, topicPartition, logStartOffset } = this.#state;
      going = this.segments;
      directory.logStartOffsets.set(topicPartition, logStartOffset);
      await directory.logStartOffsets.save();
    };
    await this.#alone(async () => {
      await save().catch((error: unknown) => {
        if (!isNoSpace(error)) throw error;
        hasRoom = false;
      });
    });
    if (hasRoom) return going;
    await this.#makeRoom(going);
    await this.#alone(save);
    return going;
  }

  async #makeRoom(going: readonly Segment[]): Promise<void> {
    await this.#forEach(going, (segment) => segment.giveUp());
    await this.#inTurn(() => this.#syncNames());
    await this.#forEach(going, (segment) => segment.empty());
  }

  /** One at a time, so that a cut waits for a file and not for thousands. */
  async #forEach(
    going: readonly Segment[],
    task: (segment: Segment) => Promise<void>,
  ): Promise<void> {
    for (const segment of going) {
      await this.#inTurn(async () => {
        if (this.#segments.has(segment)) await task(segment);
      });
    }
  }

  async #syncNames(): Promise<void> {
    const { directory, folder } = this.#state;
    await directory.volume.syncDirectory(folder);
    this.#removalsUnsynced = false;
  }
}
