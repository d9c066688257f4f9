import type { LeaderEpoch, Offset, Timestamp, TopicId } from "@zoolog/base";
import type { GroupProtocol } from "../group-event.ts";

/** What ZooKeeper keeps of a group: `/consumers/<group>` and `…/ids/<member>`. */
export type StoredGroup = {
  /** `undefined`: only offsets stand there. */
  readonly value: GroupValue | undefined;
  readonly members: ReadonlyMap<string, MemberValue>;
};

export type GroupValue = ClassicGroupValue | ConsumerGroupValue;

export type ClassicGroupValue = {
  readonly type: "classic";
  readonly generation: number;
  /** Empty: nobody ever joined, it only keeps offsets. */
  readonly protocolType: string;
  readonly protocol: string | undefined;
  readonly leader: string | undefined;
};

export type ConsumerGroupValue = {
  readonly type: "consumer";
  /** Raised by whatever may change the target assignment. */
  readonly epoch: number;
  /** The group epoch that the members' targets were made for; at most `epoch`. */
  readonly assignmentEpoch: number;
  readonly assignor: string;
};

export type MemberValue = ClassicMemberValue | ConsumerMemberValue;

export type ClassicMemberValue = {
  readonly type: "classic";
  readonly groupInstanceId: string | undefined;
  readonly clientId: string;
  readonly clientHost: string;
  readonly sessionTimeoutMs: number;
  readonly rebalanceTimeoutMs: number;
  readonly protocols: readonly GroupProtocol[];
  readonly assignment: Uint8Array;
  /**
   * The generation of `assignment`. A write that was cut off is found by it: where it is not the
   * group's, assignments of two generations stand side by side, and the group rebalances.
   */
  readonly generation: number;
};

export type ConsumerMemberValue = {
  readonly type: "consumer";
  readonly groupInstanceId: string | undefined;
  readonly clientId: string;
  readonly clientHost: string;
  readonly rack: string | undefined;
  readonly rebalanceTimeoutMs: number;
  readonly subscription: Subscription;
  readonly assignor: string | undefined;
  readonly epoch: number;
  /** Accepted, too, from a member whose last answer was lost. */
  readonly previousEpoch: number;
  /** A static member that left for now (−2): its partitions wait for it. */
  readonly isAway: boolean;
  /** What the member may use. */
  readonly assigned: PartitionMap;
  /** What it was asked to give up and may still be using: nobody else gets these. */
  readonly revoking: PartitionMap;
  readonly target: PartitionMap;
};

export type Subscription = {
  readonly topics: readonly string[];
  /** Topics whose whole name it matches; see topic-pattern.ts. */
  readonly pattern: string | undefined;
};

/** Partitions by topic id, ascending, no topic without partitions. */
export type PartitionMap = ReadonlyMap<TopicId, readonly number[]>;

/** `/consumers/<group>/offsets/<topic>/<partition>` */
export type OffsetValue = {
  readonly offset: Offset;
  readonly leaderEpoch: LeaderEpoch | undefined;
  readonly metadata: string;
  readonly timestamp: Timestamp;
  readonly topicId: TopicId;
};
