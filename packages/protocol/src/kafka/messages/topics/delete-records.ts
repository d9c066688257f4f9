import { defineMessage } from "../../kafka-message.ts";
import { array, error, int32, int64, string, struct } from "../../schema/message-schema.ts";

const partitionWanted = struct({
  partitionIndex: int32(),
  /** The first that stays; −1 (`undefined`) for the high watermark. */
  offset: int64({ absent: -1 }),
});

const partitionDeleted = struct({
  partitionIndex: int32(),
  lowWatermark: int64({ absent: -1 }),
  errorCode: error(),
});

/**
 * Deletes the records before an offset (KIP-107).
 *
 * - 1: the broker answers before it throttles. 2: flexible.
 */
export const deleteRecords = defineMessage({
  name: "DeleteRecords",
  versions: [0, 2],
  flexibleFrom: 2,
  request: {
    topics: array(struct({ name: string(), partitions: array(partitionWanted) })),
    timeoutMs: int32(),
  },
  response: {
    throttleTimeMs: int32({ default: 0 }),
    topics: array(struct({ name: string(), partitions: array(partitionDeleted) })),
  },
});
