import { defineMessage } from "../../kafka-message.ts";
import { array, error, int8, int32, string, struct } from "../../schema/message-schema.ts";

const coordinator = struct({
  key: string(),
  nodeId: int32({ absent: -1 }),
  host: string(),
  port: int32({ absent: -1 }),
  errorCode: error(),
  errorMessage: string({ nullFrom: 0 }),
});

/**
 * Which broker coordinates a group (key type 0) or a transactional id (1).
 *
 * - 1: key types. 2: the broker answers before it throttles. 3: flexible.
 * - 4: several keys at once (KIP-699): `coordinatorKeys` and `coordinators` instead of the rest.
 */
export const findCoordinator = defineMessage({
  name: "FindCoordinator",
  versions: [0, 4],
  flexibleFrom: 3,
  request: {
    key: string({ to: 3 }),
    keyType: int8({ from: 1 }),
    coordinatorKeys: array(string(), { from: 4 }),
  },
  response: {
    throttleTimeMs: int32({ from: 1 }),
    errorCode: error({ to: 3 }),
    errorMessage: string({ from: 1, to: 3, nullFrom: 1 }),
    nodeId: int32({ to: 3, absent: -1 }),
    host: string({ to: 3 }),
    port: int32({ to: 3, absent: -1 }),
    coordinators: array(coordinator, { from: 4 }),
  },
});
