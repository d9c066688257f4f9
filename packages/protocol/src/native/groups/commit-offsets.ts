import { partitionOutcome } from "../errors.ts";
import {
  int32,
  leaderEpochField,
  object,
  offsetField,
  optional,
  partitionIndex,
  type Static,
  topicsOf,
} from "../schema.ts";
import {
  groupIdField,
  groupInstanceIdField,
  memberIdField,
  offsetMetadataField,
} from "./group-fields.ts";

/**
 * Kafka's OffsetCommit (key 8): the offset is that of the next record to read. Without a member:
 * by a tool, or a consumer that assigns itself; only while the group has no members. It is answered
 * when ZooKeeper has the offsets. Without an offset the group forgets the one it has.
 */
export const commitOffsetsRequest = object({
  groupId: groupIdField,
  memberId: optional(memberIdField),
  generationIdOrMemberEpoch: optional(int32),
  groupInstanceId: optional(groupInstanceIdField),
  topics: topicsOf(
    object({
      partition: partitionIndex,
      offset: optional(offsetField),
      leaderEpoch: optional(leaderEpochField),
      metadata: optional(offsetMetadataField),
    }),
  ),
});
export type CommitOffsetsRequest = Static<typeof commitOffsetsRequest>;

export const commitOffsetsResponse = object({
  topics: topicsOf(partitionOutcome),
});
export type CommitOffsetsResponse = Static<typeof commitOffsetsResponse>;
