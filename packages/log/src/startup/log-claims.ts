/**
 * What must be in a log, going by the checkpoints (docs/formats/checkpoints.md, "What they claim").
 *
 * | claimed by | what | unless |
 * | --- | --- | --- |
 * | recovery point | the log ends at or above it | |
 * | high watermark | likewise | a power cut may have taken it |
 * | log start | the first segment begins at or below it | a segment from there was given up |
 * | any recovery point, 0 too | the folder holds a segment | |
 *
 * Whatever takes records away in order lowers or removes the claim first, durably; without a line
 * in the recovery points nothing is claimed. So a claim that does not hold means that files were
 * removed, or replaced by older ones: the log is not opened then.
 */
import type { Offset } from "@zoolog/base";
import type { Shutdown } from "../checkpoint/clean-shutdown.ts";
import { recordsMissing } from "../errors.ts";
import type { CheckpointedOffsets } from "../log-directory.ts";
import { HIGH_WATERMARK_CHECKPOINT, RECOVERY_POINT_CHECKPOINT } from "../volume/file-names.ts";

export class LogClaims {
  readonly #folder: string;
  readonly #start: Offset | undefined;
  readonly #isStartClaimed: boolean;
  /** The log does not end below it, and how that is known. */
  readonly #end: { readonly offset: Offset; readonly source: string } | undefined;

  constructor(options: {
    readonly folder: string;
    readonly checkpointed: CheckpointedOffsets;
    readonly shutdown: Shutdown;
  }) {
    const { folder, checkpointed, shutdown } = options;
    const { recoveryPoint, isListed, highWatermark, logStartOffset } = checkpointed;
    this.#folder = folder;
    this.#isStartClaimed = checkpointed.isStartClaimed;
    const areLost = recoveryPoint === undefined;
    if (!isListed && !areLost) return;
    this.#start = logStartOffset;
    const synced = recoveryPoint ?? (0 as Offset);
    const committed = shutdown === "unclean" ? undefined : highWatermark;
    if (committed !== undefined && committed > synced) {
      this.#end = {
        offset: committed,
        source: `committed up to it (${HIGH_WATERMARK_CHECKPOINT})`,
      };
    } else if (!areLost) {
      this.#end = { offset: synced, source: `synced up to it (${RECOVERY_POINT_CHECKPOINT})` };
    }
  }

  /** @throws ZoologError RECORDS_MISSING when there should be a segment. */
  checkNoSegments(): void {
    if (this.#end === undefined) return;
    const from = this.#start ?? (0 as Offset);
    throw recordsMissing({
      folder: this.#folder,
      from,
      to: Math.max(from, this.#end.offset) as Offset,
      evidence: `no .log file is left, and the log was ${this.#end.source}`,
      giveUp: "remove the partition's line from the three *-offset-checkpoint files",
    });
  }

  /**
   * Answers whether the claim is behind what retention has removed, and is to be raised.
   *
   * @param givenUp base offsets of segments that retention has renamed, in order.
   * @throws ZoologError RECORDS_MISSING when records at the beginning are gone.
   */
  checkStart(first: Offset, givenUp: readonly Offset[]): "holds" | "to be raised" {
    if (this.#start === undefined || first <= this.#start) return "holds";
    // Segments go in order: when the one that held the start went on purpose, so did the rest.
    const wentFrom = givenUp[0];
    const wentOnPurpose = wentFrom !== undefined && wentFrom <= this.#start;
    if (wentOnPurpose || !this.#isStartClaimed) return "to be raised";
    throw recordsMissing({
      folder: this.#folder,
      from: this.#start,
      to: first,
      evidence: `the log starts at ${this.#start}, its first segment at ${first}`,
      giveUp: `raise the partition's offset in log-start-offset-checkpoint to ${first}`,
    });
  }

  /** @throws ZoologError RECORDS_MISSING when records at the end are gone. */
  checkEnd(logEndOffset: Offset): void {
    const end = this.#end;
    if (end === undefined || logEndOffset >= end.offset) return;
    throw recordsMissing({
      folder: this.#folder,
      from: logEndOffset,
      to: end.offset,
      evidence: `what is left ends at ${logEndOffset}, and the log was ${end.source}`,
      giveUp: `lower the partition's offset to ${logEndOffset} in the *-offset-checkpoint files that have a greater one`,
    });
  }

  /** @throws ZoologError RECORDS_MISSING when records in the middle are gone. */
  checkGap(end: Offset, next: Offset): void {
    if (next > end) throw gap(this.#folder, end, next);
  }
}

/** One segment ends at `end`, the one behind it begins at `next`. */
export function gap(folder: string, end: Offset, next: Offset) {
  return recordsMissing({
    folder,
    from: end,
    to: next,
    evidence: `one segment ends at ${end}, and the next one begins at ${next}`,
    giveUp:
      `move the files from ${next} on out of the folder, and lower the partition's offset to ` +
      `${end} in the *-offset-checkpoint files that have a greater one`,
  });
}
