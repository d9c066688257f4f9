import {
  AssignmentBuilder,
  type Assignor,
  inAssignmentOrder,
  subscribedTopics,
} from "./assignor.ts";

/**
 * Kafka's `range`: each topic on its own is cut into consecutive ranges, one per subscriber, the
 * first ones longer by one. Topics with the same number of partitions are cut alike, so that
 * partition n of all of them goes to the same member.
 */
export const assignRange: Assignor = (members, counts) => {
  const assignment = new AssignmentBuilder(members);
  const ordered = inAssignmentOrder(members);
  for (const topic of subscribedTopics(members, counts)) {
    const subscribers = ordered.filter(({ topics }) => topics.includes(topic));
    const count = counts.get(topic) ?? 0;
    const least = Math.floor(count / subscribers.length);
    const longer = count % subscribers.length;
    let next = 0;
    for (const [index, { memberId }] of subscribers.entries()) {
      const end = next + least + (index < longer ? 1 : 0);
      for (; next < end; next++) assignment.give(memberId, topic, next);
    }
  }
  return assignment.done();
};
