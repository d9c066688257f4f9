import { defineMessage } from "../../kafka-message.ts";
import { array, boolean, error, int8, int32, string, struct } from "../../schema/message-schema.ts";
import { authorizedOperations } from "./authorized-operations.ts";

const broker = struct({
  brokerId: int32(),
  host: string(),
  port: int32(),
  rack: string({ nullFrom: 0 }),
});

/** Of the endpoints asked for: 1 for brokers, 2 for controllers. */
const endpointType = int8({ from: 1, default: 1 });

/**
 * The brokers, and which of them controls (KIP-700).
 *
 * - 1: endpoint types (KIP-919).
 */
export const describeCluster = defineMessage({
  name: "DescribeCluster",
  versions: [0, 1],
  flexibleFrom: 0,
  request: {
    includeClusterAuthorizedOperations: boolean(),
    endpointType,
  },
  response: {
    throttleTimeMs: int32({ default: 0 }),
    errorCode: error(),
    errorMessage: string({ nullFrom: 0 }),
    endpointType,
    clusterId: string(),
    controllerId: int32({ absent: -1 }),
    brokers: array(broker),
    clusterAuthorizedOperations: authorizedOperations(),
  },
});
