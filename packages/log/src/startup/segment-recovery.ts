/**
 * Scans one segment from the last index entry that can be believed, or from its start: verifies
 * every batch on the way, completes the indexes, collects the leader epochs. Decides nothing.
 */
import type { LeaderEpoch, Offset } from "@zoolog/base";
import type { BatchCursor } from "@zoolog/protocol";
import type { EpochEntry } from "../checkpoint/checkpoint-file.ts";
import type { IndexEntry } from "../indexes/offset-index.ts";
import { SegmentIndexes } from "../indexes/segment-indexes.ts";
import type { LogDirectory } from "../log-directory.ts";
import { scanBatches } from "../segment/batch-scan.ts";
import { LOG_SUFFIX, segmentName } from "../volume/file-names.ts";

export type SegmentToScan = {
  readonly folder: string;
  readonly baseOffset: Offset;
  readonly sizeInBytes: number;
  /** Index entries of batches that end below it were synced after those batches. */
  readonly indexTrustedTo: Offset;
  readonly indexIntervalBytes: number;
};

export type SegmentScan = {
  readonly indexes: SegmentIndexes;
  /** Where in the file the scan began. */
  readonly startPosition: number;
  /** Base offset of the first batch that was looked at; the segment's when there was none. */
  readonly startOffset: Offset;
  /** Behind the last sound batch. */
  readonly nextOffset: Offset;
  readonly sizeInBytes: number;
  /** Epochs that begin in the part that was looked at, and the one it begins in. */
  readonly epochs: readonly EpochEntry[];
  /** Why the scan ended before the file did. */
  readonly fault: string | undefined;
};

export async function scanSegment(
  target: SegmentToScan,
  directory: LogDirectory,
): Promise<SegmentScan> {
  const { folder, baseOffset } = target;
  const stem = `${folder}/${segmentName(baseOffset)}`;
  const indexes = await SegmentIndexes.read({ baseOffset, stem }, directory.volume.fileSystem);
  indexes.offsets.truncateToSoundPrefix();
  indexes.times.truncateToSoundPrefix();
  const resume = indexes.offsets.lookup((target.indexTrustedTo - 1) as Offset);
  if (resume !== undefined && resume.position < target.sizeInBytes) {
    const scan = await scanFrom(resume, target, indexes, directory);
    const isBelieved = scan.sizeInBytes > resume.position;
    if (isBelieved) return scan;
  }
  return await scanFrom(undefined, target, SegmentIndexes.empty(baseOffset), directory);
}

/** Ends at the resumed position when the entry does not lead to its batch. */
async function scanFrom(
  resume: IndexEntry | undefined,
  target: SegmentToScan,
  indexes: SegmentIndexes,
  directory: LogDirectory,
): Promise<SegmentScan> {
  indexes.rewindTo(resume === undefined ? 0 : countUpTo(indexes, resume));
  const walk = new RecoveryWalk(target, indexes, resume);
  const path = `${target.folder}/${segmentName(target.baseOffset)}${LOG_SUFFIX}`;
  const from = resume?.position ?? 0;
  const end = await directory.volume.files.use(path, "read", (file) =>
    scanBatches(file, { from, to: target.sizeInBytes, checksums: "verify" }, walk.visit),
  );
  return {
    indexes,
    startPosition: from,
    startOffset: walk.startOffset ?? target.baseOffset,
    nextOffset: walk.nextOffset,
    sizeInBytes: end.position,
    epochs: walk.epochs,
    fault: walk.fault ?? end.fault,
  };
}

class RecoveryWalk {
  readonly #indexes: SegmentIndexes;
  readonly #intervalBytes: number;
  readonly #resume: IndexEntry | undefined;
  readonly epochs: EpochEntry[] = [];
  startOffset: Offset | undefined;
  nextOffset: Offset;
  fault: string | undefined;

  constructor(target: SegmentToScan, indexes: SegmentIndexes, resume: IndexEntry | undefined) {
    this.#indexes = indexes;
    this.#intervalBytes = target.indexIntervalBytes;
    this.#resume = resume;
    this.nextOffset = target.baseOffset;
  }

  readonly visit = (batch: BatchCursor, position: number): boolean => {
    const { baseOffset, lastOffset } = batch;
    if (this.startOffset === undefined && this.#resume !== undefined) {
      if (lastOffset !== this.#resume.lastOffset) return false;
    } else if (baseOffset !== this.nextOffset) {
      this.fault = `offset ${baseOffset} stands where ${this.nextOffset} belongs`;
      return false;
    }
    if (!this.#noteEpoch(batch.partitionLeaderEpoch, baseOffset)) return false;
    this.startOffset ??= baseOffset;
    this.#indexes.add(batch, position, this.#intervalBytes);
    this.nextOffset = (lastOffset + 1) as Offset;
    return true;
  };

  #noteEpoch(epoch: LeaderEpoch | undefined, startOffset: Offset): boolean {
    const latest = this.epochs.at(-1)?.epoch;
    if (epoch === undefined || epoch === latest) return true;
    if (latest !== undefined && epoch < latest) {
      this.fault = `leader epoch ${epoch} follows ${latest}`;
      return false;
    }
    this.epochs.push({ epoch, startOffset });
    return true;
  }
}

function countUpTo(indexes: SegmentIndexes, entry: IndexEntry): number {
  let count = indexes.offsets.count;
  while (count > 0 && indexes.offsets.entry(count - 1).position > entry.position) count -= 1;
  return count;
}
