import type { Logger, Offset } from "@zoolog/base";
import type { EpochEntry } from "../checkpoint/checkpoint-file.ts";
import { LeaderEpochs } from "../checkpoint/leader-epochs.ts";
import { scanBatches } from "../segment/batch-scan.ts";
import type { Segment } from "../segment/segment.ts";
import type { DataVolume } from "../volume/data-volume.ts";
import type { FoundSegment } from "./segment-files.ts";
import type { SegmentScan } from "./segment-recovery.ts";

export type EpochSources = {
  readonly folder: string;
  /** The segments that were not scanned. */
  readonly untouched: readonly FoundSegment[];
  readonly scans: readonly SegmentScan[];
  readonly logStartOffset: Offset;
  readonly logEndOffset: Offset;
  readonly closedSegment: (file: FoundSegment) => Segment;
};

/** The leader epochs of a log: the checkpoint below the scanned part, batch headers from there on. */
export async function loadEpochs(
  sources: EpochSources,
  dependencies: { readonly volume: DataVolume; readonly logger: Logger },
): Promise<LeaderEpochs> {
  const { folder, untouched, scans, logStartOffset, logEndOffset, closedSegment } = sources;
  const { volume, logger } = dependencies;
  const epochs = new LeaderEpochs({ folder }, { volume });
  const isKnown = await epochs.load().then(
    () => epochs.entries.length > 0,
    (error: unknown) => {
      logger.error("leader epochs are rebuilt", { folder, cause: String(error) });
      return false;
    },
  );
  const end = scans[0]?.startOffset ?? logEndOffset;
  const unread = [...untouched, ...scans.slice(0, 1).map(asFound)];
  const below = isKnown
    ? epochs.entries.filter(({ startOffset }) => startOffset < end)
    : await epochsInHeaders(unread.map(closedSegment), end);
  const merged: EpochEntry[] = [...below];
  for (const entry of scans.flatMap((scan) => scan.epochs)) {
    const latest = merged.at(-1)?.epoch;
    if (latest === undefined || entry.epoch > latest) merged.push(entry);
  }
  await epochs.reset(merged);
  await epochs.truncateFromStart(logStartOffset);
  return epochs;
}

/** For a lost or damaged checkpoint: reads all headers of what was not scanned. */
async function epochsInHeaders(segments: readonly Segment[], end: Offset): Promise<EpochEntry[]> {
  const entries: EpochEntry[] = [];
  for (const segment of segments) {
    const range = { from: 0, to: segment.sizeInBytes, checksums: "skip" } as const;
    await segment.read((file) =>
      scanBatches(file, range, (batch) => {
        const epoch = batch.partitionLeaderEpoch;
        const latest = entries.at(-1)?.epoch;
        if (epoch !== undefined && (latest === undefined || epoch > latest)) {
          entries.push({ epoch, startOffset: batch.baseOffset });
        }
        return batch.baseOffset < end;
      }),
    );
  }
  return entries.filter(({ startOffset }) => startOffset < end);
}

function asFound({ indexes, sizeInBytes }: SegmentScan): FoundSegment {
  return { baseOffset: indexes.offsets.baseOffset, sizeInBytes };
}
