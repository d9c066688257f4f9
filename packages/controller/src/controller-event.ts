import type {
  BrokerEpoch,
  BrokerId,
  LeaderEpoch,
  PartitionEpoch,
  TopicId,
  TopicPartition,
} from "@zoolog/base";
import type { ConfigOverrides } from "./image/cluster-image.ts";
import type { ObservedBroker, ObservedSlot, StoredState } from "./observed-cluster.ts";

/** Names a request; the core only carries it from the event to the reply. */
export type RequestId = string | number;

/**
 * Everything that can happen to the controller. Three sources: what was read from ZooKeeper
 * (`…Observed`: the whole truth of its kind, read again after every hint), requests of brokers and
 * admins (they carry a `requestId` and get one reply), and timers.
 */
export type ControllerEvent =
  | { readonly type: "controllerElected" }
  | { readonly type: "brokersObserved"; readonly brokers: readonly ObservedBroker[] }
  | BrokerReachabilityEvent
  | { readonly type: "partitionsObserved"; readonly partitions: readonly ObservedPartition[] }
  | ConfigsObservedEvent
  | { readonly type: "slotsObserved"; readonly slots: readonly ObservedSlot[] }
  | CreateTopicsEvent
  | CreatePartitionsEvent
  | DeleteTopicsEvent
  | AlterConfigsEvent
  | AlterPartitionEvent
  | ReplicasOfflineEvent
  | ReplicasDeletedEvent
  | ControlledShutdownEvent
  | ElectLeadersEvent
  | { readonly type: "timerFired"; readonly key: ControllerTimer };

/**
 * Unreachable: a broker's connections broke and its port refuses new ones, so its process is gone,
 * whatever ZooKeeper still says of its session. Only a refusal says so; a timeout says nothing.
 */
export type BrokerReachabilityEvent = {
  readonly type: "brokerUnreachable" | "brokerReachable";
  readonly brokerId: BrokerId;
  readonly brokerEpoch: BrokerEpoch;
};

/** `leaderImbalance`: look whether leaders should go back to the preferred replicas. */
export type ControllerTimer = "leaderImbalance";

/** What stands in ZooKeeper, read after a write conflict or by reconciliation. */
export type ObservedPartition = TopicPartition & { readonly stored: StoredState };

/** All overrides of one kind; a resource that is not named has none. */
export type ConfigsObservedEvent = {
  readonly type: "configsObserved";
  readonly kind: ConfigResource["kind"];
  readonly configs: readonly { readonly name: string; readonly overrides: ConfigOverrides }[];
};

export type ConfigResource = { readonly kind: "topic" | "broker"; readonly name: string };

export type CreateTopicsEvent = {
  readonly type: "createTopics";
  readonly requestId: RequestId;
  /** Answer what would be done, do nothing. */
  readonly validateOnly: boolean;
  readonly topics: readonly NewTopic[];
  /** Brokers whose disks take nothing more, as far as is known, with what they say: no replicas. */
  readonly fullBrokers?: ReadonlyMap<BrokerId, string> | undefined;
};

export type NewTopic = {
  readonly name: string;
  /** Used when the topic is created; the caller draws it. */
  readonly topicId: TopicId;
  /** `undefined`: the cluster's default, or what `assignment` says. */
  readonly partitions: number | undefined;
  readonly replicationFactor: number | undefined;
  /** Replicas per partition, chosen by hand; excludes the two above. */
  readonly assignment: readonly (readonly BrokerId[])[] | undefined;
  readonly configs: ConfigOverrides;
  /** Where the balanced assignment starts: any integer from 0, drawn by the caller. */
  readonly assignmentStart: number;
};

export type CreatePartitionsEvent = {
  readonly type: "createPartitions";
  readonly requestId: RequestId;
  /** Answer what would be done, do nothing. */
  readonly validateOnly: boolean;
  readonly topics: readonly MorePartitions[];
  /** As in `CreateTopicsEvent`. */
  readonly fullBrokers?: ReadonlyMap<BrokerId, string> | undefined;
};

export type MorePartitions = {
  readonly name: string;
  /** How many there are to be, those that are there included. */
  readonly count: number;
  /** Replicas of each new partition, chosen by hand. */
  readonly assignment: readonly (readonly BrokerId[])[] | undefined;
};

/** `requestId` is `undefined` for a request found in ZooKeeper (`/admin/delete_topics`). */
export type DeleteTopicsEvent = {
  readonly type: "deleteTopics";
  readonly requestId: RequestId | undefined;
  readonly topics: readonly TopicToDelete[];
};

/** With an id only that incarnation is meant, not one that was made anew under its name. */
export type TopicToDelete = { readonly name: string; readonly topicId?: TopicId | undefined };

export type AlterConfigsEvent = {
  readonly type: "alterConfigs";
  readonly requestId: RequestId;
  readonly validateOnly: boolean;
  readonly alterations: readonly ConfigAlteration[];
};

/** Changes of one resource; what is not named keeps its value (KIP-339). */
export type ConfigAlteration = ConfigResource & { readonly changes: readonly ConfigChange[] };

/** `"append"` and `"subtract"` are for settings that are lists; their items stand between commas. */
export type ConfigChange =
  | {
      readonly operation: "set" | "append" | "subtract";
      readonly name: string;
      readonly value: string;
    }
  /** Without an override, what holds elsewhere holds. */
  | { readonly operation: "delete"; readonly name: string };

/** A leader asks for another ISR (KIP-497). */
export type AlterPartitionEvent = {
  readonly type: "alterPartition";
  readonly requestId: RequestId;
  readonly brokerId: BrokerId;
  readonly brokerEpoch: BrokerEpoch;
  readonly changes: readonly IsrChange[];
};

export type IsrChange = {
  readonly topicId: TopicId;
  readonly partition: number;
  readonly leaderEpoch: LeaderEpoch;
  readonly partitionEpoch: PartitionEpoch;
  /** With the broker epoch of the fetches that proved each member in sync (KIP-903). */
  readonly isr: readonly { readonly brokerId: BrokerId; readonly brokerEpoch: BrokerEpoch }[];
};

/** A broker cannot serve some of its replicas: corrupt log, failed disk. */
export type ReplicasOfflineEvent = {
  readonly type: "replicasOffline";
  readonly requestId: RequestId | undefined;
  readonly brokerId: BrokerId;
  readonly brokerEpoch: BrokerEpoch;
  readonly replicas: readonly (TopicIdPartition & { readonly reason: string })[];
  /** Reported before under the same registration, and served again: their logs began anew. */
  readonly recovered?: readonly TopicIdPartition[] | undefined;
};

export type TopicIdPartition = { readonly topicId: TopicId; readonly partition: number };

/** A broker has deleted what `ClusterImage.deletedTopics` asked it to. */
export type ReplicasDeletedEvent = {
  readonly type: "replicasDeleted";
  readonly requestId: RequestId | undefined;
  readonly brokerId: BrokerId;
  readonly topicIds: readonly TopicId[];
};

export type ControlledShutdownEvent = {
  readonly type: "controlledShutdown";
  readonly requestId: RequestId;
  readonly brokerId: BrokerId;
  readonly brokerEpoch: BrokerEpoch;
};

export type ElectLeadersEvent = {
  readonly type: "electLeaders";
  readonly requestId: RequestId | undefined;
  /** `"unclean"` may elect a replica outside the ISR: an operator accepts the loss of records. */
  readonly election: "preferred" | "unclean";
  /** `undefined`: all that are eligible. */
  readonly partitions: readonly TopicPartition[] | undefined;
};
