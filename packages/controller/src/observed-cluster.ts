import type {
  BrokerEpoch,
  BrokerId,
  ControllerEpoch,
  CoordinatorEpoch,
  PartitionEpoch,
  TopicId,
} from "@zoolog/base";
import type {
  BrokerImage,
  ClusterImage,
  ConfigOverrides,
  DeletedTopic,
  PartitionState,
  UnreadableTopic,
} from "./image/cluster-image.ts";

/**
 * What ZooKeeper says of the cluster, as the runtime has read it: all of it before the first event of
 * a new controller (`loadController` makes its state of it), parts of it in events later.
 */
export type ControllerLoad = {
  readonly clusterId: string;
  readonly controllerId: BrokerId;
  readonly controllerEpoch: ControllerEpoch;
  readonly brokers: readonly ObservedBroker[];
  readonly topics: readonly LoadedTopic[];
  readonly unreadableTopics: readonly UnreadableTopic[];
  readonly brokerConfigs: readonly { readonly name: string; readonly overrides: ConfigOverrides }[];
  readonly deletedTopics: readonly DeletedTopic[];
  readonly coordinators: readonly ObservedSlot[];
  /** What was followed of the reign before: that a broker leaves stands nowhere in ZooKeeper. */
  readonly predecessor?: ClusterImage | undefined;
};

/** The znode of a slot, as it was read. Slots that are not named have none. */
export type ObservedSlot = {
  readonly slot: number;
  /** `undefined` when it cannot be understood: somebody will be assigned. */
  readonly brokerId: BrokerId | undefined;
  readonly brokerEpoch: BrokerEpoch | undefined;
  readonly coordinatorEpoch: CoordinatorEpoch;
};

export type LoadedTopic = {
  readonly name: string;
  readonly topicId: TopicId;
  readonly configs: ConfigOverrides;
  /** Indexed by partition. */
  readonly partitions: readonly LoadedPartition[];
};

export type LoadedPartition = {
  readonly replicas: readonly BrokerId[];
  readonly stored: StoredState;
};

export type StoredState =
  | {
      readonly status: "present";
      readonly state: PartitionState;
      readonly partitionEpoch: PartitionEpoch;
    }
  /** The creation of the topic was interrupted before this partition's turn. */
  | { readonly status: "absent" }
  | { readonly status: "unreadable"; readonly reason: string };

/** A broker as it registered itself. */
export type ObservedBroker = Omit<BrokerImage, "shuttingDown">;
