import type { LeaderEpoch, Offset } from "@zoolog/base";

/** Where an epoch ends in some log: the greatest epoch that the log knows, up to the one asked for. */
type EpochEnd = { readonly epoch: LeaderEpoch; readonly endOffset: Offset };

/**
 * Where a follower cuts its log, given what the leader said about the follower's last epoch
 * (KIP-101, KIP-279): the end of the last epoch that both may have in common. When the follower has
 * not written the leader's epoch, everything above its own greatest lower epoch is another history;
 * it asks again from there, and each time with an older epoch.
 *
 * Worked example: leader (1, 0), (3, 4) end 7; follower (1, 0), (2, 4), end 6. The follower asks at 6
 * with epoch 2; the leader knows 1, which ends at 4; so it does here: cut at 4.
 */
export function truncationPoint(
  leader: { readonly leaderEpoch: LeaderEpoch; readonly endOffset: Offset },
  own: {
    readonly endOffsetFor: (epoch: LeaderEpoch) => EpochEnd | undefined;
    readonly logEndOffset: Offset;
  },
): Offset {
  const end = own.endOffsetFor(leader.leaderEpoch);
  const common =
    end === undefined || end.epoch === leader.leaderEpoch
      ? Math.min(leader.endOffset, end?.endOffset ?? own.logEndOffset)
      : end.endOffset;
  return Math.min(common, own.logEndOffset) as Offset;
}
