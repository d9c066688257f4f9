import type { BrokerId, PartitionEpoch, TopicId, TopicPartition } from "@zoolog/base";
import type { ConfigResource, TopicIdPartition } from "./controller-event.ts";
import type { ConfigOverrides, PartitionState } from "./image/cluster-image.ts";

/** Refusals of the controller, by Kafka's error names. The planes map them to wire codes. */
export type ControllerErrorCode =
  | "ELECTION_NOT_NEEDED"
  | "ELIGIBLE_LEADERS_NOT_AVAILABLE"
  | "FENCED_LEADER_EPOCH"
  | "INELIGIBLE_REPLICA"
  | "INVALID_CONFIG"
  | "INVALID_PARTITIONS"
  | "INVALID_REPLICATION_FACTOR"
  | "INVALID_REPLICA_ASSIGNMENT"
  | "INVALID_REQUEST"
  | "INVALID_TOPIC_EXCEPTION"
  | "INVALID_UPDATE_VERSION"
  | "KAFKA_STORAGE_ERROR"
  | "NOT_CONTROLLER"
  | "PREFERRED_LEADER_NOT_AVAILABLE"
  | "STALE_BROKER_EPOCH"
  | "TOPIC_ALREADY_EXISTS"
  | "TOPIC_DELETION_DISABLED"
  | "UNKNOWN_TOPIC_ID"
  | "UNKNOWN_TOPIC_OR_PARTITION";

/** Why something was refused, and what a person can do about it. */
export type Refusal = { readonly code: ControllerErrorCode; readonly message: string };

/** An item of a reply: either `error` says why it was refused, or the rest says what was done. */
export type ItemResult<Item, Done> =
  | (Item & { readonly error: Refusal })
  | (Item & Done & { readonly error?: undefined });

export type ControllerResponse =
  | { readonly type: "createTopics"; readonly topics: readonly CreatedTopic[] }
  | { readonly type: "createPartitions"; readonly topics: readonly ExtendedTopic[] }
  | { readonly type: "deleteTopics"; readonly topics: readonly DeletedTopicResult[] }
  | { readonly type: "alterConfigs"; readonly resources: readonly AlteredConfig[] }
  | AlterPartitionResponse
  | { readonly type: "replicasOffline"; readonly error?: Refusal }
  | { readonly type: "replicasDeleted" }
  | ControlledShutdownResponse
  | { readonly type: "electLeaders"; readonly partitions: readonly ElectedLeader[] };

export type CreatedTopic = ItemResult<
  { readonly name: string },
  {
    readonly topicId: TopicId;
    readonly partitions: number;
    readonly replicationFactor: number;
    readonly configs: ConfigOverrides;
  }
>;

export type ExtendedTopic = ItemResult<
  { readonly name: string },
  {
    /** All of the topic. */
    readonly partitions: number;
    /** Replicas of those that were added. */
    readonly added: readonly (readonly BrokerId[])[];
  }
>;

export type DeletedTopicResult = ItemResult<
  { readonly name: string },
  /** `undefined`: its znode could not be read and nothing else told. */
  { readonly topicId: TopicId | undefined }
>;

export type AlteredConfig = ItemResult<ConfigResource, { readonly overrides: ConfigOverrides }>;

export type AlterPartitionResponse = {
  readonly type: "alterPartition";
  /** The whole request was refused: `STALE_BROKER_EPOCH`. */
  readonly error?: Refusal;
  readonly partitions: readonly AlteredPartition[];
};

export type AlteredPartition = ItemResult<
  TopicIdPartition,
  {
    /** As much of it as its leader wants to know. */
    readonly state: Pick<PartitionState, "leader" | "leaderEpoch" | "isr">;
    readonly partitionEpoch: PartitionEpoch;
  }
>;

export type ControlledShutdownResponse = {
  readonly type: "controlledShutdown";
  readonly error?: Refusal;
  /** Partitions the broker still leads because nobody else can: ask again, or leave anyway. */
  readonly remaining: readonly TopicPartition[];
};

export type ElectedLeader = ItemResult<TopicPartition, { readonly leader: BrokerId }>;
