import type { BrokerId, Offset } from "@zoolog/base";
import type { FollowerProgress } from "./follower-progress.ts";
import type { LiveBrokers } from "./isr-rules.ts";

/** What the leader knows of who else could serve a consumer. */
export type ClosestReplicaView = {
  readonly leader: BrokerId;
  readonly isr: readonly BrokerId[];
  /** Every assigned replica but the leader. */
  readonly followers: ReadonlyMap<BrokerId, FollowerProgress>;
  readonly brokers: LiveBrokers;
  /** Monotonic. */
  readonly now: number;
};

/** A follower fetches every half second; who has not for longer than this may be dead or frozen. */
const FETCHED_WITHIN_MS = 3_000;

/**
 * The follower that a consumer of the rack reads from (KIP-392, Kafka's `RackAwareReplicaSelector`):
 * in sync, alive, staying, in touch, its log has the offset, and of several the one that is furthest.
 * `undefined`: the leader serves, be it that it is as close or that nobody else is.
 */
export function closestReplica(
  asked: { readonly rack: string; readonly fetchOffset: Offset },
  view: ClosestReplicaView,
): BrokerId | undefined {
  const { leader, isr, brokers } = view;
  if (brokers.get(leader)?.rack === asked.rack) return undefined;
  let closest: { readonly replica: BrokerId; readonly endOffset: Offset } | undefined;
  for (const replica of isr) {
    if (replica === leader || brokers.get(replica)?.rack !== asked.rack) continue;
    const endOffset = endOfWhoCanServe(replica, asked.fetchOffset, view);
    if (endOffset === undefined) continue;
    if (closest === undefined || endOffset > closest.endOffset) closest = { replica, endOffset };
  }
  return closest?.replica;
}

function endOfWhoCanServe(
  replica: BrokerId,
  fetchOffset: Offset,
  { brokers, followers, now }: ClosestReplicaView,
): Offset | undefined {
  const broker = brokers.get(replica);
  const progress = followers.get(replica);
  if (broker === undefined || broker.shuttingDown || progress === undefined) return undefined;
  const { brokerEpoch, endOffset, fetchedAt, logStartOffset } = progress;
  if (brokerEpoch !== broker.brokerEpoch) return undefined;
  if (fetchedAt === undefined || now - fetchedAt > FETCHED_WITHIN_MS) return undefined;
  if (endOffset === undefined || logStartOffset === undefined) return undefined;
  return logStartOffset <= fetchOffset && fetchOffset <= endOffset ? endOffset : undefined;
}
