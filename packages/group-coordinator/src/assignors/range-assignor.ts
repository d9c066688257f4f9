import type { TopicId } from "@zoolog/base";
import type { AssignableMember, AssignmentInput, Targets } from "./assignment-input.ts";

/**
 * Each topic's partitions in ranges, one for each subscriber in the order of the members: topics
 * with as many partitions and the same subscribers are cut at the same places, so that partition N
 * of all of them is at one member. The first members have one more where it does not come out even.
 */
export function assignRanges({ members }: AssignmentInput): Targets {
  const targets = new Map(members.map(({ memberId }) => [memberId, new Map<TopicId, number[]>()]));
  const subscribers = new Map<TopicId, { partitions: number; members: AssignableMember[] }>();
  for (const member of members) {
    for (const { topicId, partitions } of member.topics) {
      const entry = subscribers.get(topicId);
      if (entry === undefined) subscribers.set(topicId, { partitions, members: [member] });
      else entry.members.push(member);
    }
  }
  for (const [topicId, { partitions, members: sharing }] of subscribers) {
    const share = Math.floor(partitions / sharing.length);
    const extras = partitions % sharing.length;
    let start = 0;
    sharing.forEach(({ memberId }, i) => {
      const length = share + (i < extras ? 1 : 0);
      if (length > 0) {
        targets.get(memberId)?.set(
          topicId,
          Array.from({ length }, (_, p) => start + p),
        );
      }
      start += length;
    });
  }
  return targets;
}
