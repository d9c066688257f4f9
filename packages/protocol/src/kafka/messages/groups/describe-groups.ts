import { defineMessage } from "../../kafka-message.ts";
import {
  array,
  boolean,
  bytes,
  error,
  int32,
  string,
  struct,
} from "../../schema/message-schema.ts";
import { authorizedOperations } from "../cluster/authorized-operations.ts";

const member = struct({
  memberId: string(),
  groupInstanceId: string({ from: 4, nullFrom: 4 }),
  clientId: string(),
  clientHost: string(),
  memberMetadata: bytes(),
  memberAssignment: bytes(),
});

/**
 * State and members of classic groups, from their coordinator.
 *
 * - 1: throttle time. 2: the broker answers before it throttles. 3: authorised operations (KIP-430).
 * - 4: static members (KIP-345). 5: flexible.
 */
export const describeGroups = defineMessage({
  name: "DescribeGroups",
  versions: [0, 5],
  flexibleFrom: 5,
  request: {
    groups: array(string()),
    includeAuthorizedOperations: boolean({ from: 3 }),
  },
  response: {
    throttleTimeMs: int32({ from: 1 }),
    groups: array(
      struct({
        errorCode: error(),
        groupId: string(),
        groupState: string(),
        protocolType: string(),
        protocolData: string(),
        members: array(member),
        authorizedOperations: authorizedOperations({ from: 3 }),
      }),
    ),
  },
});
