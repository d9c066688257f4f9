import { defineMessage } from "../../kafka-message.ts";
import { array, error, int8, int32, int64, string, struct } from "../../schema/message-schema.ts";

const partitionWanted = struct({
  partitionIndex: int32(),
  currentLeaderEpoch: int32({ from: 4, absent: -1 }),
  /** −1 asks for the end, −2 for the start, −3 for the greatest time; see below. */
  timestamp: int64(),
});

const partitionFound = struct({
  partitionIndex: int32(),
  errorCode: error(),
  timestamp: int64({ absent: -1 }),
  offset: int64({ absent: -1 }),
  leaderEpoch: int32({ from: 4, absent: -1 }),
});

/**
 * The first offset at or after a time (KIP-79), or one of the ends.
 *
 * - 2: isolation level (KIP-98). 3: the broker answers before it throttles.
 * - 4: leader epochs (KIP-320). 5: `OFFSET_NOT_AVAILABLE` (KIP-207). 6: flexible.
 * - 7: timestamp −3, the record with the greatest time (KIP-734). 8: −4, the start of what is on the
 *   broker itself (KIP-405). 9: −5, the end of what is in tiered storage (KIP-1005).
 */
export const listOffsets = defineMessage({
  name: "ListOffsets",
  versions: [1, 9],
  flexibleFrom: 6,
  request: {
    replicaId: int32({ absent: -1 }),
    isolationLevel: int8({ from: 2 }),
    topics: array(struct({ name: string(), partitions: array(partitionWanted) })),
  },
  response: {
    throttleTimeMs: int32({ from: 2 }),
    topics: array(struct({ name: string(), partitions: array(partitionFound) })),
  },
});
