import type { BrokerEpoch, BrokerId } from "@zoolog/base";
import type { BootKind, BrokerImage, PartitionImage } from "../image/cluster-image.ts";

/** All that the choice of a leader depends on. */
export type Situation = {
  /** `"<topic>-<partition>"` */
  readonly key: string;
  readonly partition: PartitionImage;
  readonly brokers: ReadonlyMap<BrokerId, BrokerImage>;
  /** Registered, but their process is gone. */
  readonly unreachable: ReadonlyMap<BrokerId, BrokerEpoch>;
  /** A replica outside the ISR may lead when nobody inside can: records will be lost. */
  readonly uncleanElection: boolean;
};

export type Leadership = {
  readonly leader: BrokerId | undefined;
  readonly isr: readonly BrokerId[];
  /** `"kept"`: the leader stays in office, under its epoch. */
  readonly election: "kept" | "clean" | "unclean" | "none";
};

/**
 * Who leads a partition and who is in its ISR, from what is known now. Level-triggered: it looks at
 * the situation, not at what happened, so a missed event or a change of controller costs nothing.
 *
 * | an ISR member | stays in the ISR | may lead |
 * | --- | --- | --- |
 * | registered, same broker epoch | yes | yes |
 * | registered anew, its log all there | yes | yes, under a new leader epoch |
 * | registered anew, its log in doubt | only if all are | no |
 * | shutting down | only as the last one | only when nobody else can |
 * | not registered or unreachable, or its replica is offline | only as the last one | no |
 *
 * Among those who may, the first in the order of assignment leads.
 */
export function chooseLeadership(situation: Situation): Leadership {
  const { leader, replicas } = situation.partition;
  const isr = nextIsr(situation);
  // Whoever is shutting down is still among them only when nobody else can do.
  const candidates = replicas.filter((r) => isr.includes(r) && mayLead(situation, r));
  const inOffice = leader !== undefined && candidates.includes(leader);
  if (inOffice && !hasRestarted(situation, leader)) return { leader, isr, election: "kept" };

  const [successor] = candidates;
  if (successor !== undefined) return { leader: successor, isr, election: "clean" };
  if (situation.uncleanElection) return chooseUncleanLeader(situation, isr);
  return { leader: undefined, isr, election: "none" };
}

/** The first leadership of a partition: its logs are empty, so all that serve are in sync. */
export function chooseFirstLeadership(situation: Situation): Leadership {
  const serving = situation.partition.replicas.filter((r) => serves(situation, r));
  const staying = serving.filter((r) => !isShuttingDown(situation, r));
  const isr = staying.length > 0 ? staying : serving;
  return { leader: isr[0], isr, election: isr.length > 0 ? "clean" : "none" };
}

/**
 * Any replica that serves, those whose logs are likely to hold most before the others: by how their
 * brokers booted, by how long ago they lost records, former members of the ISR, the order of
 * assignment; damaged ones last. Its log becomes the truth: it alone is in the ISR, and the others
 * truncate to it.
 */
export function chooseUncleanLeader(situation: Situation, isr: readonly BrokerId[]): Leadership {
  const { partition, brokers } = situation;
  const rank = (replica: BrokerId): readonly number[] => [
    isDamaged(situation, replica) ? 1 : 0,
    BOOTS.indexOf(brokers.get(replica)?.boot ?? "newFolder"),
    lastLoss(situation, replica),
    partition.isr.includes(replica) ? 0 : 1,
  ];
  const [leader] = partition.replicas
    .filter((replica) => serves(situation, replica))
    .map((replica) => ({ replica, rank: rank(replica) }))
    .sort((a, b) => compareRanks(a.rank, b.rank))
    .map(({ replica }) => replica);
  if (leader !== undefined) return { leader, isr: [leader], election: "unclean" };
  return { leader: undefined, isr, election: "none" };
}

/** The best first. */
const BOOTS: readonly BootKind[] = ["clean", "unclean", "newFolder"];

function compareRanks(a: readonly number[], b: readonly number[]): number {
  const differences = a.map((value, index) => value - (b[index] ?? 0));
  return differences.find((difference) => difference !== 0) ?? 0;
}

/** The broker epoch at which records were lost last, be it as the folder was new; 0: not known. */
function lastLoss(situation: Situation, replica: BrokerId): number {
  const broker = situation.brokers.get(replica);
  const { newFolder = 0, unclean = 0, outdated = [] } = broker?.losses ?? {};
  const present = broker?.brokerEpoch ?? 0;
  return Math.max(newFolder, unclean, ...outdated.map(({ before = present }) => before));
}

/** Invariant: never empty. Who must come back for a clean election is never forgotten. */
function nextIsr(situation: Situation): readonly BrokerId[] {
  const { isr, replicas } = situation.partition;
  const assigned = isr.filter((r) => replicas.includes(r));
  const members = assigned.length > 0 ? assigned : isr;
  const trusted = members.filter((r) => !isInDoubt(situation, r));
  if (trusted.length === 0) return members;
  const serving = trusted.filter((r) => serves(situation, r));
  const staying = serving.filter((r) => !isShuttingDown(situation, r));
  return firstNotEmpty(staying, serving, trusted);
}

function firstNotEmpty(...lists: readonly (readonly BrokerId[])[]): readonly BrokerId[] {
  return lists.find((list) => list.length > 0) ?? [];
}

/** May lead without a loss, if it is in the ISR. */
export function mayLead(situation: Situation, replica: BrokerId): boolean {
  return serves(situation, replica) && !isInDoubt(situation, replica);
}

/** Its broker is registered and runs, and has not reported this replica as failed. */
export function serves(situation: Situation, replica: BrokerId): boolean {
  return (
    situation.brokers.has(replica) &&
    !situation.unreachable.has(replica) &&
    !situation.partition.offlineReplicas.some((offline) => offline.brokerId === replica)
  );
}

export function isShuttingDown(situation: Situation, replica: BrokerId): boolean {
  return situation.brokers.get(replica)?.shuttingDown === true;
}

/**
 * Registered under another broker epoch than the one it was known to be in sync with: it has been
 * away, even if no controller saw it. As leader it has lost its followers' progress and its open
 * requests, so it leads again only under a new leader epoch.
 */
function hasRestarted(situation: Situation, member: BrokerId): boolean {
  const registered = situation.brokers.get(member);
  return registered !== undefined && registered.brokerEpoch !== recordedEpoch(situation, member);
}

/**
 * It has restarted, and acknowledged records may be missing from its log: damaged, or lost since it was in sync,
 * in this life or in one before. A sole assigned replica after an unclean boot is not in doubt: no
 * other log can have more.
 */
function isInDoubt(situation: Situation, member: BrokerId): boolean {
  if (hasLost(situation, member, "newFolder") || isDamaged(situation, member)) return true;
  if (isOutdated(situation, member)) return true;
  const others = situation.partition.replicas.some((r) => r !== member);
  if (!others || !hasLost(situation, member, "unclean")) return false;
  return !wasSynced(situation, member) && !hadNoLog(situation, member);
}

/**
 * All that it acknowledged since it was in sync was on its disk first. It says so itself: the topic's
 * setting may have become another one while it was away.
 */
function wasSynced(situation: Situation, member: BrokerId): boolean {
  const since = situation.brokers.get(member)?.losses?.synced?.[situation.key];
  const inSyncAt = recordedEpoch(situation, member);
  return since !== undefined && inSyncAt !== undefined && inSyncAt >= since;
}

/**
 * In sync since the partition is there, its broker went down before it had a log of it: nothing was
 * committed that it could lack. Else a power cut of all, just after a partition was created, would
 * leave nobody to lead it.
 */
function hadNoLog(situation: Situation, member: BrokerId): boolean {
  const { synced, unsynced } = situation.brokers.get(member)?.losses ?? {};
  if (unsynced === undefined || unsynced.has("*") || unsynced.has(situation.key)) return false;
  return synced?.[situation.key] === undefined;
}

/** It was in sync in a life that the broker spent on another data folder than this one. */
function isOutdated(situation: Situation, member: BrokerId): boolean {
  const missed = situation.brokers.get(member)?.losses?.outdated ?? [];
  if (missed.length === 0 || !hasRestarted(situation, member)) return false;
  const inSyncAt = recordedEpoch(situation, member);
  return missed.some(({ after, before }) => {
    if (inSyncAt === undefined) return before === undefined;
    const isLater = after === undefined || inSyncAt > after;
    return isLater && (before === undefined || inSyncAt < before);
  });
}

/** Known before anybody is elected: what it reports once it is asked to serve would come too late. */
function isDamaged(situation: Situation, member: BrokerId): boolean {
  const damaged = situation.brokers.get(member)?.damaged ?? [];
  if (damaged.length === 0 || !hasRestarted(situation, member)) return false;
  return damaged.includes(situation.key) || damaged.includes("*");
}

function hasLost(situation: Situation, member: BrokerId, how: "newFolder" | "unclean"): boolean {
  const registered = situation.brokers.get(member);
  if (registered === undefined || !hasRestarted(situation, member)) return false;
  if (registered.boot === how) return true;
  const lostAt = registered.losses?.[how];
  const inSyncAt = recordedEpoch(situation, member);
  return lostAt !== undefined && inSyncAt !== undefined && inSyncAt < lostAt;
}

function recordedEpoch(situation: Situation, member: BrokerId): BrokerEpoch | undefined {
  const { isr, isrBrokerEpochs } = situation.partition;
  const index = isr.indexOf(member);
  return index < 0 ? undefined : isrBrokerEpochs[index];
}

/** The broker epochs to record for `leadership.isr`: whoever is known to be in sync, since when. */
export function isrBrokerEpochs(
  situation: Situation,
  leadership: Leadership,
): readonly (BrokerEpoch | undefined)[] {
  // Of a new partition there is nothing that could be missing, in a new folder neither.
  const isFirst = situation.partition.isr.length === 0;
  return leadership.isr.map((member) => {
    const trusted = isFirst || member === leadership.leader || !isInDoubt(situation, member);
    const registered = situation.brokers.get(member)?.brokerEpoch;
    return trusted && registered !== undefined ? registered : recordedEpoch(situation, member);
  });
}

/** Why nobody leads, for the person who will ask. */
export function offlineReason(situation: Situation): string {
  const { partition } = situation;
  if (partition.isr.length === 0)
    return `none of its replicas is there: ${list(partition.replicas)}`;
  const members = partition.isr.map((member) => `broker ${member} ${whyNot(situation, member)}`);
  return `no replica in the ISR can lead: ${members.join("; ")}`;
}

function whyNot(situation: Situation, member: BrokerId): string {
  const { partition, brokers, unreachable } = situation;
  const broker = brokers.get(member);
  if (broker === undefined) return "is not registered";
  if (unreachable.has(member)) return "is registered, but its port refuses connections";
  const offline = partition.offlineReplicas.find((replica) => replica.brokerId === member);
  if (offline !== undefined) return `has the replica offline: ${offline.reason}`;
  if (!partition.replicas.includes(member)) return "is not an assigned replica";
  if (isDamaged(situation, member)) return "came back with damaged records";
  if (hasLost(situation, member, "newFolder")) return "came back with an empty data folder";
  if (isOutdated(situation, member)) {
    return "came back with an older data folder than the one it ran on";
  }
  return "went down with its machine: records may be missing from its log";
}

function list(replicas: readonly BrokerId[]): string {
  return replicas.map((replica) => `broker ${replica}`).join(", ");
}
