import type { Timestamp, TopicId } from "@zoolog/base";

/** What `decide` may look at beside the group and the event. */
export type GroupContext = {
  readonly now: Timestamp;
  readonly settings: GroupSettings;
  readonly topics: TopicsView;
};

/**
 * The topics of the cluster, as the image of this broker has them. Must not change while it is
 * looked at: give a new view for a new image, and the same one while the image is the same (what a
 * pattern matches is remembered with the view).
 */
export interface TopicsView {
  topic(name: string): TopicView | undefined;
  topicById(topicId: TopicId): TopicView | undefined;
  names(): Iterable<string>;
}

export type TopicView = {
  readonly name: string;
  readonly topicId: TopicId;
  readonly partitions: number;
  /** Racks of the replicas, by partition; absent: unknown. */
  readonly racks?: readonly (readonly string[])[] | undefined;
};

export type GroupSettings = {
  /** `group.min.session.timeout.ms`, `group.max.session.timeout.ms`: classic members choose between. */
  readonly sessionTimeoutMinMs: number;
  readonly sessionTimeoutMaxMs: number;
  /** `group.initial.rebalance.delay.ms`: how long the first rebalance waits for more members. */
  readonly initialRebalanceDelayMs: number;
  /** `group.max.size`: members of one group. */
  readonly groupSizeMax: number;
  /** `group.consumer.session.timeout.ms`. */
  readonly consumerSessionTimeoutMs: number;
  /** `group.consumer.heartbeat.interval.ms`: told to the members of server-side groups. */
  readonly consumerHeartbeatIntervalMs: number;
  /** `group.consumer.assignors`: the first is the default. Not empty. */
  readonly consumerAssignors: readonly AssignorName[];
  /** `offset.metadata.max.bytes`, of UTF-8. */
  readonly offsetMetadataBytesMax: number;
};

/** `uniform`: balanced, and as few partitions move as can be. `range`: co-partitioned topics. */
export type AssignorName = "uniform" | "range";

/** Kafka's defaults. */
export const DEFAULT_GROUP_SETTINGS: GroupSettings = {
  sessionTimeoutMinMs: 6_000,
  sessionTimeoutMaxMs: 1_800_000,
  initialRebalanceDelayMs: 3_000,
  groupSizeMax: 1_000,
  consumerSessionTimeoutMs: 45_000,
  consumerHeartbeatIntervalMs: 5_000,
  consumerAssignors: ["uniform", "range"],
  offsetMetadataBytesMax: 4_096,
};
