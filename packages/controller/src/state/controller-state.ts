import type { BrokerEpoch, BrokerId, CoordinatorEpoch } from "@zoolog/base";
import type { ConfigResource } from "../controller-event.ts";
import type { ClusterImage } from "../image/cluster-image.ts";

/** Immutable; only `apply` makes a new one. */
export type ControllerState = {
  readonly settings: ControllerSettings;
  /** What is published. */
  readonly image: ClusterImage;
  /**
   * Partitions whose state znode cannot be understood, by `topicPartitionKey`, with the reason.
   * They are offline and never written: an epoch must not be guessed.
   */
  readonly unreadable: ReadonlyMap<string, string>;
  /**
   * Registered brokers whose process is gone, with the life that is meant. They lead nothing and are
   * in no ISR, as if their sessions had ended. Not published: who can reach them may.
   */
  readonly unreachable: ReadonlyMap<BrokerId, BrokerEpoch>;
  /**
   * The version of each slot's znode as read or written last; none: it has no znode. It differs from
   * the coordinator epoch where somebody removed the znode: the epoch must not fall.
   */
  readonly slotVersions: ReadonlyMap<number, CoordinatorEpoch>;
};

export type ControllerSettings = {
  /** How many slots groups hash to. The same for the whole life of a cluster. */
  readonly coordinatorSlots: number;
  /** For topics created without a number of partitions. Overridden cluster-wide, as the next two. */
  readonly defaultPartitions: number;
  readonly defaultReplicationFactor: number;
  /** Used where a topic does not override `unclean.leader.election.enable`. */
  readonly uncleanLeaderElection: boolean;
  readonly deleteTopicEnabled: boolean;
  /** `undefined`: leaders are moved back to preferred replicas only on request. */
  readonly leaderRebalance: LeaderRebalance | undefined;
  readonly configs: ConfigRules;
};

/** What there is to override, and how. */
export type ConfigRules = {
  /**
   * What is wrong with an override, for a person. Without a value: with having one at all, of that
   * name, for that resource.
   */
  fault(resource: ConfigResource, name: string, value: string | undefined): string | undefined;
  /** What a setting that is a list holds without an override; `undefined`: it is no list. */
  listDefault(resource: ConfigResource, name: string): readonly string[] | undefined;
};

export type LeaderRebalance = {
  readonly checkIntervalMs: number;
  /** Percent, per broker, of preferred partitions led by somebody else that is tolerated. */
  readonly imbalancePercentMax: number;
};
