import type { Offset, TopicId } from "@zoolog/base";
import type { GroupTimerKey } from "./group-timer.ts";

/** Names a request; the core only carries it from the event to the reply. */
export type RequestId = string | number;

/**
 * Everything that can happen to one group. Requests carry a `requestId` and get exactly one reply:
 * at once, or, for `joinGroup` and `syncGroup`, perhaps with a later event's decision (parked).
 */
export type GroupEvent =
  /**
   * First event after `load`: arms the timers anew. No other reason to rebalance than what is lost.
   * `graceMs`: how long after this one was appointed its predecessor may still have answered members.
   */
  | { readonly type: "groupLoaded"; readonly graceMs: number }
  | JoinGroupEvent
  | SyncGroupEvent
  | HeartbeatEvent
  | LeaveGroupEvent
  | ConsumerGroupHeartbeatEvent
  | CommitOffsetsEvent
  | { readonly type: "deleteGroup"; readonly requestId: RequestId }
  | DeleteOffsetsEvent
  /** It has no committed offset, and has had none since its last event. */
  | { readonly type: "foundWithoutOffsets" }
  /** The image's topics have changed: partitions added, topics created or deleted. */
  | { readonly type: "topicsChanged" }
  /** An armed timer's time is over. Never delivered for one that was armed again or cancelled. */
  | { readonly type: "timerFired"; readonly key: GroupTimerKey };

/** Who sends a request, as the group shows it to people. */
export type ClientIdentity = { readonly clientId: string; readonly clientHost: string };

export type JoinGroupEvent = ClientIdentity & {
  readonly type: "joinGroup";
  readonly requestId: RequestId;
  /** `undefined`: a member that has no id yet. */
  readonly memberId: string | undefined;
  /** A fresh id, drawn by the caller: `<instance id or client id>-<uuid>`. */
  readonly memberIdCandidate: string;
  readonly groupInstanceId: string | undefined;
  readonly protocolType: string;
  /** In the order of preference, the best first. */
  readonly protocols: readonly GroupProtocol[];
  readonly sessionTimeoutMs: number;
  readonly rebalanceTimeoutMs: number;
  /** For the log (KIP-800). */
  readonly reason?: string | undefined;
  /** KIP-394 (Kafka's JoinGroup v4+ and the native plane): a new dynamic member is told its id first. */
  readonly requiresKnownMemberId: boolean;
  /** KIP-814 (v9+ and the native plane): a returning static leader may be told not to assign. */
  readonly supportsSkippingAssignment: boolean;
};

/** A client-side assignor with what this member tells the leader; the coordinator does not read it. */
export type GroupProtocol = { readonly name: string; readonly metadata: Uint8Array };

export type SyncGroupEvent = {
  readonly type: "syncGroup";
  readonly requestId: RequestId;
  readonly generationId: number;
  readonly memberId: string;
  readonly groupInstanceId: string | undefined;
  /** Checked when given (KIP-559). */
  readonly protocolType: string | undefined;
  readonly protocolName: string | undefined;
  /** From the leader; empty from everybody else. */
  readonly assignments: readonly MemberAssignment[];
};

export type MemberAssignment = { readonly memberId: string; readonly assignment: Uint8Array };

export type HeartbeatEvent = {
  readonly type: "heartbeat";
  readonly requestId: RequestId;
  readonly generationId: number;
  readonly memberId: string;
  readonly groupInstanceId: string | undefined;
};

/** Members leave or an operator removes them, from a group of either type. */
export type LeaveGroupEvent = {
  readonly type: "leaveGroup";
  readonly requestId: RequestId;
  readonly members: readonly LeavingMember[];
};

/** Named by its id, its instance id, or both. */
export type LeavingMember = {
  readonly memberId?: string | undefined;
  readonly groupInstanceId?: string | undefined;
  readonly reason?: string | undefined;
};

/** KIP-848. What is `undefined` has not changed since the member's last heartbeat. */
export type ConsumerGroupHeartbeatEvent = ClientIdentity & {
  readonly type: "consumerGroupHeartbeat";
  readonly requestId: RequestId;
  /** Drawn by the client; `undefined` only with `join`: it gets `memberIdCandidate`. */
  readonly memberId: string | undefined;
  readonly memberIdCandidate: string;
  /**
   * `join`: epoch 0 on the wire. `leave`: −1. `leaveForNow`: −2, a static member that comes back
   * within its session timeout. Otherwise the epoch of the last answer.
   */
  readonly memberEpoch: number | "join" | "leave" | "leaveForNow";
  readonly groupInstanceId: string | undefined;
  readonly rackId: string | undefined;
  /** How long this member may take to give up partitions. Needed to join. */
  readonly rebalanceTimeoutMs: number | undefined;
  /** One of the two is needed to join; the empty list or pattern takes it away. */
  readonly subscribedTopics: readonly string[] | undefined;
  readonly subscribedPattern: string | undefined;
  readonly serverAssignor: string | undefined;
  /**
   * What the member still owns: all that answers have given it and that it has not given up, whether
   * it has begun to use it or not. Without it nothing counts as given up; a member also sends it
   * when its last heartbeat had no answer, and then learns its whole assignment again. An answer
   * that comes later than the session timeout after its request counts for nothing.
   */
  readonly owned: readonly TopicPartitions[] | undefined;
};

export type TopicPartitions = {
  readonly topicId: TopicId;
  readonly partitions: readonly number[];
};

/** Only checked here: the offsets themselves are always read from ZooKeeper. */
export type CommitOffsetsEvent = {
  readonly type: "commitOffsets";
  readonly requestId: RequestId;
  /** `undefined` with the next: somebody outside the group, allowed only while it is empty. */
  readonly memberId: string | undefined;
  readonly generationIdOrMemberEpoch: number | undefined;
  readonly groupInstanceId: string | undefined;
  readonly topics: readonly CommittedTopic[];
};

export type CommittedTopic = {
  readonly topic: string;
  readonly partitions: readonly {
    readonly partition: number;
    /** `undefined`: the group forgets the one it has. */
    readonly offset?: Offset | undefined;
    readonly leaderEpoch?: number | undefined;
    readonly metadata?: string | undefined;
  }[];
};

export type DeleteOffsetsEvent = {
  readonly type: "deleteOffsets";
  readonly requestId: RequestId;
  readonly topics: readonly {
    readonly topic: string;
    readonly partitions: readonly number[];
  }[];
};
