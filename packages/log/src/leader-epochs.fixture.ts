import { leaderEpoch, offset } from "@zoolog/base";
import type { Log } from "./log.ts";

/**
 * What followers truncate by (KIP-101): the log knows of each offset which epoch wrote it, and of each
 * epoch where it ends: up to there is what it and older ones wrote, from there on what newer ones did.
 *
 * @param written by batch, in order: the first offset that was not deleted
 * @param newest that began, whether it wrote anything or not
 */
export function expectLeaderEpochs(
  log: Pick<Log, "leaderEpochs" | "logEndOffset">,
  written: readonly { readonly from: number; readonly epoch: number }[],
  newest: number,
): void {
  const { leaderEpochs, logEndOffset } = log;
  for (const { from, epoch } of written) {
    expect(leaderEpochs.epochForOffset(offset(from))).toBe(epoch);
  }
  for (let asked = 0; asked <= newest + 1; asked++) {
    const older = written.findLast(({ epoch }) => epoch <= asked)?.epoch;
    const newer = written.find(({ epoch }) => epoch > asked);
    const end = leaderEpochs.endOffsetFor(leaderEpoch(asked));
    // Certainly of one that never began; else only of one that wrote nothing, and none after it.
    if (asked > newest) expect(end).toBeUndefined();
    if (end === undefined) {
      expect(asked).toBeGreaterThan(written.at(-1)?.epoch ?? -1);
      continue;
    }
    expect(end.endOffset).toBe(newer?.from ?? logEndOffset);
    expect(end.epoch).toBeLessThanOrEqual(asked);
    // The newest may be known before it wrote anything.
    if (newer !== undefined && older !== undefined) expect(end.epoch).toBe(older);
    expect(end.epoch).toBeGreaterThanOrEqual(older ?? 0);
  }
}
