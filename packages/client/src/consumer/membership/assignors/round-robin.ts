import {
  AssignmentBuilder,
  type Assignor,
  inAssignmentOrder,
  subscribedTopics,
} from "./assignor.ts";

/**
 * Kafka's `roundrobin`: all partitions of all topics in their order, dealt to the members in turn;
 * who does not subscribe to a topic is passed over.
 */
export const assignRoundRobin: Assignor = (members, counts) => {
  const assignment = new AssignmentBuilder(members);
  const ordered = inAssignmentOrder(members).map(({ memberId, topics }) => {
    return { memberId, topics: new Set(topics) };
  });
  let turn = 0;
  for (const topic of subscribedTopics(members, counts)) {
    for (let partition = 0; partition < (counts.get(topic) ?? 0); partition++) {
      // Ends: somebody subscribes to each of these topics.
      while (ordered[turn]?.topics.has(topic) !== true) turn = (turn + 1) % ordered.length;
      assignment.give(ordered[turn]?.memberId ?? "", topic, partition);
      turn = (turn + 1) % ordered.length;
    }
  }
  return assignment.done();
};
