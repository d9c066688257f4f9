import { defineMessage } from "../../kafka-message.ts";
import { array, error, int32, string, struct, uuid } from "../../schema/message-schema.ts";

const topicPartitions = struct({ topicId: uuid(), partitions: array(int32()) });

/**
 * Membership of a group on the server-side protocol (KIP-848): one call to join (epoch 0), to stay,
 * and to leave (−1; −2 for a static member that means to come back). What has not changed since
 * the last one is null (`undefined`).
 *
 * - 1: subscription by regular expression; the client makes its member id (KIP-1082).
 */
export const consumerGroupHeartbeat = defineMessage({
  name: "ConsumerGroupHeartbeat",
  versions: [0, 1],
  flexibleFrom: 0,
  request: {
    groupId: string(),
    memberId: string({ absent: "" }),
    memberEpoch: int32(),
    instanceId: string({ nullFrom: 0 }),
    rackId: string({ nullFrom: 0 }),
    rebalanceTimeoutMs: int32({ absent: -1 }),
    subscribedTopicNames: array(string(), { nullFrom: 0 }),
    subscribedTopicRegex: string({ from: 1, nullFrom: 1 }),
    serverAssignor: string({ nullFrom: 0 }),
    topicPartitions: array(topicPartitions, { nullFrom: 0 }),
  },
  response: {
    throttleTimeMs: int32({ default: 0 }),
    errorCode: error(),
    errorMessage: string({ nullFrom: 0 }),
    memberId: string({ nullFrom: 0 }),
    memberEpoch: int32({ default: 0 }),
    heartbeatIntervalMs: int32({ default: 0 }),
    assignment: struct({ topicPartitions: array(topicPartitions) }, { nullFrom: 0 }),
  },
});
