import { defineMessage } from "../../kafka-message.ts";
import {
  array,
  boolean,
  error,
  int32,
  int64,
  string,
  struct,
} from "../../schema/message-schema.ts";

const topicWanted = struct({ name: string(), partitionIndexes: array(int32()) });

const topicOffsets = struct({
  name: string(),
  partitions: array(
    struct({
      partitionIndex: int32(),
      committedOffset: int64({ absent: -1 }),
      committedLeaderEpoch: int32({ from: 5, absent: -1 }),
      metadata: string({ nullFrom: 0 }),
      errorCode: error(),
    }),
  ),
});

/**
 * How far groups have come.
 *
 * - 2: null (`undefined`) for all topics; an error of the whole group. 3: throttle time. 4: the
 *   broker answers before it throttles. 5: leader epochs (KIP-320). 6: flexible.
 * - 7: whether to wait for pending transactions (KIP-447).
 * - 8: several groups at once (KIP-709): `groups` instead of the rest.
 * - 9: members of the server-side protocol, with their epoch (KIP-848).
 */
export const offsetFetch = defineMessage({
  name: "OffsetFetch",
  versions: [1, 9],
  flexibleFrom: 6,
  request: {
    groupId: string({ to: 7 }),
    topics: array(topicWanted, { to: 7, nullFrom: 2 }),
    groups: array(
      struct({
        groupId: string(),
        memberId: string({ from: 9, nullFrom: 9 }),
        memberEpoch: int32({ from: 9, absent: -1 }),
        topics: array(topicWanted, { nullFrom: 8 }),
      }),
      { from: 8 },
    ),
    requireStable: boolean({ from: 7 }),
  },
  response: {
    throttleTimeMs: int32({ from: 3 }),
    topics: array(topicOffsets, { to: 7 }),
    errorCode: error({ from: 2, to: 7 }),
    groups: array(struct({ groupId: string(), topics: array(topicOffsets), errorCode: error() }), {
      from: 8,
    }),
  },
});
