import type {
  BrokerEpoch,
  BrokerId,
  ControllerEpoch,
  CoordinatorEpoch,
  PartitionEpoch,
  TopicId,
  TopicPartition,
} from "@zoolog/base";
import type {
  ConfigOverrides,
  DeletedTopic,
  PartitionState,
  StoredState,
} from "./cluster-snapshot.ts";

/**
 * The pen of one elected controller. Every write is a multi with a check of `/controller_epoch`;
 * once that fails, or the session that holds `/controller` has ended, every call rejects with
 * `CONTROLLER_FENCED` (not retriable): **stop at once**, the state belongs to somebody else.
 *
 * A connection lost on the way is resolved inside: calls wait for the session to come back, read
 * what became of the write, and repeat it only when it was provably not applied. So a call that
 * rejects with anything but `CONTROLLER_FENCED` was not applied.
 */
export interface ControllerWriter {
  readonly controllerEpoch: ControllerEpoch;
  /** True from the first refused check or the end of the session. */
  readonly fenced: boolean;
  /** Called once when `fenced` turns true; at once when it is already. */
  onFenced(listener: () => void): void;

  /**
   * Config, topic znode and all partition states; one multi when it fits, else chunks of which the
   * first holds the topic: a successor finds partitions without state and goes on.
   */
  createTopic(topic: NewTopicZnodes): Promise<"created" | "exists">;
  /**
   * Partitions behind those that the topic has, if its znode still says what the controller knows;
   * `"changed"`: it says something else, or the topic is gone. In chunks as `createTopic`.
   */
  addPartitions(partitions: NewPartitionZnodes): Promise<"added" | "changed" | "unreadable">;
  /** Compare and set, in pipelined chunks. Results stand in the order of `writes`. */
  writePartitionStates(
    writes: readonly PartitionStateWrite[],
  ): Promise<readonly PartitionStateWritten[]>;
  /** Compare and set. Results stand in the order of `writes`. */
  writeSlots(writes: readonly SlotWrite[]): Promise<readonly SlotWritten[]>;
  /**
   * Tombstone first, then states, topic, config, and last the delete request. Interrupted at any
   * step, the same call again completes it.
   */
  deleteTopic(topic: TopicRemoval): Promise<void>;
  /**
   * The same for a topic whose znode cannot be read: by its name. Without a topic id there is no
   * tombstone: replicas stay on the disks. A topic that can be read again stays.
   */
  deleteUnreadableTopic(topic: UnreadableTopicRemoval): Promise<void>;
  /** Rewrites a tombstone; with nobody pending removes it. */
  writeDeletedTopic(deletedTopic: DeletedTopic): Promise<void>;
  /** Removes `/admin/delete_topics/<topic>`; a missing one is fine. */
  discardDeleteRequest(topic: string): Promise<void>;
  /** Replaces all overrides of the resource and leaves a change notification. */
  writeConfig(resource: ConfigResource, overrides: ConfigOverrides): Promise<void>;
  /** Removes `/admin/preferred_replica_election` after it was carried out. */
  completePreferredElection(): Promise<void>;
  /** Removes config change notifications older than this, by the server's clock. */
  purgeConfigChanges(olderThanMs: number): Promise<void>;
  /** Removes `/controller` if it is still ours. Then `fenced` is true. */
  resign(): Promise<void>;
}

export type ConfigResource = { readonly kind: "topic" | "broker"; readonly name: string };

export type NewTopicZnodes = {
  readonly name: string;
  readonly topicId: TopicId;
  readonly configs: ConfigOverrides;
  /** Indexed by partition. */
  readonly partitions: readonly {
    readonly replicas: readonly BrokerId[];
    readonly state: PartitionState;
  }[];
};

export type NewPartitionZnodes = {
  readonly topic: string;
  readonly topicId: TopicId;
  /** Replicas of the partitions that are there. */
  readonly existing: readonly (readonly BrokerId[])[];
  /** The first of them has the number `existing.length`. */
  readonly partitions: NewTopicZnodes["partitions"];
};

export type PartitionStateWrite = TopicPartition & {
  /** `undefined`: the state must not exist yet. */
  readonly expectedPartitionEpoch: PartitionEpoch | undefined;
  readonly state: PartitionState;
};

export type PartitionStateWritten = TopicPartition &
  (
    | { readonly outcome: "written"; readonly partitionEpoch: PartitionEpoch }
    /** Somebody else wrote: what stands there now, or `absent` when the topic is gone. */
    | { readonly outcome: "conflict"; readonly stored: StoredState }
  );

/** Who coordinates a slot from now on. */
export type SlotWrite = {
  readonly slot: number;
  /** The version that the znode has; `undefined`: it must not exist yet. */
  readonly expectedCoordinatorEpoch: CoordinatorEpoch | undefined;
  /** The version that it is to have: any higher one. */
  readonly coordinatorEpoch: CoordinatorEpoch;
  readonly brokerId: BrokerId;
  readonly brokerEpoch: BrokerEpoch;
  readonly controllerEpoch: ControllerEpoch;
};

/** `"conflict"`: somebody else wrote it, see `CoordinationStore.readSlots`. */
export type SlotWritten = {
  readonly slot: number;
  readonly outcome: "written" | "conflict";
};

export type UnreadableTopicRemoval = {
  readonly topic: string;
  readonly topicId: TopicId | undefined;
  /** Brokers that may hold replicas and must confirm that they are deleted. */
  readonly replicas: readonly BrokerId[];
};

export type TopicRemoval = {
  readonly topic: string;
  readonly topicId: TopicId;
  /** How many partitions there are. */
  readonly partitions: number;
  /** Brokers that must confirm that their replicas are deleted. */
  readonly replicas: readonly BrokerId[];
};
