/**
 * Brings the state of the producers to the log's end: the newest sound snapshot below it, then the
 * headers of the batches above the snapshot.
 */
import type { Logger, Offset, Timestamp } from "@zoolog/base";
import { scanBatches } from "../segment/batch-scan.ts";
import type { Segment } from "../segment/segment.ts";
import type { ProducerSnapshots } from "./producer-snapshots.ts";
import type { ProducerStates } from "./producer-states.ts";

export type ReplayedLog = {
  /** By rising base offset. */
  readonly segments: readonly Segment[];
  readonly logEndOffset: Offset;
  /** Nobody knows when a batch was appended: those that are read count as seen now. */
  readonly now: Timestamp;
};

export async function replayProducers(
  log: ReplayedLog,
  dependencies: {
    readonly producers: ProducerStates;
    readonly snapshots: ProducerSnapshots;
    readonly logger: Logger;
  },
): Promise<void> {
  const { producers, snapshots, logger } = dependencies;
  const snapshot = await snapshots.load(log.logEndOffset);
  producers.reset(snapshot?.entries ?? []);
  const from = snapshot?.offset ?? (0 as Offset);
  if (from >= log.logEndOffset) return;
  for (const [i, segment] of log.segments.entries()) {
    const endOffset = log.segments[i + 1]?.baseOffset ?? log.logEndOffset;
    if (endOffset <= from || segment.sizeInBytes === 0) continue;
    const fault = await replaySegment(segment, from, (batch) => producers.replay(batch, log.now));
    // Damage that was not looked for yet; whoever reads the records is told.
    if (fault !== undefined) logger.warn("producers were not all seen", { ...fault });
  }
}

type ReplayFault = { readonly path: string; readonly position: number; readonly what: string };

async function replaySegment(
  segment: Segment,
  from: Offset,
  replay: (batch: Parameters<ProducerStates["replay"]>[0]) => void,
): Promise<ReplayFault | undefined> {
  const isInside = from > segment.baseOffset;
  const start = isInside ? (await segment.findBatch(from))?.position : 0;
  if (start === undefined) return undefined; // Nothing at `from` or above.
  const range = { from: start, to: segment.sizeInBytes, checksums: "skip" } as const;
  const { position, fault } = await segment.read((file) =>
    scanBatches(file, range, (batch) => {
      replay(batch);
      return true;
    }),
  );
  return fault === undefined ? undefined : { path: segment.path, position, what: fault };
}
