import { ZoologError } from "@zoolog/base";
import {
  type ConsumerSubscription,
  type DecodedPayload,
  decodeConsumerAssignment,
  decodeConsumerSubscription,
  decodeCooperativeStickyUserData,
  decodeStickyUserData,
  encodeConsumerAssignment,
  encodeConsumerSubscription,
  encodeCooperativeStickyUserData,
  encodeStickyUserData,
  type JoinGroupResponse,
  type TopicPartitions,
} from "@zoolog/protocol";
import type { AssignorName } from "../consumer-options.ts";
import type { AssignedMember, Assignor } from "./assignors/assignor.ts";
import { assignCooperativeSticky } from "./assignors/cooperative-sticky.ts";
import { assignRange } from "./assignors/range.ts";
import { assignRoundRobin } from "./assignors/round-robin.ts";
import { assignSticky } from "./assignors/sticky.ts";
import type { MemberPartition } from "./membership.ts";

export type JoinedMember = Extract<
  JoinGroupResponse,
  { readonly members: unknown }
>["members"][number];

const ASSIGNORS: Readonly<Record<AssignorName, Assignor>> = {
  range: assignRange,
  roundrobin: assignRoundRobin,
  sticky: assignSticky,
  "cooperative-sticky": assignCooperativeSticky,
};

/** What a member tells the leader, for each assignor that it offers. */
export function joinProtocols(
  assignors: readonly AssignorName[],
  member: {
    readonly topics: readonly string[];
    /** What it reads while it joins: nothing, unless it is cooperative. */
    readonly owned: readonly MemberPartition[];
    /** What it had last: the sticky assignor gives it back. */
    readonly previous: readonly MemberPartition[];
    readonly generation: number | undefined;
    readonly rack: string | undefined;
  },
): { name: string; metadata: Buffer }[] {
  const { generation, rack, topics } = member;
  return assignors.map((name) => {
    const userData = userDataOf(name, toTopicPartitions(member.previous), generation);
    const subscription: ConsumerSubscription = {
      topics,
      owned: toTopicPartitions(member.owned),
      ...(userData === undefined ? {} : { userData }),
      ...(generation === undefined ? {} : { generation }),
      ...(rack === undefined ? {} : { rack }),
    };
    return { name, metadata: encodeConsumerSubscription(subscription) };
  });
}

function userDataOf(
  name: AssignorName,
  owned: readonly TopicPartitions[],
  generation: number | undefined,
): Buffer | undefined {
  if (name === "cooperative-sticky") return encodeCooperativeStickyUserData(generation);
  if (name !== "sticky" || generation === undefined) return undefined;
  return encodeStickyUserData({ owned, generation });
}

/** @param onFault a member whose bytes cannot be read is given nothing. */
export function readMembers(
  name: AssignorName,
  members: readonly JoinedMember[],
  onFault: (memberId: string, fault: string) => void,
): AssignedMember[] {
  return members.map(({ groupInstanceId, memberId, metadata }) => {
    const decoded = decodeConsumerSubscription(metadata);
    if (decoded.fault !== undefined) onFault(memberId, decoded.fault);
    const subscription = decoded.fault === undefined ? decoded.value : { topics: [] };
    return {
      memberId,
      ...(groupInstanceId === undefined ? {} : { instanceId: groupInstanceId }),
      topics: subscription.topics,
      ...claimOf(name, subscription),
    };
  });
}

/** The sticky assignors have their own word for what a member has had. */
function claimOf(
  name: AssignorName,
  { generation, owned = [], userData }: ConsumerSubscription,
): Pick<AssignedMember, "owned" | "generation"> {
  const decode: (bytes: Uint8Array) => DecodedPayload<Partial<AssignedMember>> =
    name === "sticky" ? decodeStickyUserData : decodeCooperativeStickyUserData;
  const isSticky = name === "sticky" || name === "cooperative-sticky";
  const own = isSticky && userData !== undefined ? decode(userData) : undefined;
  if (own === undefined || own.fault !== undefined) return { owned, generation };
  return { owned: own.value.owned ?? owned, generation: own.value.generation ?? generation };
}

/** What the leader hands to the coordinator, by member. */
export function assignMembers(
  name: AssignorName,
  members: readonly AssignedMember[],
  counts: ReadonlyMap<string, number>,
): { memberId: string; assignment: Buffer }[] {
  return [...ASSIGNORS[name](members, counts)].map(([memberId, assigned]) => {
    return { memberId, assignment: encodeConsumerAssignment({ assigned }) };
  });
}

/** @throws ZoologError `INCONSISTENT_GROUP_PROTOCOL`: the leader has written something else. */
export function readAssignment(bytes: Uint8Array): MemberPartition[] {
  const decoded = decodeConsumerAssignment(bytes);
  if (decoded.fault === undefined) return toMemberPartitions(decoded.value.assigned);
  const message = `the assignment of the group's leader cannot be read: ${decoded.fault}`;
  throw new ZoologError({ code: "INCONSISTENT_GROUP_PROTOCOL", message });
}

export function isAssignorName(name: string): name is AssignorName {
  return name in ASSIGNORS;
}

/** The classic protocol knows topics by name alone. */
function toMemberPartitions(topics: readonly TopicPartitions[]): MemberPartition[] {
  return topics.flatMap(({ partitions, topic }) =>
    partitions.map((partition) => ({ topicId: topic, topic, partition })),
  );
}

function toTopicPartitions(partitions: readonly MemberPartition[]): TopicPartitions[] {
  const topics = new Map<string, number[]>();
  for (const { partition, topic } of partitions) {
    topics.set(topic, [...(topics.get(topic) ?? []), partition]);
  }
  return [...topics].map(([topic, numbers]) => ({ topic, partitions: numbers }));
}
