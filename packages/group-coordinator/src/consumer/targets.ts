import type { TopicId } from "@zoolog/base";
import type { AssignableMember } from "../assignors/assignment-input.ts";
import { assignRanges } from "../assignors/range-assignor.ts";
import { assignUniformly } from "../assignors/uniform-assignor.ts";
import type { AssignorName, TopicsView } from "../group-context.ts";
import { samePartitions } from "../state/partition-map.ts";
import type { ConsumerMemberValue } from "../state/stored-group.ts";
import { SubscribedTopics } from "../topics/subscribed-topics.ts";
import type { ConsumerTurn } from "./consumer-turn.ts";

const ASSIGNORS = { uniform: assignUniformly, range: assignRanges };

/** Makes the targets for the group's epoch. Only members whose target differs are touched. */
export function assignTargets(turn: ConsumerTurn): void {
  const assignor = chosenAssignor(turn);
  const subscribed = new SubscribedTopics(turn.context.topics);
  const members = [...turn.members].map(
    ([memberId, member]): AssignableMember & { order: string } => ({
      memberId,
      // A static member keeps its place when its process, and with it its member id, changes.
      order: member.groupInstanceId ?? memberId,
      rack: member.rack,
      topics: subscribed.of(member.subscription),
      former: member.target,
    }),
  );
  members.sort((a, b) => (a.order < b.order ? -1 : a.order > b.order ? 1 : 0));
  for (const [memberId, target] of ASSIGNORS[assignor]({ members })) {
    const { target: former } = turn.member(memberId);
    if (!samePartitions(target, former)) turn.changeMember(memberId, { target });
  }
  turn.change({ assignmentEpoch: turn.value.epoch, assignor });
  turn.verifyTargets();
}

/** The one that most members ask for, as far as the broker has it. */
function chosenAssignor(turn: ConsumerTurn): AssignorName {
  const offered = turn.context.settings.consumerAssignors;
  const votes = new Map<string, number>();
  for (const { assignor } of turn.members.values()) {
    if (assignor !== undefined) votes.set(assignor, (votes.get(assignor) ?? 0) + 1);
  }
  const [first = "uniform"] = offered;
  return offered.reduce(
    (best, name) => ((votes.get(name) ?? 0) > (votes.get(best) ?? 0) ? name : best),
    first,
  );
}

/**
 * Whether the targets are what some assignment of these topics would be: each partition of each
 * subscribed topic once, at a member that subscribes to it. So nothing of topics has to be stored to
 * notice that they have changed, nor that targets were written in part only.
 */
export function areTargetsValid(
  members: ReadonlyMap<string, ConsumerMemberValue>,
  topics: TopicsView,
): boolean {
  const subscribed = new SubscribedTopics(topics);
  const sets = new Map<readonly unknown[], ReadonlyMap<TopicId, number>>();
  const wanted = new Map<TopicId, Uint8Array>();
  let missing = 0;
  for (const { subscription } of members.values()) {
    const list = subscribed.of(subscription);
    if (sets.has(list)) continue;
    sets.set(list, new Map(list.map(({ topicId, partitions }) => [topicId, partitions])));
    for (const { topicId, partitions } of list) {
      if (wanted.has(topicId)) continue;
      wanted.set(topicId, new Uint8Array(partitions));
      missing += partitions;
    }
  }
  for (const { subscription, target } of members.values()) {
    const own = sets.get(subscribed.of(subscription));
    for (const [topicId, partitions] of target) {
      const count = own?.get(topicId) ?? 0;
      const taken = wanted.get(topicId);
      for (const partition of partitions) {
        if (taken === undefined || partition >= count || taken[partition] === 1) return false;
        taken[partition] = 1;
        missing--;
      }
    }
  }
  return missing === 0;
}
