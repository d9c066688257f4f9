import { defineMessage } from "../../kafka-message.ts";
import { array, boolean, error, int32, string, struct, uuid } from "../../schema/message-schema.ts";
import { authorizedOperations } from "../cluster/authorized-operations.ts";

const assignment = struct({
  topicPartitions: array(
    struct({ topicId: uuid(), topicName: string(), partitions: array(int32()) }),
  ),
});

const member = struct({
  memberId: string(),
  instanceId: string({ nullFrom: 0 }),
  rackId: string({ nullFrom: 0 }),
  memberEpoch: int32(),
  clientId: string(),
  clientHost: string(),
  subscribedTopicNames: array(string()),
  subscribedTopicRegex: string({ nullFrom: 0 }),
  assignment,
  targetAssignment: assignment,
});

/** State and members of groups on the server-side protocol, from their coordinator (KIP-848). */
export const consumerGroupDescribe = defineMessage({
  name: "ConsumerGroupDescribe",
  versions: [0, 0],
  flexibleFrom: 0,
  request: {
    groupIds: array(string()),
    includeAuthorizedOperations: boolean(),
  },
  response: {
    throttleTimeMs: int32({ default: 0 }),
    groups: array(
      struct({
        errorCode: error(),
        errorMessage: string({ nullFrom: 0 }),
        groupId: string(),
        groupState: string(),
        groupEpoch: int32(),
        assignmentEpoch: int32(),
        assignorName: string(),
        members: array(member),
        authorizedOperations: authorizedOperations(),
      }),
    ),
  },
});
