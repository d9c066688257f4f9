/**
 * Who belongs into the ISR. Pure: the leader asks, the controller decides (KIP-497), and until it has
 * answered the **maximal** ISR counts: the members of now and everybody who was asked for.
 */
import type { BrokerEpoch, BrokerId, Offset } from "@zoolog/base";
import type { FollowerProgress } from "./follower-progress.ts";

/** A broker that is registered, as the cluster image knows it. */
export type LiveBroker = {
  readonly brokerEpoch: BrokerEpoch;
  /** It leaves: it must not join (KAFKA-14140). */
  readonly shuttingDown: boolean;
  readonly rack?: string | undefined;
};

export type LiveBrokers = ReadonlyMap<BrokerId, LiveBroker>;

export type InSyncView = {
  readonly isr: readonly BrokerId[];
  /** Every assigned replica but the leader. */
  readonly followers: ReadonlyMap<BrokerId, FollowerProgress>;
  readonly leaderEndOffset: Offset;
  readonly highWatermark: Offset;
  readonly epochStartOffset: Offset;
  readonly brokers: LiveBrokers;
  readonly now: number;
  readonly lagTimeMaxMs: number;
};

/** Members that have not been caught up for too long. The leader is never among them. */
export function laggingMembers(view: InSyncView): BrokerId[] {
  const { isr, followers, leaderEndOffset, now, lagTimeMaxMs } = view;
  return isr.filter((member) => {
    const progress = followers.get(member);
    return progress !== undefined && !progress.isCaughtUp(leaderEndOffset, now, lagTimeMaxMs);
  });
}

/**
 * A replica joins when it has all that is committed **and** all that was there when this epoch began:
 * the high watermark of a new leader may lag behind what was acknowledged (KAFKA-7128).
 */
export function mayJoin(replica: BrokerId, view: InSyncView): boolean {
  const end = view.followers.get(replica)?.endOffset;
  if (end === undefined || !isEligible(replica, view)) return false;
  return end >= view.highWatermark && end >= view.epochStartOffset;
}

/** Two fetches of an idle follower (`replica.fetch.wait.max.ms`); under a load they are far closer. */
const FETCHES_WITHIN_MS = 1_000;

/**
 * Replicas outside the ISR that the high watermark waits for: under a steady load that the ISR keeps
 * up with, one that is a single fetch behind would else never reach the high watermark to join. Who
 * has stopped fetching may be dead, long before its session tells: nobody waits for it.
 */
export function aboutToJoin(view: InSyncView): BrokerId[] {
  return [...view.followers].flatMap(([replica, progress]) => {
    const { endOffset, fetchedAt } = progress;
    if (endOffset === undefined || endOffset < view.epochStartOffset) return [];
    if (fetchedAt === undefined || view.now - fetchedAt > FETCHES_WITHIN_MS) return [];
    if (!progress.isCaughtUp(view.leaderEndOffset, view.now, view.lagTimeMaxMs)) return [];
    return isEligible(replica, view) ? [replica] : [];
  });
}

/** Assigned (KAFKA-9672), alive, staying, and the same life that fetched (KIP-903). */
function isEligible(replica: BrokerId, { isr, followers, brokers }: InSyncView): boolean {
  const broker = brokers.get(replica);
  if (broker === undefined || broker.shuttingDown || isr.includes(replica)) return false;
  return followers.get(replica)?.brokerEpoch === broker.brokerEpoch;
}
