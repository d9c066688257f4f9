import type { LeaderEpoch, Offset, Timestamp, TopicId } from "@zoolog/base";

/** The content of `/consumers/<group>`. */
export type GroupZnode = ClassicGroupZnode | ConsumerGroupZnode;

/** A group whose members assign among themselves; also one that only commits offsets. */
export type ClassicGroupZnode = {
  readonly type: "classic";
  /** 0 before the first rebalance. */
  readonly generationId: number;
  readonly protocolType: string | undefined;
  readonly protocolName: string | undefined;
  /** Member id of the leader. */
  readonly leader: string | undefined;
};

/** A group whose coordinator assigns (KIP-848). */
export type ConsumerGroupZnode = {
  readonly type: "consumer";
  readonly groupEpoch: number;
  /** The group epoch for which the targets of the members were computed. */
  readonly assignmentEpoch: number;
  readonly assignor: string | undefined;
};

/** The content of `/consumers/<group>/ids/<member>`, of the same type as its group. */
export type MemberZnode = ClassicMemberZnode | ConsumerMemberZnode;

export type ClassicMemberZnode = {
  readonly type: "classic";
  readonly instanceId: string | undefined;
  readonly clientId: string;
  readonly clientHost: string;
  readonly sessionTimeoutMs: number;
  readonly rebalanceTimeoutMs: number;
  /** In the member's order of preference. */
  readonly protocols: readonly { readonly name: string; readonly metadata: Uint8Array }[];
  /** Empty before the first assignment. */
  readonly assignment: Uint8Array;
  /**
   * Of `assignment`. Where it is not the group's, assignments of two generations stand side by side.
   */
  readonly generationId: number;
};

export type ConsumerMemberZnode = {
  readonly type: "consumer";
  readonly instanceId: string | undefined;
  readonly clientId: string;
  readonly clientHost: string;
  readonly rackId: string | undefined;
  readonly rebalanceTimeoutMs: number;
  readonly subscription: {
    readonly topics: readonly string[];
    readonly pattern: string | undefined;
  };
  /** Asked for by the member. */
  readonly assignor: string | undefined;
  readonly memberEpoch: number;
  readonly previousMemberEpoch: number;
  /** A static member that left for now: what is assigned to it waits for it. */
  readonly isAway: boolean;
  readonly assigned: PartitionsByTopic;
  /** To be given up before the member may go on. */
  readonly revoking: PartitionsByTopic;
  readonly target: PartitionsByTopic;
};

export type PartitionsByTopic = ReadonlyMap<TopicId, readonly number[]>;

/** The content of `/consumers/<group>/offsets/<topic>/<p>`. */
export type CommittedOffset = {
  /** Of the next record to be read. */
  readonly offset: Offset;
  /** Of the last record read; `undefined` when the consumer did not say. */
  readonly leaderEpoch: LeaderEpoch | undefined;
  readonly metadata: string;
  readonly committedAt: Timestamp;
  /** Which topic of that name was meant; `undefined` when written by hand: any. */
  readonly topicId: TopicId | undefined;
};

/** A group as it was found. */
export type StoredGroup = {
  readonly groupId: string;
  readonly group: GroupZnode;
  readonly members: readonly { readonly memberId: string; readonly member: MemberZnode }[];
  /**
   * A change too large for one multi was interrupted, or a member cannot be read: what the members
   * say of assignments may be of different generations: let them join anew. The mark goes with the
   * next value that is written for the group itself.
   */
  readonly incomplete: boolean;
};

export type StoredOffset = {
  readonly topic: string;
  readonly partition: number;
  readonly committed: CommittedOffset;
};
