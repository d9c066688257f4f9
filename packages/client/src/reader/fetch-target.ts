import type { Cluster } from "../cluster/cluster.ts";
import type { AssignedPartition } from "./assigned-partition.ts";

/** Who is asked, and how: all of it is the same for the partitions of one call. */
export type FetchTarget = {
  readonly endpoint: string;
  /** To be sent to a closer replica. */
  readonly rack: string | undefined;
  readonly isLeader: boolean;
};

/** Partitions that one call asks for. */
export type FetchGroup = {
  readonly target: FetchTarget;
  readonly partitions: AssignedPartition[];
};

/** The leader has all that a silent replica has: it is not waited for as long as a leader is. */
const REPLICA_TIMEOUT_MS = 5_000;

/** What an answer may take, beyond what the broker may wait, ms. */
export function patienceMs({ isLeader }: FetchTarget, requestTimeoutMs: number): number {
  return isLeader ? requestTimeoutMs : Math.min(requestTimeoutMs, REPLICA_TIMEOUT_MS);
}

/** By whom to ask; `withoutLeader` are those that nobody can be asked for now. */
export function groupByTarget(
  wanted: readonly AssignedPartition[],
  by: { readonly cluster: Cluster; readonly rack: string | undefined; readonly now: number },
): { readonly groups: Iterable<FetchGroup>; readonly withoutLeader: AssignedPartition[] } {
  const groups = new Map<string, FetchGroup>();
  const withoutLeader: AssignedPartition[] = [];
  for (const partition of wanted) {
    const target = targetOf(partition, by);
    if (target === undefined) {
      withoutLeader.push(partition);
      continue;
    }
    const key = keyOf(target);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { target, partitions: [partition] });
    else group.partitions.push(partition);
  }
  return { groups: groups.values(), withoutLeader };
}

/** Of most targets their endpoint: the same text as ever, that needs not be put together. */
function keyOf({ endpoint, isLeader, rack }: FetchTarget): string {
  if (isLeader) return rack === undefined ? endpoint : `closest to ${rack}, by ${endpoint}`;
  return `replica ${endpoint}`;
}

/** The replica that the leader named, as long as that holds; else the leader. */
function targetOf(
  { replica, topicPartition }: AssignedPartition,
  by: { readonly cluster: Cluster; readonly rack: string | undefined; readonly now: number },
): FetchTarget | undefined {
  const { cluster, now } = by;
  const leader = cluster.leaderOf(topicPartition);
  const named = replica.at(now, leader?.leaderEpoch);
  const endpoint = named === undefined ? undefined : cluster.endpointOf(named.brokerId);
  if (endpoint !== undefined) return { endpoint, rack: undefined, isLeader: false };
  if (named !== undefined) {
    // A broker that the leader knows and our metadata does not: not yet, or not any more.
    replica.leave(now);
    cluster.refreshSoon([topicPartition.topic]);
  }
  if (leader === undefined) return undefined;
  const rack = replica.mayLeaveLeader(now) ? by.rack : undefined;
  return { endpoint: leader.endpoint, rack, isLeader: true };
}
