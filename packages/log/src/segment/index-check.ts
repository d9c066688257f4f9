import type { FileHandle, Offset } from "@zoolog/base";
import { corruptLog } from "../errors.ts";
import type { SegmentIndexes } from "../indexes/segment-indexes.ts";
import { scanBatches } from "./batch-scan.ts";
import type { FoundBatch } from "./find-batch.ts";

/** What is looked at of a segment. */
type Batches = {
  readonly path: string;
  readonly baseOffset: Offset;
  readonly sizeInBytes: number;
};

/** Whether the ends of the indexes agree with the batches; what lies between is checked on use. */
export async function agreesWithBatches(
  indexes: SegmentIndexes,
  { baseOffset, sizeInBytes }: Omit<Batches, "path">,
  find: (offset: Offset) => Promise<FoundBatch | undefined>,
): Promise<boolean> {
  const { offsets, times } = indexes;
  const isSound = !indexes.isDirty && offsets.fault() === undefined && times.fault() === undefined;
  if (!isSound) return false;
  if (sizeInBytes === 0) return offsets.count === 0 && times.count === 0;
  const [entry, time] = [offsets.last(), times.last()];
  if (entry !== undefined) {
    const batch = await find(entry.lastOffset);
    if (batch?.position !== entry.position || batch.lastOffset !== entry.lastOffset) return false;
  }
  if (time === undefined) return ((await find(baseOffset))?.maxTimestamp ?? -1) < 0;
  const newest = await find(time.lastOffset);
  return newest?.lastOffset === time.lastOffset && newest.maxTimestamp === time.timestamp;
}

/**
 * Adds the batches from `from` on, whose checksums are verified on the way.
 *
 * @throws ZoologError CORRUPT_MESSAGE when the batches are the ones that are damaged.
 */
export async function addScanned(
  indexes: SegmentIndexes,
  file: FileHandle,
  batches: Batches & { readonly from: number; readonly indexIntervalBytes: number },
): Promise<void> {
  const { path, baseOffset, sizeInBytes, from, indexIntervalBytes } = batches;
  let nextOffset = indexes.offsets.last()?.lastOffset ?? baseOffset;
  const range = { from, to: sizeInBytes, checksums: "verify" } as const;
  const end = await scanBatches(file, range, (batch, position) => {
    indexes.add(batch, position, indexIntervalBytes);
    nextOffset = (batch.lastOffset + 1) as Offset;
    return true;
  });
  if (end.fault === undefined) return;
  throw corruptLog({ path, position: end.position, offset: nextOffset, what: end.fault });
}
