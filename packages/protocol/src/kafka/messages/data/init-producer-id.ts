import { defineMessage } from "../../kafka-message.ts";
import { error, int16, int32, int64, string } from "../../schema/message-schema.ts";

/**
 * An id and an epoch for an idempotent producer (KIP-98); every Java producer since 3.0 asks.
 *
 * - 1: the broker answers before it throttles. 2: flexible.
 * - 3: the producer names the id and the epoch that it has (KIP-360). 4: `PRODUCER_FENCED` (KIP-588).
 */
export const initProducerId = defineMessage({
  name: "InitProducerId",
  versions: [0, 4],
  flexibleFrom: 2,
  request: {
    transactionalId: string({ nullFrom: 0 }),
    transactionTimeoutMs: int32(),
    producerId: int64({ from: 3, absent: -1 }),
    producerEpoch: int16({ from: 3, absent: -1 }),
  },
  response: {
    throttleTimeMs: int32({ default: 0 }),
    errorCode: error(),
    producerId: int64({ absent: -1 }),
    producerEpoch: int16({ default: 0 }),
  },
});
