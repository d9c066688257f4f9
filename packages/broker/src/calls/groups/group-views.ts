import type { BrokerId, TopicId } from "@zoolog/base";
import {
  type ClassicGroup,
  type ClassicMember,
  type ConsumerMemberValue,
  type GroupState,
  groupStateName,
  type PartitionMap,
  type TopicsView,
} from "@zoolog/group-coordinator";
import {
  type DescribeGroupsResponse,
  decodeConsumerAssignment,
  decodeConsumerSubscription,
  type GroupStateName,
  type ListGroupsResponse,
} from "@zoolog/protocol";

/** Groups, as people are shown them. */

type GroupDescription = Exclude<
  DescribeGroupsResponse["groups"][number],
  { readonly error: unknown }
>;
type MemberDescription = GroupDescription["members"][number];
type OwnedTopic = MemberDescription["assignment"][number];

/** Whose bytes the members of a classic group exchange, so that they can be shown. */
const CONSUMERS = "consumer";

export function groupEntry(
  groupId: string,
  state: GroupState,
  coordinator: BrokerId,
): ListGroupsResponse["groups"][number] {
  return {
    group: groupId,
    type: state.type,
    state: stateName(state),
    ...protocolTypeOf(state),
    members: state.members.size,
    coordinator,
  };
}

export function groupDescription(
  groupId: string,
  state: GroupState,
  view: { readonly coordinator: BrokerId; readonly topics: TopicsView },
): GroupDescription {
  const { coordinator, topics } = view;
  const { type } = state;
  const shown = { group: groupId, type, state: stateName(state), ...protocolTypeOf(state) };
  if (state.type === "consumer") {
    const { epoch: groupEpoch, assignmentEpoch, assignor } = state;
    const members = [...state.members].map(([memberId, member]) =>
      consumerMember(memberId, member, topics),
    );
    return { ...shown, groupEpoch, assignmentEpoch, assignor, coordinator, members };
  }
  const { generation, protocol, leader } = state;
  return {
    ...shown,
    generation,
    ...(protocol === undefined ? {} : { protocol }),
    ...(leader === undefined ? {} : { leader }),
    coordinator,
    members: [...state.members].map(([memberId, member]) => classicMember(memberId, member, state)),
  };
}

/** Who is in it, and nothing of what they have sent and were assigned. */
export function shortenedDescription(
  groupId: string,
  state: GroupState,
  { coordinator }: { readonly coordinator: BrokerId },
): GroupDescription {
  return {
    group: groupId,
    type: state.type,
    state: stateName(state),
    ...protocolTypeOf(state),
    coordinator,
    shortened: true,
    members: [...state.members].map(([memberId, member]) => {
      const { groupInstanceId, clientId, clientHost } = member;
      const instance = groupInstanceId === undefined ? {} : { groupInstanceId };
      return { memberId, ...instance, clientId, clientHost, assignment: [] };
    }),
  };
}

const STATE_NAMES = {
  Empty: "empty",
  PreparingRebalance: "preparingRebalance",
  CompletingRebalance: "completingRebalance",
  Assigning: "assigning",
  Reconciling: "reconciling",
  Stable: "stable",
} as const satisfies Record<ReturnType<typeof groupStateName>, GroupStateName>;

export function stateName(state: GroupState): GroupStateName {
  return STATE_NAMES[groupStateName(state)];
}

function protocolTypeOf(state: GroupState): { readonly protocolType?: string } {
  if (state.type === "consumer") return { protocolType: CONSUMERS };
  return state.protocolType === "" ? {} : { protocolType: state.protocolType };
}

function classicMember(
  memberId: string,
  member: ClassicMember,
  group: ClassicGroup,
): MemberDescription {
  const { groupInstanceId, clientId, clientHost, protocols } = member;
  const chosen = protocols.find(({ name }) => name === group.protocol) ?? protocols[0];
  const isConsumer = group.protocolType === CONSUMERS;
  const subscription =
    isConsumer && chosen !== undefined ? decodeConsumerSubscription(chosen.metadata) : undefined;
  return {
    memberId,
    ...(groupInstanceId === undefined ? {} : { groupInstanceId }),
    clientId,
    clientHost,
    ...(subscription?.fault === undefined && subscription !== undefined
      ? { subscribedTopics: subscription.value.topics }
      : {}),
    assignment: isConsumer ? classicAssignment(member) : [],
    ...(chosen === undefined ? {} : { metadata: Buffer.from(chosen.metadata) }),
    assignmentBytes: Buffer.from(member.assignment),
  };
}

/** Bytes that nobody can read are no assignment to show; they are there beside it. */
export function classicAssignment({ assignment }: ClassicMember): readonly OwnedTopic[] {
  const decoded = decodeConsumerAssignment(assignment);
  return decoded.fault === undefined ? decoded.value.assigned : [];
}

function consumerMember(
  memberId: string,
  member: ConsumerMemberValue,
  topics: TopicsView,
): MemberDescription {
  const { groupInstanceId, clientId, clientHost, rack, epoch, subscription, assignor } = member;
  return {
    memberId,
    ...(groupInstanceId === undefined ? {} : { groupInstanceId }),
    clientId,
    clientHost,
    ...(rack === undefined ? {} : { rackId: rack }),
    memberEpoch: epoch,
    subscribedTopics: subscription.topics,
    ...(subscription.pattern === undefined ? {} : { subscribedPattern: subscription.pattern }),
    ...(assignor === undefined ? {} : { assignor }),
    assignment: namedTopics(member.assigned, topics),
    target: namedTopics(member.target, topics),
  };
}

/** Partitions of topics that are there; what was deleted meanwhile is not read by anybody. */
export function namedTopics(partitions: PartitionMap, topics: TopicsView): readonly OwnedTopic[] {
  const named = ([topicId, indexes]: readonly [TopicId, readonly number[]]): OwnedTopic[] => {
    const topic = topics.topicById(topicId)?.name;
    return topic === undefined ? [] : [{ topicId, topic, partitions: indexes }];
  };
  return [...partitions].flatMap(named).sort((a, b) => (a.topic < b.topic ? -1 : 1));
}

/** Who reads what right now, by partition. */
export function ownersOf(
  state: GroupState,
  topics: TopicsView,
): { readonly memberId: string; readonly topics: readonly OwnedTopic[] }[] {
  if (state.type === "consumer") {
    return [...state.members].map(([memberId, { assigned }]) => ({
      memberId,
      topics: namedTopics(assigned, topics),
    }));
  }
  if (state.protocolType !== CONSUMERS) return [];
  return [...state.members].map(([memberId, member]) => ({
    memberId,
    topics: classicAssignment(member),
  }));
}
