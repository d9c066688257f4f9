import type { KafkaHandlers } from "../../request-dispatch.ts";
import type { HandlerParts } from "../handler-parts.ts";
import { describeCluster } from "./describe-cluster.ts";
import { describeLogDirs } from "./describe-log-dirs.ts";
import { electLeaders } from "./elect-leaders.ts";
import { metadata } from "./metadata.ts";

/** Brokers, who leads what, and what is on disks. */
export function clusterHandlers(parts: HandlerParts) {
  return {
    Metadata: metadata(parts),
    DescribeCluster: describeCluster(parts),
    DescribeLogDirs: describeLogDirs(parts),
    ElectLeaders: electLeaders(parts),
  } satisfies KafkaHandlers;
}
