import { topicPartitionKey } from "@zoolog/base";
import {
  type AssignedMember,
  type Assignment,
  AssignmentBuilder,
  type Assignor,
} from "./assignor.ts";
import { assignSticky } from "./sticky.ts";

/**
 * Kafka's `cooperative-sticky` (KIP-429): `sticky`, in two steps. A partition that somebody else
 * still has is given to nobody: who has it sees it missing, gives it up and joins again, and the
 * rebalance after that hands it over. So no partition ever has two owners, and those that stay are
 * never interrupted.
 */
export const assignCooperativeSticky: Assignor = (members, counts) =>
  withoutHeld(members, assignSticky(members, counts));

function withoutHeld(members: readonly AssignedMember[], target: Assignment): Assignment {
  const holders = holdersOf(members);
  const assignment = new AssignmentBuilder(members);
  for (const [memberId, topics] of target) {
    for (const { partitions, topic } of topics) {
      for (const partition of partitions) {
        const held = holders.get(topicPartitionKey({ topic, partition }));
        const isFree = held === undefined || held.has(memberId);
        if (isFree) assignment.give(memberId, topic, partition);
      }
    }
  }
  return assignment.done();
}

/** Any claim counts here, however old: whoever makes it may still be reading. */
function holdersOf(members: readonly AssignedMember[]): Map<string, Set<string>> {
  const holders = new Map<string, Set<string>>();
  for (const { memberId, owned } of members) {
    for (const { partitions, topic } of owned) {
      for (const partition of partitions) {
        const key = topicPartitionKey({ topic, partition });
        holders.set(key, (holders.get(key) ?? new Set()).add(memberId));
      }
    }
  }
  return holders;
}
