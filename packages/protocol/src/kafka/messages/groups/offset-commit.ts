import { defineMessage } from "../../kafka-message.ts";
import { array, error, int32, int64, string, struct } from "../../schema/message-schema.ts";

const partitionCommitted = struct({
  partitionIndex: int32(),
  committedOffset: int64(),
  committedLeaderEpoch: int32({ from: 6, absent: -1 }),
  committedMetadata: string({ nullFrom: 0 }),
});

/**
 * How far a group has come.
 *
 * - 2: retention of these offsets. 3: throttle time. 4: the broker answers before it throttles.
 * - 5: no retention any more (KIP-211). 6: leader epochs (KIP-320). 7: static members (KIP-345).
 * - 8: flexible. 9: members of the server-side protocol, with their epoch (KIP-848).
 *
 * Without a generation the offsets are of nobody's membership: only a group without members takes them.
 */
export const offsetCommit = defineMessage({
  name: "OffsetCommit",
  versions: [2, 9],
  flexibleFrom: 8,
  request: {
    groupId: string(),
    generationIdOrMemberEpoch: int32({ absent: -1 }),
    memberId: string({ absent: "" }),
    groupInstanceId: string({ from: 7, nullFrom: 7 }),
    retentionTimeMs: int64({ to: 4, absent: -1 }),
    topics: array(struct({ name: string(), partitions: array(partitionCommitted) })),
  },
  response: {
    throttleTimeMs: int32({ from: 3 }),
    topics: array(
      struct({
        name: string(),
        partitions: array(struct({ partitionIndex: int32(), errorCode: error() })),
      }),
    ),
  },
});
