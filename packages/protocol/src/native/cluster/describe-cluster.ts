import { brokerIdField, int32, list, object, optional, type Static, text } from "../schema.ts";
import { brokerWithEndpoints } from "./metadata.ts";

export const describeClusterRequest = object({});

/** Kafka's DescribeCluster (key 60), with what operators ask for first. */
export const describeClusterResponse = object({
  clusterId: text({ maxLength: 100 }),
  controllerId: optional(brokerIdField),
  controllerEpoch: optional(int32),
  brokers: list(brokerWithEndpoints),
  topicCount: int32,
  partitionCount: int32,
  offlinePartitionCount: int32,
  underReplicatedPartitionCount: int32,
  version: text({ maxLength: 50 }, { description: "Of the answering broker" }),
});
export type DescribeClusterResponse = Static<typeof describeClusterResponse>;
