import type {
  BrokerEpoch,
  BrokerId,
  ControllerEpoch,
  CoordinatorEpoch,
  PartitionEpoch,
  TopicId,
} from "@zoolog/base";
import type { ConfigResource } from "../controller-event.ts";
import type {
  BrokerImage,
  ConfigOverrides,
  OfflineReplica,
  PartitionState,
} from "../image/cluster-image.ts";
import type { ObservedSlot } from "../observed-cluster.ts";

/**
 * What the controller decided or learnt. Durable records are persisted first and applied when that
 * has succeeded; observed ones say what is true already (it stands in ZooKeeper or in a broker's
 * memory), and are applied at once.
 *
 * | record | persisted as |
 * | --- | --- |
 * | `topicCreated` | topic, config and state znodes |
 * | `partitionsCreated` | the topic znode, compared with what it was; state znodes |
 * | `partitionStateChanged` | the state znode, compared by `expectedPartitionEpoch` |
 * | `topicDeleted` | tombstone created, topic and config znodes and delete request removed |
 * | `unreadableTopicDeleted` | the same, by name; no tombstone without a topic id |
 * | `deleteRequestDiscarded` | the delete request removed: it named no topic |
 * | `replicasDeleted` | the tombstone written again with who is left, or removed |
 * | `configChanged` | the config znode and a change notification |
 * | `slotChanged` | the znode of the slot, compared by `expectedCoordinatorEpoch` |
 * | all others | not at all: observed |
 */
export type ControllerRecord = DurableRecord | ObservedRecord;

export type DurableRecord =
  | TopicCreated
  | PartitionsCreated
  | PartitionStateChanged
  | TopicDeleted
  | UnreadableTopicDeleted
  | { readonly type: "deleteRequestDiscarded"; readonly topic: string }
  | ReplicasDeleted
  | ConfigChanged
  | SlotChanged;

export type ObservedRecord =
  | { readonly type: "brokerRegistered"; readonly broker: BrokerImage }
  | { readonly type: "brokerRemoved"; readonly brokerId: BrokerId }
  | BrokerReachabilityChanged
  | ReplicaOffline
  | ReplicaRecovered
  | PartitionObserved
  | PartitionUnreadable
  | ConfigObserved
  | SlotObserved
  | OfflineReasonChanged;

export type BrokerReachabilityChanged = {
  readonly type: "brokerUnreachable" | "brokerReachable";
  readonly brokerId: BrokerId;
  /** The life of the broker that it is about; a new registration knows nothing of it. */
  readonly brokerEpoch: BrokerEpoch;
};

export type TopicCreated = {
  readonly type: "topicCreated";
  readonly name: string;
  readonly topicId: TopicId;
  readonly configs: ConfigOverrides;
  /** Indexed by partition. */
  readonly partitions: readonly {
    readonly replicas: readonly BrokerId[];
    readonly state: PartitionState;
  }[];
};

/** Partitions behind those that a topic has. */
export type PartitionsCreated = {
  readonly type: "partitionsCreated";
  readonly topic: string;
  readonly topicId: TopicId;
  /** Replicas of the partitions that are there: what the topic znode must still say. */
  readonly existing: readonly (readonly BrokerId[])[];
  /** The first of them has the number `existing.length`. */
  readonly partitions: TopicCreated["partitions"];
};

export type PartitionStateChanged = {
  readonly type: "partitionStateChanged";
  readonly topic: string;
  readonly topicId: TopicId;
  readonly partition: number;
  /** `undefined`: the state is written for the first time. */
  readonly expectedPartitionEpoch: PartitionEpoch | undefined;
  /** Once persisted: the expected one plus 1, or 0 for the first. */
  readonly partitionEpoch: PartitionEpoch;
  readonly state: PartitionState;
  /** For logs and for people who ask why there is no leader. */
  readonly reason: string;
};

export type TopicDeleted = {
  readonly type: "topicDeleted";
  readonly topic: string;
  readonly topicId: TopicId;
  /** Number of partitions, so that the znodes can be removed without listing them. */
  readonly partitions: number;
  /** Brokers that hold a replica, alive or away: each must confirm its deletion. */
  readonly replicas: readonly BrokerId[];
};

/** A topic of which nobody could say what it is, see `UnreadableTopic`. */
export type UnreadableTopicDeleted = {
  readonly type: "unreadableTopicDeleted";
  readonly topic: string;
  readonly topicId: TopicId | undefined;
  /** Who held replicas is not known: all brokers that are there. */
  readonly replicas: readonly BrokerId[];
};

export type ReplicasDeleted = {
  readonly type: "replicasDeleted";
  readonly topic: string;
  readonly topicId: TopicId;
  /** Who has not confirmed yet; empty ends the deletion. */
  readonly pending: readonly BrokerId[];
};

export type ConfigChanged = ConfigResource & {
  readonly type: "configChanged";
  /** All overrides of the resource, not only the changed ones. */
  readonly overrides: ConfigOverrides;
};

export type ConfigObserved = ConfigResource & {
  readonly type: "configObserved";
  readonly overrides: ConfigOverrides;
};

export type SlotChanged = {
  readonly type: "slotChanged";
  readonly slot: number;
  /** `undefined`: its znode is to be created. */
  readonly expectedCoordinatorEpoch: CoordinatorEpoch | undefined;
  /** Once persisted: above every epoch the slot is known to have had. */
  readonly coordinatorEpoch: CoordinatorEpoch;
  readonly controllerEpoch: ControllerEpoch;
  readonly brokerId: BrokerId;
  readonly brokerEpoch: BrokerEpoch;
  /** For logs. */
  readonly reason: string;
};

/** Somebody else wrote the znode of a slot, or removed it (`undefined`). */
export type SlotObserved = {
  readonly type: "slotObserved";
  readonly slot: number;
  readonly stored: Omit<ObservedSlot, "slot"> | undefined;
};

export type ReplicaOffline = {
  readonly type: "replicaOffline";
  readonly topic: string;
  readonly partition: number;
  readonly replica: OfflineReplica;
};

/** Its broker serves it again. It joins the ISR when its leader asks for that. */
export type ReplicaRecovered = {
  readonly type: "replicaRecovered";
  readonly topic: string;
  readonly partition: number;
  readonly brokerId: BrokerId;
};

/** Somebody else wrote a state, or removed it (`undefined`). Its leader is elected anew. */
export type PartitionObserved = {
  readonly type: "partitionObserved";
  readonly topic: string;
  readonly partition: number;
  readonly stored:
    | { readonly state: PartitionState; readonly partitionEpoch: PartitionEpoch }
    | undefined;
};

export type PartitionUnreadable = {
  readonly type: "partitionUnreadable";
  readonly topic: string;
  readonly partition: number;
  readonly reason: string;
};

export type OfflineReasonChanged = {
  readonly type: "offlineReasonChanged";
  readonly topic: string;
  readonly partition: number;
  readonly reason: string;
};
