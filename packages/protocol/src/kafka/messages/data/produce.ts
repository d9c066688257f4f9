import { defineMessage } from "../../kafka-message.ts";
import {
  array,
  error,
  int16,
  int32,
  int64,
  records,
  string,
  struct,
} from "../../schema/message-schema.ts";

const partitionResponse = struct({
  index: int32(),
  errorCode: error(),
  baseOffset: int64({ absent: -1 }),
  logAppendTimeMs: int64({ absent: -1 }),
  logStartOffset: int64({ from: 5, absent: -1 }),
  recordErrors: array(
    struct({ batchIndex: int32(), batchIndexErrorMessage: string({ nullFrom: 0 }) }),
    { from: 8 },
  ),
  errorMessage: string({ from: 8, nullFrom: 8 }),
});

/**
 * Appends one batch to each partition. With acks 0 there is no answer.
 *
 * - 3: batches of magic 2 only, transactions (KIP-98). 5: log start offset (KIP-107).
 * - 7: zstd (KIP-110). 8: which records were refused, and why (KIP-467). 9: flexible.
 *
 * Versions 0 to 2 carried the old message formats and are refused. They are announced all the same,
 * as Kafka 4 does: librdkafka up to 2.11.0 compresses only where it sees version 0.
 */
export const produce = defineMessage({
  name: "Produce",
  versions: [3, 9],
  announcedFrom: 0,
  flexibleFrom: 9,
  request: {
    transactionalId: string({ nullFrom: 0 }),
    acks: int16(),
    timeoutMs: int32(),
    topicData: array(
      struct({
        name: string(),
        partitionData: array(struct({ index: int32(), records: records({ nullFrom: 0 }) })),
      }),
    ),
  },
  response: {
    responses: array(struct({ name: string(), partitionResponses: array(partitionResponse) })),
    throttleTimeMs: int32({ default: 0 }),
  },
});
