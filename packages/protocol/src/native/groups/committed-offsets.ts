import { partitionError } from "../errors.ts";
import {
  either,
  int32,
  leaderEpochField,
  object,
  offsetField,
  optional,
  partitionIndex,
  type Static,
  timestampField,
  topicsOf,
} from "../schema.ts";
import { groupIdField, memberIdField, offsetMetadataField } from "./group-fields.ts";

/** Kafka's OffsetFetch (key 9). Without `topics`: all that the group has committed. */
export const committedOffsetsRequest = object({
  groupId: groupIdField,
  memberId: optional(memberIdField),
  memberEpoch: optional(int32),
  topics: optional(topicsOf(partitionIndex)),
});
export type CommittedOffsetsRequest = Static<typeof committedOffsetsRequest>;

/** Read from ZooKeeper for each call. Without `offset`: the group has committed none. */
export const committedOffsetsResponse = object({
  topics: topicsOf(
    either([
      partitionError,
      object({
        partition: partitionIndex,
        offset: optional(offsetField),
        leaderEpoch: optional(leaderEpochField),
        metadata: optional(offsetMetadataField),
        committedAt: optional(timestampField),
      }),
    ]),
  ),
});
export type CommittedOffsetsResponse = Static<typeof committedOffsetsResponse>;
