import {
  type DescribeGroupsResponse,
  encodeConsumerAssignment,
  encodeConsumerSubscription,
  type GroupStateName,
  type KafkaResponse,
} from "@zoolog/protocol";
import type { KafkaHandler } from "../../request-dispatch.ts";
import { GROUP_OPERATIONS } from "../authorized-operations.ts";
import { askedGroups } from "./asked-groups.ts";
import { clientHostOf } from "./client-host.ts";
import { groupErrorOf } from "./group-errors.ts";
import type { GroupParts } from "./group-parts.ts";
import { KAFKA_STATES } from "./group-state-names.ts";

type Described = DescribeGroupsResponse["groups"][number];
type Description = Exclude<Described, { readonly error: unknown }>;
type Member = Description["members"][number];
type ToldGroup = KafkaResponse<"DescribeGroups">["groups"][number];
type ToldMember = ToldGroup["members"][number];

const NO_BYTES = new Uint8Array();

/**
 * Groups of both protocols. Kafka calls one on the server-side protocol dead here, as its newer tools
 * ask by another call; the older ones would not see the SDK's groups at all.
 */
export function describeGroups({ api }: GroupParts): KafkaHandler<"DescribeGroups"> {
  return async ({ groups: asked, includeAuthorizedOperations }, context) => {
    const authorizedOperations = includeAuthorizedOperations ? GROUP_OPERATIONS : undefined;
    const { groups } = await api.groups["describe-groups"]({ groups: askedGroups(asked) }, context);
    return { groups: groups.map((group) => ({ ...toldGroup(group), authorizedOperations })) };
  };
}

function toldGroup(described: Described): ToldGroup {
  const { group: groupId } = described;
  if ("error" in described) {
    const { code } = described.error;
    const errorCode = code === "GROUP_ID_NOT_FOUND" ? undefined : groupErrorOf(code);
    const groupState = errorCode === undefined ? KAFKA_STATES.dead : "";
    return { errorCode, groupId, groupState, protocolType: "", protocolData: "", members: [] };
  }
  const { type, protocolType = "", state, members } = described;
  const protocol = type === "consumer" ? described.assignor : described.protocol;
  return {
    groupId,
    groupState: KAFKA_STATES[classicState(state)],
    protocolType,
    // Of the others it is the last one, or none yet.
    protocolData: state === "stable" ? (protocol ?? "") : "",
    members: members.map(type === "consumer" ? assignedMember : classicMember),
  };
}

/** Clients of this call know the states of the classic protocol only. */
function classicState(state: GroupStateName): GroupStateName {
  if (state === "assigning") return "preparingRebalance";
  return state === "reconciling" ? "completingRebalance" : state;
}

function classicMember(member: Member): ToldMember {
  const { metadata = NO_BYTES, assignmentBytes = NO_BYTES } = member;
  return { ...identityOf(member), memberMetadata: metadata, memberAssignment: assignmentBytes };
}

/** As a member of the classic protocol would have it. */
function assignedMember(member: Member): ToldMember {
  const { subscribedTopics: topics = [], assignment: assigned } = member;
  return {
    ...identityOf(member),
    memberMetadata: encodeConsumerSubscription({ topics }),
    memberAssignment: encodeConsumerAssignment({ assigned }),
  };
}

function identityOf(member: Member) {
  const { memberId, groupInstanceId, clientId } = member;
  return { memberId, groupInstanceId, clientId, clientHost: clientHostOf(member) };
}
