import type { LeaderEpoch, Offset } from "@zoolog/base";
import type { PartitionLog } from "./partition-log.ts";

/** Where a log ends its greatest epoch that is not above the one asked for. */
export type DivergingEpoch = { readonly leaderEpoch: LeaderEpoch; readonly endOffset: Offset };

/**
 * Whether what somebody has read, or copied, up to an offset is a prefix of this log (KIP-101,
 * KIP-279, KIP-320): two logs that have the same epoch at the same offset agree before it.
 *
 * Worked example: the log has epochs (3, 0), (5, 40), its end is 90. Who is at 60 in epoch 3 hears
 * that epoch 3 ends at 40; who is at 60 in epoch 4 hears the same; who is at 60 in epoch 5 agrees.
 */
export function divergence(
  log: PartitionLog,
  read: { readonly fetchOffset: Offset; readonly lastFetchedEpoch: LeaderEpoch },
): DivergingEpoch | "unknown" | undefined {
  const { fetchOffset, lastFetchedEpoch } = read;
  const end = log.leaderEpochs.endOffsetFor(lastFetchedEpoch);
  if (end === undefined) return "unknown";
  if (end.epoch >= lastFetchedEpoch && end.endOffset >= fetchOffset) return undefined;
  return { leaderEpoch: end.epoch, endOffset: end.endOffset };
}
