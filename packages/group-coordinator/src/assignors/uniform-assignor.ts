import type { AssignmentInput, Targets } from "./assignment-input.ts";
import { PartitionNumbers } from "./partition-numbers.ts";
import { balanceUnevenly } from "./uneven-subscriptions.ts";

/**
 * Everybody has as many partitions as the others, give or take one, and as few move as can be.
 *
 * With the same topics for all, that is a matter of counting: each keeps what it has up to its
 * share; what is over or free goes to who has too little. No other way moves fewer.
 */
export function assignUniformly(input: AssignmentInput): Targets {
  const { members } = input;
  const [first] = members;
  if (first === undefined) return new Map();
  const numbers = PartitionNumbers.of(input);
  const owners = formerOwners(input, numbers);
  const isEven = members.every(({ topics }) => topics === first.topics);
  if (isEven) balanceEvenly(input, numbers, owners);
  else balanceUnevenly(input, numbers, owners);
  const maps = numbers.partitionMaps(owners, members.length);
  return new Map(members.map(({ memberId }, i) => [memberId, maps[i] ?? new Map()]));
}

/** Who has each partition and may keep it: an index into the members, or −1. */
function formerOwners({ members }: AssignmentInput, numbers: PartitionNumbers): Int32Array {
  const owners = new Int32Array(numbers.count).fill(-1);
  const subscriptions = new Map<unknown, ReadonlySet<unknown>>();
  members.forEach(({ topics, former }, index) => {
    let subscribed = subscriptions.get(topics);
    if (subscribed === undefined) {
      subscribed = new Set(topics.map(({ topicId }) => topicId));
      subscriptions.set(topics, subscribed);
    }
    for (const [topicId, partitions] of former) {
      const topic = subscribed.has(topicId) ? numbers.indexOf(topicId) : undefined;
      if (topic === undefined) continue;
      const start = numbers.start(topic);
      const count = numbers.topics[topic]?.partitions ?? 0;
      for (const partition of partitions) {
        if (partition < count && owners[start + partition] === -1)
          owners[start + partition] = index;
      }
    }
  });
  return owners;
}

function balanceEvenly(
  { members }: AssignmentInput,
  numbers: PartitionNumbers,
  owners: Int32Array,
): void {
  const share = Math.floor(numbers.count / members.length);
  let extras = numbers.count % members.length;
  const counts = new Int32Array(members.length);
  for (const owner of owners) if (owner >= 0) counts[owner] = (counts[owner] ?? 0) + 1;

  const quotas = new Int32Array(members.length).fill(share);
  // One more than the share is for those first who have it already: it saves a move.
  for (const isTurnOfHolders of [true, false]) {
    quotas.forEach((quota, i) => {
      if (extras === 0 || quota > share) return;
      if (isTurnOfHolders && (counts[i] ?? 0) <= share) return;
      quotas[i] = share + 1;
      extras--;
    });
  }
  const left = quotas.slice();
  const free: number[] = [];
  owners.forEach((owner, number) => {
    const room = left[owner] ?? 0;
    if (room > 0) left[owner] = room - 1;
    else {
      owners[number] = -1;
      free.push(number);
    }
  });
  giveAway(free, { members }, numbers, owners, left);
}

/** Each to a member on the rack of a replica, where one has room; the others in turn. */
function giveAway(
  free: readonly number[],
  { members }: AssignmentInput,
  numbers: PartitionNumbers,
  owners: Int32Array,
  left: Int32Array,
): void {
  const give = (number: number, member: number): void => {
    owners[number] = member;
    left[member] = (left[member] ?? 0) - 1;
  };
  const hasRoom = (member: number): boolean => (left[member] ?? 0) > 0;
  const byRack = membersByRack({ members });
  const rest = free.filter((number) => {
    for (const rack of byRack.size === 0 ? [] : numbers.racks(number)) {
      const candidates = byRack.get(rack) ?? [];
      while (candidates.length > 0 && !hasRoom(candidates.at(-1) ?? 0)) candidates.pop();
      const member = candidates.at(-1);
      if (member === undefined) continue;
      give(number, member);
      return false;
    }
    return true;
  });
  let next = 0;
  for (const number of rest) {
    while (!hasRoom(next % members.length)) next++;
    give(number, next % members.length);
    next++;
  }
}

function membersByRack({ members }: AssignmentInput): Map<string, number[]> {
  const byRack = new Map<string, number[]>();
  members.forEach(({ rack }, index) => {
    if (rack === undefined) return;
    const others = byRack.get(rack);
    if (others === undefined) byRack.set(rack, [index]);
    else others.push(index);
  });
  return byRack;
}
