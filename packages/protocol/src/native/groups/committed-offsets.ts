import { itemError } from "../errors.ts";
import {
  either,
  int32,
  leaderEpochField,
  list,
  object,
  offsetField,
  optional,
  partitionIndex,
  type Static,
  timestampField,
  topicName,
} from "../schema.ts";
import { groupIdField, memberIdField, offsetMetadataField } from "./group-fields.ts";

/** Kafka's OffsetFetch (key 9). Without `topics`: all that the group has committed. */
export const committedOffsetsRequest = object({
  groupId: groupIdField,
  memberId: optional(memberIdField),
  memberEpoch: optional(int32),
  topics: optional(list(object({ topic: topicName, partitions: list(partitionIndex) }))),
});
export type CommittedOffsetsRequest = Static<typeof committedOffsetsRequest>;

/** Read from ZooKeeper for each call. Without `offset`: the group has committed none. */
export const committedOffsetsResponse = object({
  topics: list(
    object({
      topic: topicName,
      partitions: list(
        either([
          object({ partition: partitionIndex, error: itemError }),
          object({
            partition: partitionIndex,
            offset: optional(offsetField),
            leaderEpoch: optional(leaderEpochField),
            metadata: optional(offsetMetadataField),
            committedAt: optional(timestampField),
          }),
        ]),
      ),
    }),
  ),
});
export type CommittedOffsetsResponse = Static<typeof committedOffsetsResponse>;
