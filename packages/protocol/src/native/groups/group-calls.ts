import { commitOffsetsRequest, commitOffsetsResponse } from "./commit-offsets.ts";
import { committedOffsetsRequest, committedOffsetsResponse } from "./committed-offsets.ts";
import {
  consumerGroupHeartbeatRequest,
  consumerGroupHeartbeatResponse,
} from "./consumer-group-heartbeat.ts";
import { deleteGroupsRequest, deleteGroupsResponse } from "./delete-groups.ts";
import { deleteOffsetsRequest, deleteOffsetsResponse } from "./delete-offsets.ts";
import { describeGroupsRequest, describeGroupsResponse } from "./describe-groups.ts";
import { findCoordinatorRequest, findCoordinatorResponse } from "./find-coordinator.ts";
import { groupLagRequest, groupLagResponse } from "./group-lag.ts";
import { heartbeatRequest, heartbeatResponse } from "./heartbeat.ts";
import { joinGroupRequest, joinGroupResponse } from "./join-group.ts";
import { leaveGroupRequest, leaveGroupResponse } from "./leave-group.ts";
import { listGroupsRequest, listGroupsResponse } from "./list-groups.ts";
import { syncGroupRequest, syncGroupResponse } from "./sync-group.ts";

/**
 * Calls about consumer groups. What members ask is for the group's coordinator alone; another broker
 * answers `NOT_COORDINATOR`. What administrators ask is passed on to it.
 */
export const GROUP_CALLS = {
  "find-coordinator": {
    summary: "Which broker coordinates a group",
    request: findCoordinatorRequest,
    response: findCoordinatorResponse,
  },
  "consumer-group-heartbeat": {
    summary: "Join, stay in and leave a group whose coordinator assigns (KIP-848)",
    request: consumerGroupHeartbeatRequest,
    response: consumerGroupHeartbeatResponse,
  },
  "join-group": {
    summary: "Join a group whose members assign; waits for the others",
    request: joinGroupRequest,
    response: joinGroupResponse,
  },
  "sync-group": {
    summary: "Tell and learn the assignment of a generation",
    request: syncGroupRequest,
    response: syncGroupResponse,
  },
  heartbeat: {
    summary: "Stay in a group whose members assign",
    request: heartbeatRequest,
    response: heartbeatResponse,
  },
  "leave-group": {
    summary: "Leave a group, or remove members from it",
    request: leaveGroupRequest,
    response: leaveGroupResponse,
  },
  "commit-offsets": {
    summary: "Store in ZooKeeper where a group goes on reading",
    request: commitOffsetsRequest,
    response: commitOffsetsResponse,
  },
  "committed-offsets": {
    summary: "Where a group goes on reading",
    request: committedOffsetsRequest,
    response: committedOffsetsResponse,
  },
  "list-groups": {
    summary: "The groups that this broker coordinates",
    request: listGroupsRequest,
    response: listGroupsResponse,
  },
  "describe-groups": {
    summary: "Groups with their members and who reads what",
    request: describeGroupsRequest,
    response: describeGroupsResponse,
  },
  "group-lag": {
    summary: "How far groups are behind, in records and in time",
    request: groupLagRequest,
    response: groupLagResponse,
  },
  "delete-groups": {
    summary: "Delete groups without members, with their offsets",
    request: deleteGroupsRequest,
    response: deleteGroupsResponse,
  },
  "delete-offsets": {
    summary: "Forget where a group goes on reading topics",
    request: deleteOffsetsRequest,
    response: deleteOffsetsResponse,
  },
} as const;

export type GroupCall = keyof typeof GROUP_CALLS;
