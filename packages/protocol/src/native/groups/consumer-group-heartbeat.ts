import { MAX_WAIT_MS_MAX } from "../data/fetch.ts";
import {
  int32,
  integer,
  list,
  object,
  optional,
  partitionIndex,
  type Static,
  topicId,
  topicName,
} from "../schema.ts";
import {
  assignedTopic,
  groupIdField,
  groupInstanceIdField,
  memberIdField,
  protocolNameField,
  rackIdField,
  topicPatternField,
} from "./group-fields.ts";

/**
 * Kafka's ConsumerGroupHeartbeat (key 68, KIP-848). The first one carries everything; later ones what
 * has changed. `owned` is what the member has right now: it tells that it has given partitions up.
 */
export const consumerGroupHeartbeatRequest = object({
  groupId: groupIdField,
  memberId: memberIdField,
  memberEpoch: integer(
    { minimum: -2, maximum: 0x7fff_ffff },
    { description: "0 joins, -1 leaves, -2 leaves for a while as a static member" },
  ),
  groupInstanceId: optional(groupInstanceIdField),
  rackId: optional(rackIdField),
  rebalanceTimeoutMs: optional(int32),
  subscribedTopics: optional(list(topicName)),
  subscribedPattern: optional(topicPatternField),
  serverAssignor: optional(protocolNameField),
  owned: optional(list(object({ topicId, partitions: list(partitionIndex) }))),
  maxWaitMs: optional(
    integer(
      { minimum: 0, maximum: MAX_WAIT_MS_MAX },
      { description: "how long the answer may wait for news; never longer than the interval" },
    ),
  ),
});
export type ConsumerGroupHeartbeatRequest = Static<typeof consumerGroupHeartbeatRequest>;

/**
 * `assignment` is missing while the member has been told it. `memberEpoch` echoes a leave. A member
 * that hears nothing for `sessionTimeoutMs` has lost its partitions. An answer that has waited says
 * with `heartbeatIntervalMs` 0 that the next heartbeat is due: it hears what there is.
 */
export const consumerGroupHeartbeatResponse = object({
  memberId: memberIdField,
  memberEpoch: integer({ minimum: -2, maximum: 0x7fff_ffff }),
  heartbeatIntervalMs: int32,
  sessionTimeoutMs: optional(int32),
  assignment: optional(list(assignedTopic)),
});
export type ConsumerGroupHeartbeatResponse = Static<typeof consumerGroupHeartbeatResponse>;
