import { orRefused } from "../../call-failure.ts";
import type { KafkaHandler } from "../../request-dispatch.ts";
import { CLUSTER_OPERATIONS } from "../authorized-operations.ts";
import type { HandlerParts } from "../handler-parts.ts";
import { administrator } from "./brokers-of-listener.ts";

/** Kafka's number of the endpoints of brokers (KIP-919). */
const OF_BROKERS = 1;

export function describeCluster({ api }: HandlerParts): KafkaHandler<"DescribeCluster"> {
  return async ({ endpointType, includeClusterAuthorizedOperations }, context) => {
    const nobody = { clusterId: "", brokers: [], endpointType };
    if (endpointType !== OF_BROKERS) {
      const errorMessage = "this is an endpoint of brokers: there are none of controllers here";
      return { ...nobody, errorCode: "MISMATCHED_ENDPOINT_TYPE", errorMessage };
    }
    const found = await orRefused(api.describeCluster(context));
    if ("refused" in found) return { ...nobody, ...found.refused };
    const brokers = api.brokersAt(context.listener);
    return {
      ...{ endpointType, errorMessage: undefined, clusterId: found.clusterId },
      controllerId: administrator(found.controllerId, brokers),
      brokers: brokers.map(({ brokerId, host, port, rack }) => ({ brokerId, host, port, rack })),
      clusterAuthorizedOperations: includeClusterAuthorizedOperations
        ? CLUSTER_OPERATIONS
        : undefined,
    };
  };
}
