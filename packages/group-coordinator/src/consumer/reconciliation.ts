import type { TopicId } from "@zoolog/base";
import type { ConsumerGroup } from "../state/consumer-group.ts";
import {
  commonPartitions,
  filterPartitions,
  joinPartitions,
  NO_PARTITIONS,
  samePartitions,
  withoutPartitions,
} from "../state/partition-map.ts";
import type { PartitionMap } from "../state/stored-group.ts";
import type { ConsumerTurn } from "./consumer-turn.ts";

/**
 * One step of a member towards its target (KIP-848). It gives up before it gets:
 *
 * 1. What is not in its target any more moves from `assigned` to `revoking`; its epoch stays.
 * 2. When its heartbeat no longer names a partition as owned, that is free for the others.
 * 3. When nothing is left to give up it gets what is free of its target, and the group's epoch. What
 *    others still have, it gets later, with the same epoch.
 *
 * Partitions in the old and the new target stay in `assigned` all the time.
 *
 * @param owned what the member owns now, as told in a heartbeat with its epoch; else nothing is
 *   taken for given up
 */
export function reconcile(
  turn: ConsumerTurn,
  memberId: string,
  owned: PartitionMap | undefined,
): void {
  const { revoking, rebalanceTimeoutMs } = turn.member(memberId);
  if (revoking.size > 0) {
    if (owned === undefined) return;
    const left = commonPartitions(revoking, owned);
    if (!samePartitions(left, revoking)) turn.changeMember(memberId, { revoking: left });
    if (left.size > 0) return;
    turn.cancel(`revocation:${memberId}`);
  }
  const { assigned, target, epoch } = turn.member(memberId);
  const { assignmentEpoch } = turn.value;
  const isThere = assigned === target || samePartitions(assigned, target);
  if (isThere && epoch === assignmentEpoch) return;

  const surplus = isThere ? NO_PARTITIONS : withoutPartitions(assigned, target);
  if (surplus.size > 0) {
    const kept = commonPartitions(assigned, target);
    turn.changeMember(memberId, { assigned: kept, revoking: surplus });
    turn.arm(`revocation:${memberId}`, rebalanceTimeoutMs);
    return;
  }
  const free = isThere ? NO_PARTITIONS : freePartitions(turn, memberId);
  if (free.size === 0 && epoch === assignmentEpoch) return;
  const next = joinPartitions(assigned, free);
  turn.changeMember(memberId, {
    assigned: samePartitions(next, target) ? target : next,
    ...(epoch === assignmentEpoch ? {} : { epoch: assignmentEpoch, previousEpoch: epoch }),
  });
}

/** What of its target nobody has, neither to use nor to give up. */
function freePartitions(turn: ConsumerTurn, memberId: string): PartitionMap {
  return freeOf(turn.member(memberId).target, (topicId) => turn.ownersOf(topicId));
}

function freeOf(target: PartitionMap, ownersOf: (topicId: TopicId) => Owners): PartitionMap {
  return filterPartitions(target, (topicId) => {
    const owners = ownersOf(topicId);
    return owners === undefined ? undefined : (partition) => owners[partition] === undefined;
  });
}

type Owners = readonly (string | undefined)[] | undefined;

/**
 * Whether a heartbeat of the member would be a step for it or for the group: it has something to
 * hear, or it is not a member any more. False as long as it alone has to act, by giving up; and
 * right after a heartbeat.
 */
export function hasNews(group: ConsumerGroup, memberId: string): boolean {
  const member = group.members.get(memberId);
  if (member === undefined || group.epoch > group.assignmentEpoch) return true;
  const { assigned, epoch, revoking, target } = member;
  if (revoking.size > 0) return false;
  if (epoch !== group.assignmentEpoch) return true;
  if (assigned === target || samePartitions(assigned, target)) return false;
  if (withoutPartitions(assigned, target).size > 0) return true;
  return freeOf(target, (topicId) => group.owners.get(topicId)).size > 0;
}
