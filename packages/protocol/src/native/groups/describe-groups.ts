import { itemError } from "../errors.ts";
import {
  brokerIdField,
  bytes,
  either,
  flag,
  int32,
  list,
  object,
  optional,
  partitionIndex,
  type Static,
  text,
  topicId,
  topicName,
} from "../schema.ts";
import {
  groupIdField,
  groupIds,
  groupInstanceIdField,
  groupStateField,
  groupTypeField,
  memberIdField,
  protocolNameField,
  rackIdField,
  topicPatternField,
} from "./group-fields.ts";

/** Kafka's DescribeGroups (15) and ConsumerGroupDescribe (69) in one. */
export const describeGroupsRequest = object({ groups: groupIds() });
export type DescribeGroupsRequest = Static<typeof describeGroupsRequest>;

/** `topicId` is there where the coordinator has assigned: members of a classic group know names only. */
const ownedTopic = object({
  topicId: optional(topicId),
  topic: topicName,
  partitions: list(partitionIndex),
});

/**
 * `assignment` and `subscribedTopics` of a classic member are shown where its bytes are those of
 * Kafka's consumers; `metadata` and `assignmentBytes` are what it sent and was given.
 */
const memberDescription = object({
  memberId: memberIdField,
  groupInstanceId: optional(groupInstanceIdField),
  clientId: text({ maxLength: 1_000 }),
  clientHost: text({ maxLength: 255 }),
  rackId: optional(rackIdField),
  memberEpoch: optional(int32),
  subscribedTopics: optional(list(topicName)),
  subscribedPattern: optional(topicPatternField),
  assignor: optional(protocolNameField),
  assignment: list(ownedTopic, { description: "What it may read right now" }),
  target: optional(
    list(ownedTopic, { description: "What it is to read once the others have given it up" }),
  ),
  metadata: optional(bytes()),
  assignmentBytes: optional(bytes()),
});

/** `generation` is of the classic protocol, the epochs are of the consumer protocol. */
export const groupDescription = object({
  group: groupIdField,
  type: groupTypeField,
  state: groupStateField,
  protocolType: optional(protocolNameField),
  generation: optional(int32),
  protocol: optional(protocolNameField),
  leader: optional(memberIdField),
  groupEpoch: optional(int32),
  assignmentEpoch: optional(int32),
  assignor: optional(protocolNameField),
  coordinator: brokerIdField,
  members: list(memberDescription),
  shortened: optional(
    flag({
      description:
        "True when all of it is more than an answer holds: members are without their subscriptions, assignments and bytes",
    }),
  ),
});

export const describeGroupsResponse = object({
  groups: list(either([object({ group: groupIdField, error: itemError }), groupDescription])),
});
export type DescribeGroupsResponse = Static<typeof describeGroupsResponse>;
