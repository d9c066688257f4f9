import type {
  BrokerEpoch,
  BrokerId,
  ControllerEpoch,
  CoordinatorEpoch,
  LeaderEpoch,
  PartitionEpoch,
  Timestamp,
  TopicId,
} from "@zoolog/base";

/**
 * What the whole cluster agrees on, as one value: brokers, topics, leaders, configs. Only the
 * controller makes one; brokers receive it by `imageDelta`. Immutable: parts that did not change
 * are shared between versions, which is also how deltas are found.
 *
 * Images are ordered by `(controllerEpoch, version)`; a receiver refuses an older one.
 */
export type ClusterImage = {
  readonly clusterId: string;
  readonly controllerId: BrokerId;
  readonly controllerEpoch: ControllerEpoch;
  /** Counts the changes since this controller was elected; its first image is 1. */
  readonly version: number;
  readonly brokers: ReadonlyMap<BrokerId, BrokerImage>;
  readonly topics: ReadonlyMap<string, TopicImage>;
  readonly topicNames: ReadonlyMap<TopicId, string>;
  /** Overrides per broker id (`"0"`), and cluster-wide under `CLUSTER_CONFIG_NAME`. */
  readonly brokerConfigs: ReadonlyMap<string, ConfigOverrides>;
  /** Topics that are gone but whose replicas some brokers still have to delete. */
  readonly deletedTopics: ReadonlyMap<TopicId, DeletedTopic>;
  /** Topics, by name, that nobody can serve because their znode cannot be understood. */
  readonly unreadableTopics: ReadonlyMap<string, UnreadableTopic>;
  /** Indexed by slot. */
  readonly coordinators: readonly SlotImage[];
};

/** The name under which configs of all brokers stand (Kafka's `<default>` entity). */
export const CLUSTER_CONFIG_NAME = "<default>";

/** Config name to value, both text as in Kafka; only what differs from the defaults. */
export type ConfigOverrides = Readonly<Record<string, string>>;

export type BrokerEndpoint = {
  /** Name of the listener: `HTTP`, `PLAINTEXT`, … */
  readonly listener: string;
  readonly host: string;
  readonly port: number;
};

export type BrokerImage = {
  readonly brokerId: BrokerId;
  readonly brokerEpoch: BrokerEpoch;
  /** UUID of the broker's data folder. */
  readonly incarnation: string;
  readonly endpoints: readonly BrokerEndpoint[];
  readonly rack: string | undefined;
  readonly boot: BootKind;
  /** What the folder went through before. Only the controller wants to know: it stays behind. */
  readonly losses?: DataLosses | undefined;
  /**
   * `"<topic>-<partition>"` of replicas that could not be opened when it registered; `"*"` for too
   * many to name. Stays behind, too.
   */
  readonly damaged?: readonly string[] | undefined;
  /** Asked for a controlled shutdown: leads nothing more, joins no ISR. */
  readonly shuttingDown: boolean;
};

/**
 * What a broker's start means for the data of its earlier lives.
 * - `"clean"`: all there: it was shut down cleanly, or only the process died.
 * - `"unclean"`: the machine went down; what was not fsynced may be gone.
 * - `"newFolder"`: the data folder was just made; all of it is gone, or there never was any.
 */
export type BootKind = "clean" | "unclean" | "newFolder";

/**
 * The broker epoch under which the folder was first registered after records may have gone, by how
 * they went: who was in sync before that lacks them still, however often it was started since.
 */
export type DataLosses = {
  readonly newFolder?: BrokerEpoch | undefined;
  readonly unclean?: BrokerEpoch | undefined;
  /** Lives of the broker on other data folders: who was in sync in one of them is not it. */
  readonly outdated?: readonly MissedLives[] | undefined;
  /**
   * By `"<topic>-<partition>"`: since which broker epoch nothing was acknowledged before it was on the
   * disk, so that an unclean boot has lost nothing of it.
   */
  readonly synced?: Readonly<Record<string, BrokerEpoch>> | undefined;
  /**
   * The logs of the folder that `synced` does not name, `"*"` for too many to name: they may have lost
   * something. Of one that neither names there was nothing to lose. `undefined`: not told.
   */
  readonly unsynced?: ReadonlySet<string> | undefined;
};

/** The broker epochs later than `after` (all, without it) and earlier than `before` (or this one). */
export type MissedLives = {
  readonly after?: BrokerEpoch | undefined;
  readonly before?: BrokerEpoch | undefined;
};

export type TopicImage = {
  readonly name: string;
  readonly topicId: TopicId;
  /** Indexed by partition number, without holes. */
  readonly partitions: readonly PartitionImage[];
  readonly configs: ConfigOverrides;
};

/** Who leads and who is in sync: the content of a partition's state znode. */
export type PartitionState = {
  /** `undefined`: the partition is offline. */
  readonly leader: BrokerId | undefined;
  readonly leaderEpoch: LeaderEpoch;
  /** Never empty: the last member stays, as the one who must come back. */
  readonly isr: readonly BrokerId[];
  /**
   * Parallel to `isr`: the broker epoch under which each member is known to be in sync.
   * `undefined` when the state was written by hand. A member registered under another epoch has
   * restarted since.
   */
  readonly isrBrokerEpochs: readonly (BrokerEpoch | undefined)[];
  /** Epoch of the controller that wrote it. */
  readonly controllerEpoch: ControllerEpoch;
};

export type PartitionImage = PartitionState & {
  readonly partition: number;
  /** Assigned replicas; the first is the preferred leader. */
  readonly replicas: readonly BrokerId[];
  /** `undefined` while the partition was never led: its state is not written yet. */
  readonly partitionEpoch: PartitionEpoch | undefined;
  /** Replicas whose disk or log failed on a broker that lives. */
  readonly offlineReplicas: readonly OfflineReplica[];
  /** Why there is no leader, for people; `undefined` while there is one. */
  readonly offlineReason: string | undefined;
};

export type OfflineReplica = {
  readonly brokerId: BrokerId;
  /** The registration that reported it; a restart of the broker clears it. */
  readonly brokerEpoch: BrokerEpoch;
  readonly reason: string;
  readonly since: Timestamp;
};

/** Who coordinates the groups that hash to a slot: the content of `/coordinators/<slot>`. */
export type SlotImage = {
  readonly slot: number;
  /** `undefined`: nobody yet. */
  readonly brokerId: BrokerId | undefined;
  /** The life of that broker that is meant; one that registered anew is given a new epoch. */
  readonly brokerEpoch: BrokerEpoch | undefined;
  /** The version of the slot's znode; `undefined` before it was first written. */
  readonly coordinatorEpoch: CoordinatorEpoch | undefined;
};

export type UnreadableTopic = {
  readonly name: string;
  /** Which znode it is, and what is wrong with it; for people. */
  readonly reason: string;
  /** `undefined` when that cannot be told either: its replicas cannot be deleted then. */
  readonly topicId: TopicId | undefined;
};

export type DeletedTopic = {
  readonly topicId: TopicId;
  readonly name: string;
  /** Brokers that have not confirmed yet that their replicas are deleted. */
  readonly pending: readonly BrokerId[];
};
