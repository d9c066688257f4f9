import { defineMessage } from "../../kafka-message.ts";
import { array, error, int32, int64, string, struct } from "../../schema/message-schema.ts";

const partitionWanted = struct({
  partition: int32(),
  currentLeaderEpoch: int32({ absent: -1 }),
  leaderEpoch: int32(),
});

const partitionFound = struct({
  errorCode: error(),
  partition: int32(),
  leaderEpoch: int32({ absent: -1 }),
  endOffset: int64({ absent: -1 }),
});

/**
 * Where an epoch ends in the leader's log: how a consumer learns that what it has read was cut off
 * (KIP-320).
 *
 * - 2: the epoch that the sender takes for the current one. 3: replica id; consumers may ask who may
 *   read the topic. 4: flexible.
 */
export const offsetForLeaderEpoch = defineMessage({
  name: "OffsetForLeaderEpoch",
  versions: [2, 4],
  flexibleFrom: 4,
  request: {
    /** −2 of who does not say. */
    replicaId: int32({ from: 3, default: -2 }),
    topics: array(struct({ topic: string(), partitions: array(partitionWanted) })),
  },
  response: {
    throttleTimeMs: int32({ default: 0 }),
    topics: array(struct({ topic: string(), partitions: array(partitionFound) })),
  },
});
