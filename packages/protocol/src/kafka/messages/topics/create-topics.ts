import { defineMessage } from "../../kafka-message.ts";
import {
  array,
  boolean,
  error,
  int8,
  int16,
  int32,
  string,
  struct,
  uuid,
} from "../../schema/message-schema.ts";

const topicWanted = struct({
  name: string(),
  /** −1 leaves it to the broker (KIP-464), or to the assignments. */
  numPartitions: int32({ absent: -1 }),
  replicationFactor: int16({ absent: -1 }),
  assignments: array(struct({ partitionIndex: int32(), brokerIds: array(int32()) })),
  configs: array(struct({ name: string(), value: string({ nullFrom: 0 }) })),
});

const configOfTopic = struct({
  name: string(),
  value: string({ nullFrom: 5 }),
  readOnly: boolean(),
  configSource: int8({ default: -1 }),
  isSensitive: boolean(),
});

const topicCreated = struct({
  name: string(),
  topicId: uuid({ from: 7 }),
  errorCode: error(),
  errorMessage: string({ nullFrom: 0 }),
  topicConfigErrorCode: error({ from: 5, tag: 0 }),
  numPartitions: int32({ from: 5, absent: -1 }),
  replicationFactor: int16({ from: 5, absent: -1 }),
  configs: array(configOfTopic, { from: 5, nullFrom: 5 }),
});

/**
 * - 3: the broker answers before it throttles. 4: defaults of the broker (KIP-464).
 * - 5: flexible; what was created, with its settings (KIP-525). 6: `THROTTLING_QUOTA_EXCEEDED`.
 * - 7: topic ids (KIP-516).
 */
export const createTopics = defineMessage({
  name: "CreateTopics",
  versions: [2, 7],
  flexibleFrom: 5,
  request: {
    topics: array(topicWanted),
    timeoutMs: int32({ default: 60_000 }),
    validateOnly: boolean(),
  },
  response: {
    throttleTimeMs: int32({ default: 0 }),
    topics: array(topicCreated),
  },
});
