import type { FileHandle, Offset, Timestamp } from "@zoolog/base";
import type { SegmentIndexes } from "../indexes/segment-indexes.ts";
import { scanBatches } from "./batch-scan.ts";

/** A batch in a segment file, by its header. */
export type FoundBatch = {
  readonly position: number;
  readonly baseOffset: Offset;
  readonly lastOffset: Offset;
  readonly maxTimestamp: Timestamp;
  /** Of its first record; of all of them where the broker stamped them. */
  readonly firstTimestamp: Timestamp;
};

/** Read at a time: an index interval and a few headers. */
const CHUNK_BYTES = 16 * 1024;

/**
 * The batch that contains `offset`, or the first one above it. An index entry that does not lead to
 * its batch is not followed.
 */
export async function findBatch(
  offset: Offset,
  indexes: SegmentIndexes,
  sizeInBytes: number,
  withFile: <T>(task: (file: FileHandle) => Promise<T>) => Promise<T>,
): Promise<FoundBatch | undefined> {
  const entry = indexes.offsets.lookup(offset);
  const search = (file: FileHandle, from: number, expected: Offset | undefined) =>
    scanFor(file, { offset, from, to: sizeInBytes, expected });
  return await withFile(async (file) => {
    if (entry !== undefined && entry.position < sizeInBytes) {
      const found = await search(file, entry.position, entry.lastOffset);
      if (found !== "misled") return found;
    }
    const found = await search(file, 0, undefined);
    return found === "misled" ? undefined : found;
  });
}

async function scanFor(
  file: FileHandle,
  search: {
    readonly offset: Offset;
    readonly from: number;
    readonly to: number;
    /** Where the first batch must end. */
    readonly expected: Offset | undefined;
  },
): Promise<FoundBatch | undefined | "misled"> {
  const { offset, from, to, expected } = search;
  let found: FoundBatch | undefined;
  let isFirst = true;
  let isMisled = expected !== undefined;
  const range = { from, to, checksums: "skip", chunkBytes: CHUNK_BYTES } as const;
  await scanBatches(file, range, (batch, position) => {
    const { baseOffset, lastOffset, maxTimestamp } = batch;
    const isStamped = batch.timestampType === "logAppendTime";
    if (isFirst && expected !== undefined && lastOffset !== expected) return false;
    isFirst = false;
    isMisled = false;
    if (lastOffset < offset) return true;
    const firstTimestamp = isStamped ? maxTimestamp : batch.baseTimestamp;
    found = { position, baseOffset, lastOffset, maxTimestamp, firstTimestamp };
    return false;
  });
  return isMisled ? "misled" : found;
}
