import type { KafkaHandlers } from "../../request-dispatch.ts";
import { consumerGroupDescribe } from "./consumer-group-describe.ts";
import { consumerGroupHeartbeat } from "./consumer-group-heartbeat.ts";
import { deleteGroups } from "./delete-groups.ts";
import { describeGroups } from "./describe-groups.ts";
import { findCoordinator } from "./find-coordinator.ts";
import type { GroupParts } from "./group-parts.ts";
import { heartbeat } from "./heartbeat.ts";
import { joinGroup } from "./join-group.ts";
import { leaveGroup } from "./leave-group.ts";
import { listGroups } from "./list-groups.ts";
import { offsetCommit } from "./offset-commit.ts";
import { offsetDelete } from "./offset-delete.ts";
import { offsetFetch } from "./offset-fetch.ts";
import { syncGroup } from "./sync-group.ts";

/**
 * Consumer groups, which are the same for both planes: a Kafka consumer and one of the SDK may be in
 * one group.
 */
export function groupHandlers(parts: GroupParts): KafkaHandlers {
  return {
    OffsetCommit: offsetCommit(parts),
    OffsetFetch: offsetFetch(parts),
    FindCoordinator: findCoordinator(parts),
    JoinGroup: joinGroup(parts),
    Heartbeat: heartbeat(parts),
    LeaveGroup: leaveGroup(parts),
    SyncGroup: syncGroup(parts),
    DescribeGroups: describeGroups(parts),
    ListGroups: listGroups(parts),
    DeleteGroups: deleteGroups(parts),
    OffsetDelete: offsetDelete(parts),
    ConsumerGroupHeartbeat: consumerGroupHeartbeat(parts),
    ConsumerGroupDescribe: consumerGroupDescribe(parts),
  };
}
