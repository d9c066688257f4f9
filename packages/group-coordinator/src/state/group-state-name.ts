import type { ClassicState } from "./classic-group.ts";
import type { ConsumerGroup, ConsumerState } from "./consumer-group.ts";
import type { GroupState } from "./group-state.ts";
import { samePartitions } from "./partition-map.ts";

/** In which state the group is, as Kafka names them: stored of a classic one, else worked out. */
export function groupStateName(group: GroupState): ClassicState | ConsumerState {
  return group.type === "classic" ? group.state : consumerState(group);
}

function consumerState({ members, epoch, assignmentEpoch }: ConsumerGroup): ConsumerState {
  if (members.size === 0) return "Empty";
  if (epoch > assignmentEpoch) return "Assigning";
  for (const member of members.values()) {
    const isThere =
      member.epoch === assignmentEpoch &&
      member.revoking.size === 0 &&
      samePartitions(member.assigned, member.target);
    if (!isThere) return "Reconciling";
  }
  return "Stable";
}
