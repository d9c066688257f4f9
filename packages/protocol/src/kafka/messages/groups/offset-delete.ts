import { defineMessage } from "../../kafka-message.ts";
import { array, error, int32, string, struct } from "../../schema/message-schema.ts";

/** Forgets how far a group has come in topics that it does not read (KIP-496). */
export const offsetDelete = defineMessage({
  name: "OffsetDelete",
  versions: [0, 0],
  request: {
    groupId: string(),
    topics: array(
      struct({ name: string(), partitions: array(struct({ partitionIndex: int32() })) }),
    ),
  },
  response: {
    errorCode: error(),
    throttleTimeMs: int32({ default: 0 }),
    topics: array(
      struct({
        name: string(),
        partitions: array(struct({ partitionIndex: int32(), errorCode: error() })),
      }),
    ),
  },
});
