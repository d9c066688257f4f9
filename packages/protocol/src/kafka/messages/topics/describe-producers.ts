import { defineMessage } from "../../kafka-message.ts";
import { array, error, int32, int64, string, struct } from "../../schema/message-schema.ts";

const activeProducer = struct({
  producerId: int64(),
  producerEpoch: int32(),
  lastSequence: int32({ absent: -1 }),
  lastTimestamp: int64({ absent: -1 }),
  coordinatorEpoch: int32(),
  currentTxnStartOffset: int64({ absent: -1 }),
});

const partitionDescribed = struct({
  partitionIndex: int32(),
  errorCode: error(),
  errorMessage: string({ nullFrom: 0 }),
  activeProducers: array(activeProducer),
});

/** Who writes to partitions, as far as their leaders remember (KIP-664). */
export const describeProducers = defineMessage({
  name: "DescribeProducers",
  versions: [0, 0],
  flexibleFrom: 0,
  request: {
    topics: array(struct({ name: string(), partitionIndexes: array(int32()) })),
  },
  response: {
    throttleTimeMs: int32({ default: 0 }),
    topics: array(struct({ name: string(), partitions: array(partitionDescribed) })),
  },
});
