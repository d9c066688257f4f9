import { metadataOf } from "./classic/protocol-choice.ts";
import type { RequestId } from "./group-event.ts";
import type { ClassicGroup, ClassicState } from "./state/classic-group.ts";
import type { ConsumerGroup, ConsumerState } from "./state/consumer-group.ts";
import type { GroupState } from "./state/group-state.ts";
import { samePartitions } from "./state/partition-map.ts";
import type { ConsumerMemberValue } from "./state/stored-group.ts";

/** One line of a list of groups. */
export type GroupListing = {
  readonly type: "classic" | "consumer";
  readonly state: ClassicState | ConsumerState;
  readonly protocolType: string;
  readonly members: number;
};

export function listGroup(group: GroupState): GroupListing {
  return group.type === "classic"
    ? {
        type: "classic",
        state: group.state,
        protocolType: group.protocolType,
        members: group.members.size,
      }
    : {
        type: "consumer",
        state: consumerState(group),
        protocolType: "consumer",
        members: group.members.size,
      };
}

export type GroupDescription = ClassicDescription | ConsumerDescription;

export type ClassicDescription = {
  readonly type: "classic";
  readonly state: ClassicState;
  readonly generation: number;
  readonly protocolType: string;
  readonly protocol: string | undefined;
  readonly leader: string | undefined;
  readonly members: readonly ClassicMemberDescription[];
};

export type ClassicMemberDescription = {
  readonly memberId: string;
  readonly groupInstanceId: string | undefined;
  readonly clientId: string;
  readonly clientHost: string;
  /** Of the chosen protocol; empty while none is chosen. */
  readonly metadata: Uint8Array;
  readonly assignment: Uint8Array;
};

export type ConsumerDescription = {
  readonly type: "consumer";
  readonly state: ConsumerState;
  readonly epoch: number;
  readonly assignmentEpoch: number;
  readonly assignor: string;
  readonly members: readonly (ConsumerMemberValue & { readonly memberId: string })[];
};

/** What is known of a group, for people. */
export function describeGroup(group: GroupState): GroupDescription {
  if (group.type === "classic") return describeClassic(group);
  const { epoch, assignmentEpoch, assignor } = group;
  const members = [...group.members].map(([memberId, member]) => ({ memberId, ...member }));
  const state = consumerState(group);
  return { type: "consumer", state, epoch, assignmentEpoch, assignor, members };
}

function describeClassic(group: ClassicGroup): ClassicDescription {
  const { state, generation, protocolType, protocol, leader } = group;
  const members = [...group.members].map(([memberId, member]): ClassicMemberDescription => {
    const { groupInstanceId, clientId, clientHost, assignment } = member;
    const metadata = protocol === undefined ? new Uint8Array() : metadataOf(member, protocol);
    return { memberId, groupInstanceId, clientId, clientHost, metadata, assignment };
  });
  return { type: "classic", state, generation, protocolType, protocol, leader, members };
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

/** Requests that wait for an answer: refuse them when the group is given up. */
export function parkedRequests(group: GroupState): readonly RequestId[] {
  if (group.type === "consumer") return [];
  const parked: RequestId[] = [];
  for (const { parkedJoin, parkedSync } of group.members.values()) {
    if (parkedJoin !== undefined) parked.push(parkedJoin);
    if (parkedSync !== undefined) parked.push(parkedSync);
  }
  return parked;
}
