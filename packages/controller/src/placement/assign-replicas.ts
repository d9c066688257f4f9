import { assert, type BrokerId } from "@zoolog/base";

export type AssignableBroker = { readonly brokerId: BrokerId; readonly rack: string | undefined };

/**
 * Places the replicas of a new topic: leaders go round the brokers one by one, and the followers
 * of each next round are shifted by one more, so that the partitions of a lost broker are taken
 * over by many others. With five brokers, three replicas and `start` 0:
 *
 * ```
 * partition   0      1      2      3      4      5      6   …
 * replicas  0 1 2  1 2 3  2 3 4  3 4 0  4 0 1  0 2 3  1 3 4  …
 * ```
 *
 * When every broker names its rack, no rack gets a second replica of a partition before each has
 * one. Deterministic: `start` (any integer from 0, drawn by the caller) says where it begins, so
 * that topics of one partition do not all land on the first broker.
 *
 * @returns for each partition its replicas, the preferred leader first.
 */
export function assignReplicas(options: {
  readonly brokers: readonly AssignableBroker[];
  readonly partitions: number;
  readonly replicationFactor: number;
  readonly start: number;
}): readonly (readonly BrokerId[])[] {
  const { partitions, replicationFactor } = options;
  const brokers = rackAlternating(options.brokers);
  const count = brokers.length;
  assert(replicationFactor >= 1, "at least one replica");
  assert(replicationFactor <= count, "as many brokers as replicas");

  const racks = new Set(brokers.map((broker) => broker.rack)).size;
  const firstShift = Math.floor(options.start / count);
  return Array.from({ length: partitions }, (_, partition) => {
    const leader = (options.start + partition) % count;
    const shift = count === 1 ? 0 : (firstShift + Math.floor(partition / count)) % (count - 1);
    return chooseReplicas({ brokers, leader, shift, replicationFactor, racks });
  });
}

function chooseReplicas(options: {
  readonly brokers: readonly AssignableBroker[];
  readonly leader: number;
  readonly shift: number;
  readonly replicationFactor: number;
  readonly racks: number;
}): readonly BrokerId[] {
  const { brokers, leader, shift, replicationFactor, racks } = options;
  const chosen = new Set<AssignableBroker>();
  const usedRacks = new Set<string | undefined>();
  const choose = (broker: AssignableBroker | undefined): void => {
    assert(broker !== undefined, "an index below the number of brokers");
    chosen.add(broker);
    usedRacks.add(broker.rack);
  };

  choose(brokers[leader]);
  const followers = brokers.length - 1;
  // Two passes suffice: the first takes from racks without a replica, the second from any.
  for (const pass of ["newRack", "anyRack"] as const) {
    for (let i = 0; i < followers && chosen.size < replicationFactor; i++) {
      const candidate = brokers[(leader + 1 + ((shift + i) % followers)) % brokers.length];
      if (candidate === undefined || chosen.has(candidate)) continue;
      const rackIsNew = racks === 1 || !usedRacks.has(candidate.rack);
      if (pass === "anyRack" || rackIsNew) choose(candidate);
    }
  }
  assert(chosen.size === replicationFactor, "every replica has found a broker");
  return [...chosen].map((broker) => broker.brokerId);
}

/**
 * Orders brokers so that neighbours stand in different racks: a1 b1 c1 a2 b2 c2. Racks count only
 * when all brokers name one; else a broker without a rack would look like a rack of its own.
 */
export function rackAlternating(brokers: readonly AssignableBroker[]): readonly AssignableBroker[] {
  const sorted = [...brokers].sort((a, b) => a.brokerId - b.brokerId);
  if (sorted.some((broker) => broker.rack === undefined)) {
    return sorted.map((broker) => ({ brokerId: broker.brokerId, rack: undefined }));
  }
  const byRack = new Map<string, AssignableBroker[]>();
  for (const broker of sorted) {
    const rack = broker.rack ?? "";
    const members = byRack.get(rack);
    if (members === undefined) byRack.set(rack, [broker]);
    else members.push(broker);
  }
  const racks = [...byRack.keys()].sort().map((rack) => byRack.get(rack) ?? []);
  const longest = Math.max(0, ...racks.map((members) => members.length));
  const ordered: AssignableBroker[] = [];
  for (let i = 0; i < longest; i++) {
    for (const members of racks) {
      const broker = members[i];
      if (broker !== undefined) ordered.push(broker);
    }
  }
  return ordered;
}
