import type { DescribeGroupsResponse, ErrorCode, KafkaResponse } from "@zoolog/protocol";
import type { KafkaHandler } from "../../request-dispatch.ts";
import { GROUP_OPERATIONS } from "../authorized-operations.ts";
import { askedGroups } from "./asked-groups.ts";
import { clientHostOf } from "./client-host.ts";
import { groupErrorOf } from "./group-errors.ts";
import type { GroupParts } from "./group-parts.ts";
import { KAFKA_STATES } from "./group-state-names.ts";

type Described = DescribeGroupsResponse["groups"][number];
type Member = Exclude<Described, { readonly error: unknown }>["members"][number];
type ToldGroup = KafkaResponse<"ConsumerGroupDescribe">["groups"][number];
type ToldMember = ToldGroup["members"][number];

/** Groups on the server-side protocol; clients ask by DescribeGroups for those that are not found. */
export function consumerGroupDescribe({ api }: GroupParts): KafkaHandler<"ConsumerGroupDescribe"> {
  return async ({ groupIds, includeAuthorizedOperations }, context) => {
    const authorizedOperations = includeAuthorizedOperations ? GROUP_OPERATIONS : undefined;
    const asked = askedGroups(groupIds);
    const { groups } = await api.groups["describe-groups"]({ groups: asked }, context);
    return { groups: groups.map((group) => ({ ...toldGroup(group), authorizedOperations })) };
  };
}

function toldGroup(described: Described): ToldGroup {
  const { group: groupId } = described;
  if ("error" in described) {
    return refused(groupId, groupErrorOf(described.error.code), described.error.message);
  }
  if (described.type !== "consumer") {
    return refused(groupId, "GROUP_ID_NOT_FOUND", `Group ${groupId} is not a consumer group.`);
  }
  const { state, groupEpoch = 0, assignmentEpoch = 0, assignor = "", members } = described;
  return {
    groupId,
    errorMessage: undefined,
    groupState: KAFKA_STATES[state],
    groupEpoch,
    assignmentEpoch,
    assignorName: assignor,
    members: members.map(toldMember),
  };
}

function refused(groupId: string, errorCode: ErrorCode, errorMessage: string): ToldGroup {
  const noGroup = { groupState: "", groupEpoch: 0, assignmentEpoch: 0, assignorName: "" };
  return { ...noGroup, groupId, errorCode, errorMessage, members: [] };
}

function toldMember(member: Member): ToldMember {
  const { memberId, groupInstanceId, rackId, memberEpoch = 0, clientId } = member;
  return {
    memberId,
    instanceId: groupInstanceId,
    rackId,
    memberEpoch,
    clientId,
    clientHost: clientHostOf(member),
    subscribedTopicNames: member.subscribedTopics ?? [],
    subscribedTopicRegex: member.subscribedPattern,
    assignment: { topicPartitions: named(member.assignment) },
    targetAssignment: { topicPartitions: named(member.target ?? []) },
  };
}

function named(topics: Member["assignment"]) {
  return topics.map(({ topicId, topic, partitions }) => ({
    topicId,
    topicName: topic,
    partitions,
  }));
}
