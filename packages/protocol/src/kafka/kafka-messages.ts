import type { RequestOf, ResponseOf } from "./frame.ts";
import { apiVersions } from "./messages/cluster/api-versions.ts";
import { describeCluster } from "./messages/cluster/describe-cluster.ts";
import { describeLogDirs } from "./messages/cluster/describe-log-dirs.ts";
import { electLeaders } from "./messages/cluster/elect-leaders.ts";
import { metadata } from "./messages/cluster/metadata.ts";
import { alterConfigs } from "./messages/configs/alter-configs.ts";
import { describeConfigs } from "./messages/configs/describe-configs.ts";
import { incrementalAlterConfigs } from "./messages/configs/incremental-alter-configs.ts";
import { fetch } from "./messages/data/fetch.ts";
import { initProducerId } from "./messages/data/init-producer-id.ts";
import { listOffsets } from "./messages/data/list-offsets.ts";
import { offsetForLeaderEpoch } from "./messages/data/offset-for-leader-epoch.ts";
import { produce } from "./messages/data/produce.ts";
import { consumerGroupDescribe } from "./messages/groups/consumer-group-describe.ts";
import { consumerGroupHeartbeat } from "./messages/groups/consumer-group-heartbeat.ts";
import { deleteGroups } from "./messages/groups/delete-groups.ts";
import { describeGroups } from "./messages/groups/describe-groups.ts";
import { findCoordinator } from "./messages/groups/find-coordinator.ts";
import { heartbeat } from "./messages/groups/heartbeat.ts";
import { joinGroup } from "./messages/groups/join-group.ts";
import { leaveGroup } from "./messages/groups/leave-group.ts";
import { listGroups } from "./messages/groups/list-groups.ts";
import { offsetCommit } from "./messages/groups/offset-commit.ts";
import { offsetDelete } from "./messages/groups/offset-delete.ts";
import { offsetFetch } from "./messages/groups/offset-fetch.ts";
import { syncGroup } from "./messages/groups/sync-group.ts";
import { createPartitions } from "./messages/topics/create-partitions.ts";
import { createTopics } from "./messages/topics/create-topics.ts";
import { deleteRecords } from "./messages/topics/delete-records.ts";
import { deleteTopics } from "./messages/topics/delete-topics.ts";
import { describeProducers } from "./messages/topics/describe-producers.ts";

/** Every call of Kafka's protocol that is spoken here, by Kafka's name, in the order of the keys. */
export const KAFKA_MESSAGES = {
  Produce: produce,
  Fetch: fetch,
  ListOffsets: listOffsets,
  Metadata: metadata,
  OffsetCommit: offsetCommit,
  OffsetFetch: offsetFetch,
  FindCoordinator: findCoordinator,
  JoinGroup: joinGroup,
  Heartbeat: heartbeat,
  LeaveGroup: leaveGroup,
  SyncGroup: syncGroup,
  DescribeGroups: describeGroups,
  ListGroups: listGroups,
  ApiVersions: apiVersions,
  CreateTopics: createTopics,
  DeleteTopics: deleteTopics,
  DeleteRecords: deleteRecords,
  InitProducerId: initProducerId,
  OffsetForLeaderEpoch: offsetForLeaderEpoch,
  DescribeConfigs: describeConfigs,
  AlterConfigs: alterConfigs,
  DescribeLogDirs: describeLogDirs,
  CreatePartitions: createPartitions,
  DeleteGroups: deleteGroups,
  ElectLeaders: electLeaders,
  IncrementalAlterConfigs: incrementalAlterConfigs,
  OffsetDelete: offsetDelete,
  DescribeCluster: describeCluster,
  DescribeProducers: describeProducers,
  ConsumerGroupHeartbeat: consumerGroupHeartbeat,
  ConsumerGroupDescribe: consumerGroupDescribe,
} as const;

export type KafkaApi = keyof typeof KAFKA_MESSAGES;
/** As a handler gets it. */
export type KafkaRequest<Api extends KafkaApi> = RequestOf<(typeof KAFKA_MESSAGES)[Api]>;
/** As a handler answers it. */
export type KafkaResponse<Api extends KafkaApi> = ResponseOf<(typeof KAFKA_MESSAGES)[Api]>;
