import type { RequestOf, ResponseOf } from "./frame.ts";
import { apiVersions } from "./messages/cluster/api-versions.ts";
import { metadata } from "./messages/cluster/metadata.ts";
import { fetch } from "./messages/data/fetch.ts";
import { initProducerId } from "./messages/data/init-producer-id.ts";
import { listOffsets } from "./messages/data/list-offsets.ts";
import { offsetForLeaderEpoch } from "./messages/data/offset-for-leader-epoch.ts";
import { produce } from "./messages/data/produce.ts";
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
  InitProducerId: initProducerId,
  OffsetForLeaderEpoch: offsetForLeaderEpoch,
  DeleteGroups: deleteGroups,
  OffsetDelete: offsetDelete,
} as const;

export type KafkaApi = keyof typeof KAFKA_MESSAGES;
/** As a handler gets it. */
export type KafkaRequest<Api extends KafkaApi> = RequestOf<(typeof KAFKA_MESSAGES)[Api]>;
/** As a handler answers it. */
export type KafkaResponse<Api extends KafkaApi> = ResponseOf<(typeof KAFKA_MESSAGES)[Api]>;
