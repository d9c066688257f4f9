import type { TopicId } from "@zoolog/base";
import type { LeavingMember, RequestId } from "./group-event.ts";

/** Refusals of a coordinator, by Kafka's error names. The planes map them to wire codes. */
export type GroupErrorCode =
  | "FENCED_INSTANCE_ID"
  | "FENCED_MEMBER_EPOCH"
  | "GROUP_ID_NOT_FOUND"
  | "GROUP_MAX_SIZE_REACHED"
  | "GROUP_SUBSCRIBED_TO_TOPIC"
  | "ILLEGAL_GENERATION"
  | "INCONSISTENT_GROUP_PROTOCOL"
  | "INVALID_REGULAR_EXPRESSION"
  | "INVALID_REQUEST"
  | "INVALID_SESSION_TIMEOUT"
  | "MEMBER_ID_REQUIRED"
  | "NON_EMPTY_GROUP"
  | "OFFSET_METADATA_TOO_LARGE"
  | "REBALANCE_IN_PROGRESS"
  | "STALE_MEMBER_EPOCH"
  | "UNKNOWN_MEMBER_ID"
  | "UNKNOWN_TOPIC_OR_PARTITION"
  | "UNRELEASED_INSTANCE_ID"
  | "UNSUPPORTED_ASSIGNOR";

/** Why something was refused, and what a person can do about it. */
export type GroupRefusal = { readonly code: GroupErrorCode; readonly message: string };

/** Release it when the durable records of its decision, and of all before it, are written. */
export type GroupReply = { readonly requestId: RequestId; readonly response: GroupResponse };

/** Each request is answered by the response of its own name, or refused. */
export type GroupResponse =
  | RefusedResponse
  | JoinGroupResponse
  | SyncGroupResponse
  | { readonly type: "heartbeat" }
  | LeaveGroupResponse
  | ConsumerGroupHeartbeatResponse
  | CommitOffsetsResponse
  | { readonly type: "deleteGroup" }
  | DeleteOffsetsResponse;

export type RefusedResponse = {
  readonly type: "refused";
  readonly error: GroupRefusal;
  /** With MEMBER_ID_REQUIRED: the id to join with. */
  readonly memberId?: string | undefined;
};

export type JoinGroupResponse = {
  readonly type: "joinGroup";
  readonly memberId: string;
  readonly generationId: number;
  readonly protocolType: string;
  readonly protocolName: string;
  readonly leader: string;
  /** The member is the leader and must not assign: what it assigned before still holds (KIP-814). */
  readonly skipAssignment: boolean;
  /** For the leader; empty for everybody else. */
  readonly members: readonly JoinedMember[];
};

export type JoinedMember = {
  readonly memberId: string;
  readonly groupInstanceId: string | undefined;
  /** Of the chosen protocol. */
  readonly metadata: Uint8Array;
};

export type SyncGroupResponse = {
  readonly type: "syncGroup";
  readonly assignment: Uint8Array;
  readonly protocolType: string;
  readonly protocolName: string;
};

export type LeaveGroupResponse = {
  readonly type: "leaveGroup";
  readonly members: readonly (LeavingMember & { readonly error?: GroupRefusal | undefined })[];
};

export type ConsumerGroupHeartbeatResponse = {
  readonly type: "consumerGroupHeartbeat";
  readonly memberId: string;
  /** −1 and −2 for members that have left, as the wire has it, become `leave` and `leaveForNow`. */
  readonly memberEpoch: number | "leave" | "leaveForNow";
  readonly heartbeatIntervalMs: number;
  /** All that the member may use; absent: as before. */
  readonly assignment: readonly AssignedTopic[] | undefined;
};

export type AssignedTopic = {
  readonly topicId: TopicId;
  /** `undefined`: deleted meanwhile. */
  readonly topic: string | undefined;
  readonly partitions: readonly number[];
};

export type CommitOffsetsResponse = {
  readonly type: "commitOffsets";
  /** In the order of the request. */
  readonly partitions: readonly PartitionResult[];
};

export type DeleteOffsetsResponse = {
  readonly type: "deleteOffsets";
  readonly partitions: readonly PartitionResult[];
};

export type PartitionResult = {
  readonly topic: string;
  readonly partition: number;
  readonly error?: GroupRefusal | undefined;
};
