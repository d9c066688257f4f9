import { itemError } from "../errors.ts";
import {
  either,
  int64,
  integer,
  leaderEpochField,
  list,
  object,
  offsetField,
  optional,
  partitionIndex,
  type Static,
  text,
  timestampField,
  topicsOf,
} from "../schema.ts";
import {
  groupIdField,
  groupIds,
  groupInstanceIdField,
  groupStateField,
  memberIdField,
  offsetMetadataField,
} from "./group-fields.ts";

/** How far groups are behind. */
export const groupLagRequest = object({ groups: groupIds() });
export type GroupLagRequest = Static<typeof groupLagRequest>;

/**
 * Partitions with a committed offset, and those assigned to a member. `error` says why the leader's
 * offsets are missing. `lag` counts records from the committed offset to the high watermark;
 * `lagMs` is the age of the first of them, 0 when there is none, missing when it is not known.
 */
const partitionLag = object({
  partition: partitionIndex,
  committed: optional(offsetField),
  committedLeaderEpoch: optional(leaderEpochField),
  committedAt: optional(timestampField),
  metadata: optional(offsetMetadataField),
  logStartOffset: optional(offsetField),
  highWatermark: optional(offsetField),
  lag: optional(int64),
  lagMs: optional(int64),
  memberId: optional(memberIdField),
  groupInstanceId: optional(groupInstanceIdField),
  clientId: optional(text({ maxLength: 1_000 })),
  clientHost: optional(text({ maxLength: 255 })),
  error: optional(itemError),
});

/**
 * `lag` is the sum and `lagMs` the greatest of what is known of the partitions. Of `unanswered` of
 * them nothing is: the group may be further behind.
 */
export const lagOfGroup = object({
  group: groupIdField,
  state: groupStateField,
  topics: topicsOf(partitionLag),
  lag: int64,
  lagMs: optional(int64),
  unanswered: integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, default: 0 }),
});

export const groupLagResponse = object({
  groups: list(either([object({ group: groupIdField, error: itemError }), lagOfGroup])),
});
export type GroupLagResponse = Static<typeof groupLagResponse>;
