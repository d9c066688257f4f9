import { assert, type BrokerId } from "@zoolog/base";
import { type AssignableBroker, rackAlternating } from "./assign-replicas.ts";

/**
 * Places the replicas of partitions that are added to a topic. It goes on where the topic's
 * assignment ends, whoever made that: each new partition is led by the broker that leads fewest of
 * the topic, of these by one that holds fewest, and followed by those that hold fewest; where these
 * are even, brokers take turns behind the leader of the last partition. So an even topic stays even, and a broker that joined the
 * cluster since gets its share of what is new. Racks as in `assignReplicas`.
 *
 * ```
 * brokers 1 2 3 4, topic [1,2] [2,3] [3,1]; three more: [4,1] [4,2] [3,4]
 * ```
 *
 * Deterministic. Brokers count as preferred leaders, wherever leaderships are now.
 */
export function extendAssignment(options: {
  readonly brokers: readonly AssignableBroker[];
  /** Replicas of each partition there is. */
  readonly existing: readonly (readonly BrokerId[])[];
  /** How many partitions to add. */
  readonly partitions: number;
  readonly replicationFactor: number;
}): readonly (readonly BrokerId[])[] {
  const { existing, partitions, replicationFactor } = options;
  const brokers = rackAlternating(options.brokers);
  assert(replicationFactor >= 1, "at least one replica");
  assert(replicationFactor <= brokers.length, "as many brokers as replicas");

  const load = new TopicLoad(existing);
  const lastLeader = existing.at(-1)?.[0];
  let turn = brokers.findIndex(({ brokerId }) => brokerId === lastLeader) + 1;
  return Array.from({ length: partitions }, () => {
    const inTurn = rotated(brokers, turn);
    const replicas = chooseReplicas(inTurn, replicationFactor, load);
    load.add(replicas);
    turn = brokers.findIndex(({ brokerId }) => brokerId === replicas[0]) + 1;
    return replicas;
  });
}

/** @param inTurn who comes first where the loads are even. */
function chooseReplicas(
  inTurn: readonly AssignableBroker[],
  replicationFactor: number,
  load: TopicLoad,
): readonly BrokerId[] {
  const leader = least(inTurn, ({ brokerId }) => [load.led(brokerId), load.held(brokerId)]);
  const chosen = [leader];
  const usedRacks = new Set([leader.rack]);
  const racks = new Set(inTurn.map(({ rack }) => rack)).size;
  while (chosen.length < replicationFactor) {
    const left = inTurn.filter((broker) => !chosen.includes(broker));
    // A rack gets a second replica only when each has one.
    const isCrowded = (broker: AssignableBroker) =>
      racks > 1 && usedRacks.size < racks && usedRacks.has(broker.rack) ? 1 : 0;
    const next = least(left, (broker) => [isCrowded(broker), load.held(broker.brokerId)]);
    chosen.push(next);
    usedRacks.add(next.rack);
  }
  return chosen.map(({ brokerId }) => brokerId);
}

/** How many partitions of one topic each broker leads, by preference, and holds. */
class TopicLoad {
  readonly #led = new Map<BrokerId, number>();
  readonly #held = new Map<BrokerId, number>();

  constructor(assignment: readonly (readonly BrokerId[])[]) {
    for (const replicas of assignment) this.add(replicas);
  }

  add(replicas: readonly BrokerId[]): void {
    const [leader] = replicas;
    if (leader !== undefined) this.#led.set(leader, this.led(leader) + 1);
    for (const replica of replicas) this.#held.set(replica, this.held(replica) + 1);
  }

  led(brokerId: BrokerId): number {
    return this.#led.get(brokerId) ?? 0;
  }

  held(brokerId: BrokerId): number {
    return this.#held.get(brokerId) ?? 0;
  }
}

/** The first of those with the least rank; ranks are compared number by number. */
function least(
  brokers: readonly AssignableBroker[],
  rankOf: (broker: AssignableBroker) => readonly [number, number],
): AssignableBroker {
  let best:
    | { readonly broker: AssignableBroker; readonly rank: readonly [number, number] }
    | undefined;
  for (const broker of brokers) {
    const rank = rankOf(broker);
    const isLess =
      best === undefined ||
      rank[0] < best.rank[0] ||
      (rank[0] === best.rank[0] && rank[1] < best.rank[1]);
    if (isLess) best = { broker, rank };
  }
  assert(best !== undefined, "somebody is left to choose from");
  return best.broker;
}

function rotated<T>(items: readonly T[], by: number): readonly T[] {
  const at = by % items.length;
  return [...items.slice(at), ...items.slice(0, at)];
}
