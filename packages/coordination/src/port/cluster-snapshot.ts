import type {
  BrokerEpoch,
  BrokerId,
  ControllerEpoch,
  CoordinatorEpoch,
  LeaderEpoch,
  PartitionEpoch,
  TopicId,
  TopicPartition,
} from "@zoolog/base";
import type { RegisteredBroker } from "./broker-registration.ts";

/** Everything a new controller needs to know, as one read. */
export type ClusterSnapshot = {
  readonly brokers: readonly RegisteredBroker[];
  readonly topics: readonly StoredTopic[];
  readonly unreadableTopics: readonly UnreadableTopic[];
  readonly brokerConfigs: readonly NamedConfig[];
  readonly deletedTopics: readonly DeletedTopic[];
  /** Topics somebody asked to delete by `/admin/delete_topics/<topic>`. */
  readonly deleteRequests: readonly string[];
  /** Coordinator slots that have a znode. */
  readonly coordinators: readonly StoredSlot[];
  /**
   * Znodes that could not be understood; what they stand for is left out. Topics and partition
   * states have their own place above. A topic with a fault in `topicConfigs` has other overrides
   * than `configs` says.
   */
  readonly faults: Readonly<
    Record<"brokers" | "topicConfigs" | "brokerConfigs" | "deletedTopics", readonly ZnodeFault[]>
  >;
};

/** A topic that is there, but of which nobody can say what it is. */
export type UnreadableTopic = {
  readonly name: string;
  /** Which znode it is, and what is wrong with it. */
  readonly reason: string;
  /** As kept in `…/partitions`, beside the broken znode; `undefined` when that is gone too. */
  readonly topicId: TopicId | undefined;
};

/** Config name to value; only what differs from the defaults. */
export type ConfigOverrides = Readonly<Record<string, string>>;
export type NamedConfig = { readonly name: string; readonly overrides: ConfigOverrides };

export type StoredTopic = {
  readonly name: string;
  readonly topicId: TopicId;
  readonly configs: ConfigOverrides;
  /** Indexed by partition. */
  readonly partitions: readonly StoredPartition[];
};

export type StoredPartition = {
  readonly replicas: readonly BrokerId[];
  readonly stored: StoredState;
};

export type StoredState =
  | ({ readonly status: "present" } & VersionedPartitionState)
  | { readonly status: "absent" }
  | { readonly status: "unreadable"; readonly reason: string };

export type VersionedPartitionState = {
  readonly state: PartitionState;
  /** The version of the state znode. */
  readonly partitionEpoch: PartitionEpoch;
};

/** The content of `/brokers/topics/<topic>/partitions/<p>/state`. */
export type PartitionState = {
  /** `undefined`: nobody leads. */
  readonly leader: BrokerId | undefined;
  readonly leaderEpoch: LeaderEpoch;
  readonly isr: readonly BrokerId[];
  /** Parallel to `isr`; `undefined` where the znode does not say. */
  readonly isrBrokerEpochs: readonly (BrokerEpoch | undefined)[];
  readonly controllerEpoch: ControllerEpoch;
};

/** The content of `/coordinators/<slot>`; `undefined` is what cannot be understood. */
export type StoredSlot = {
  readonly slot: number;
  /** The version of the znode. */
  readonly coordinatorEpoch: CoordinatorEpoch;
  readonly brokerId: BrokerId | undefined;
  readonly brokerEpoch: BrokerEpoch | undefined;
  readonly controllerEpoch: ControllerEpoch | undefined;
};

/** The content of `/admin/deleted_topics/<topic id>`: a tombstone. */
export type DeletedTopic = {
  readonly topicId: TopicId;
  readonly name: string;
  /** Brokers that have not confirmed yet that their replicas are deleted. */
  readonly pending: readonly BrokerId[];
};

/** What `readPartitions` found; a partition of a topic that is gone is left out. */
export type ReadPartition = TopicPartition & { readonly stored: StoredState };

export type ZnodeFault = {
  /** The last part of its path: of whom or of what it tells. */
  readonly name: string;
  /** Of the znode, where it was read: tells whether it is still the one that was known. */
  readonly czxid: number | undefined;
  /** Names the whole path and what is wrong. */
  readonly message: string;
  readonly hint: string | undefined;
};

/** What could be understood, and each znode that could not. */
export type Read<T> = { readonly value: T; readonly faults: readonly ZnodeFault[] };
