/**
 * Whether segments that nobody scans follow one another without a gap. The name of each says where
 * it begins; where it ends, the batches behind its last index entry tell, so that a start reads a
 * few kilobytes of a segment of any size.
 */
import { assert, type Offset } from "@zoolog/base";
import { corruptLog, isMissing } from "../errors.ts";
import { type IndexEntry, OffsetIndex } from "../indexes/offset-index.ts";
import type { LogDirectory } from "../log-directory.ts";
import { scanBatches } from "../segment/batch-scan.ts";
import { LOG_SUFFIX, OFFSET_INDEX_SUFFIX, segmentName } from "../volume/file-names.ts";
import { gap } from "./log-claims.ts";
import type { FoundSegment } from "./segment-files.ts";

/** Read at a time: an index interval and a batch of usual size. */
const CHUNK_BYTES = 16 * 1024;

/** @throws ZoologError RECORDS_MISSING for a gap, CORRUPT_MESSAGE for a damaged or overlapping end. */
export async function assertSegmentsMeet(
  found: {
    readonly folder: string;
    readonly untouched: readonly FoundSegment[];
    /** The one behind them. */
    readonly next: FoundSegment | undefined;
  },
  directory: LogDirectory,
): Promise<void> {
  const { folder, untouched, next } = found;
  for (const [i, file] of untouched.entries()) {
    const following = untouched[i + 1] ?? next;
    assert(following !== undefined, "the last segment is always scanned");
    const { nextOffset, position, fault } = await endOf(folder, file, directory);
    const misfit = nextOffset > following.baseOffset ? "the next segment overlaps" : undefined;
    const what = fault ?? misfit;
    if (what !== undefined) {
      const path = `${folder}/${segmentName(file.baseOffset)}${LOG_SUFFIX}`;
      throw corruptLog({ path, position, offset: nextOffset, what });
    }
    if (nextOffset < following.baseOffset) throw gap(folder, nextOffset, following.baseOffset);
  }
}

type SegmentEnd = {
  readonly nextOffset: Offset;
  readonly position: number;
  readonly fault: string | undefined;
};

async function endOf(
  folder: string,
  file: FoundSegment,
  directory: LogDirectory,
): Promise<SegmentEnd> {
  const entry = await lastEntry(folder, file.baseOffset, directory);
  if (entry !== undefined && entry.position < file.sizeInBytes) {
    const end = await walk(folder, file, directory, entry);
    if (end !== undefined) return end;
  }
  const end = await walk(folder, file, directory, undefined);
  assert(end !== undefined, "a walk from the start is always believed");
  return end;
}

/** Headers only; `undefined` when the entry does not lead to its batch. */
async function walk(
  folder: string,
  { baseOffset, sizeInBytes: to }: FoundSegment,
  directory: LogDirectory,
  entry: IndexEntry | undefined,
): Promise<SegmentEnd | undefined> {
  const path = `${folder}/${segmentName(baseOffset)}${LOG_SUFFIX}`;
  const from = entry?.position ?? 0;
  let nextOffset = entry === undefined ? baseOffset : undefined;
  let misfit: string | undefined;
  const range = { from, to, checksums: "skip", chunkBytes: CHUNK_BYTES } as const;
  const { position, fault } = await directory.volume.files.use(path, "read", (file) =>
    scanBatches(file, range, (batch) => {
      if (nextOffset === undefined && batch.lastOffset !== entry?.lastOffset) return false;
      if (nextOffset !== undefined && batch.baseOffset !== nextOffset) {
        misfit = `offset ${batch.baseOffset} stands where ${nextOffset} belongs`;
        return false;
      }
      nextOffset = (batch.lastOffset + 1) as Offset;
      return true;
    }),
  );
  if (nextOffset === undefined) return undefined;
  return { nextOffset, position, fault: misfit ?? fault };
}

/** Of the index file alone: it may be missing or wrong. */
async function lastEntry(
  folder: string,
  baseOffset: Offset,
  directory: LogDirectory,
): Promise<IndexEntry | undefined> {
  const path = `${folder}/${segmentName(baseOffset)}${OFFSET_INDEX_SUFFIX}`;
  const entry = Buffer.alloc(OffsetIndex.entryBytes);
  try {
    return await directory.volume.files.use(path, "read", async (file) => {
      const count = Math.floor((await file.size()) / entry.length);
      if (count === 0 || (await file.read(entry, (count - 1) * entry.length)) < entry.length) {
        return undefined;
      }
      return new OffsetIndex(baseOffset, entry).last();
    });
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}
