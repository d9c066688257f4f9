import type {
  BrokerEpoch,
  BrokerId,
  ControllerEpoch,
  TopicPartition,
  ZoologError,
} from "@zoolog/base";
import type { BrokerRegistration, RegisteredBroker } from "./broker-registration.ts";
import type {
  ClusterSnapshot,
  NamedConfig,
  Read,
  ReadPartition,
  StoredSlot,
  UnreadableTopic,
} from "./cluster-snapshot.ts";
import type { ConfigResource, ControllerWriter } from "./controller-writer.ts";
import type { GroupStore } from "./group-store.ts";

/**
 * What must agree in the whole cluster, as our words instead of znodes. One store is one process's
 * door to ZooKeeper; it outlives sessions.
 *
 * Errors: `COORDINATION_UNAVAILABLE` (retriable) when ZooKeeper cannot be reached in time,
 * `ZNODE_MALFORMED` naming the znode, `STORE_CLOSED`, and what each call names. Reads are repeated
 * after a lost connection; writes only when they were provably not applied.
 */
export interface CoordinationStore extends GroupStore {
  readonly state: StoreState;
  /** While `state` is `expired`: what keeps the next session from counting, for a person. */
  readonly failure: string | undefined;
  /**
   * Resolves with `ZOOKEEPER_HISTORY_LOST` when the ensemble is found to be older than what this
   * process saw before: by a new session, after a reconnection, or within a minute. The state is
   * `expired` from then on: numbers are given a second time, so that nothing this process knows can
   * be told from what is so now. Start anew.
   */
  readonly historyLost: Promise<ZoologError>;
  /** Why the last look could not tell whether the ensemble is older than before, for a person. */
  readonly historyDoubt: string | undefined;
  /** What the server granted, milliseconds. */
  readonly sessionTimeoutMs: number;
  /**
   * Milliseconds until what this process holds in ZooKeeper (its registration, the controllership)
   * may have passed to others, by the own monotonic clock. At 0 or less: acknowledge no `acks<=1`,
   * be no controller.
   */
  leaseRemainingMs(): number;
  /** Called after each change. The returned function ends it. */
  onStateChange(listener: (state: StoreState) => void): () => void;
  /**
   * `hook` runs after every *new* session but the first, before `state` is `connected` again: the
   * ephemerals of the old one are gone, register again. Hooks run one after the other; one that
   * rejects is logged and run again until the session ends. The returned function removes it.
   */
  onNewSession(hook: () => Promise<void>): () => void;
  /**
   * `listener` is told to read `scope` again: after a change, after every reconnection and every
   * `reconcileIntervalMs`. A hint is not news: changes may be merged, or none have happened.
   * It is called once soon after it was added. The returned function ends it.
   */
  onHint(scope: HintScope, listener: () => void): () => void;
  /** What is read after it is at least as new as everything acknowledged before it. */
  barrier(): Promise<void>;

  /** The cluster's id, if there is one yet. */
  readClusterId(): Promise<string | undefined>;
  /** The cluster's id; `candidate` becomes it when there is none yet. */
  ensureClusterId(candidate: string): Promise<string>;
  /**
   * What the brokers of the cluster know each other by: 32 bytes in base64url. `candidate`, drawn at
   * random, becomes it when there is none yet.
   */
  ensureBrokerSecret(candidate: string): Promise<string>;

  /**
   * Takes the place of `brokerId` in the cluster for as long as the session lives. An earlier life
   * of the same incarnation, in the same folder and boot, is replaced at once; anybody else with
   * the same id is waited for, up to twice the session timeout (decision 010).
   *
   * @throws ZoologError `BROKER_ID_TAKEN` (not retriable) naming the other one's host and port.
   */
  registerBroker(registration: BrokerRegistration): Promise<BrokerEpoch>;
  /** Removes our own registration; a missing or foreign one is left alone. */
  unregisterBroker(brokerId: BrokerId): Promise<void>;
  readBrokers(): Promise<Read<readonly RegisteredBroker[]>>;

  /**
   * One attempt to become the controller. With `deposing`, the office is taken from that reign, whose
   * process is gone while its session lives on: one multi deletes `/controller`, creates it anew and
   * raises `/controller_epoch` from the version that is meant. Should the deposed one be alive after
   * all, that has fenced it; any other reign is left alone, and the election lost to it.
   */
  electController(brokerId: BrokerId, deposing?: CurrentController): Promise<Election>;
  readController(): Promise<CurrentController | undefined>;

  /**
   * Everything, at least as new as what was acknowledged to anybody before: a barrier comes first.
   * `"ownWrites"`: as new as what was acknowledged to this session. That is enough behind an election,
   * which no write of an earlier reign can follow. Thousands of partitions: reads are pipelined.
   */
  readCluster(asOf?: "now" | "ownWrites"): Promise<ClusterSnapshot>;
  readPartitions(partitions: readonly TopicPartition[]): Promise<readonly ReadPartition[]>;
  /** The coordinator slots that have a znode. */
  readSlots(): Promise<readonly StoredSlot[]>;
  readTopicNames(): Promise<readonly string[]>;
  /** Those of `names` that are there and whose topic znode cannot be understood. */
  readUnreadableTopics(names: readonly string[]): Promise<readonly UnreadableTopic[]>;
  readConfigs(kind: ConfigResource["kind"]): Promise<Read<readonly NamedConfig[]>>;
  /** Names below `/admin/delete_topics`. */
  readDeleteRequests(): Promise<readonly string[]>;
  /** Asks whoever is controller to delete a topic. Asking twice is fine. */
  requestTopicDeletion(topic: string): Promise<void>;
  /** Partitions named by `/admin/preferred_replica_election`; `undefined` when nobody asked. */
  readPreferredElection(): Promise<readonly TopicPartition[] | undefined>;

  /** Ids that nobody else in the cluster gets, ever. */
  claimProducerIds(brokerId: BrokerId): Promise<ProducerIdBlock>;

  /** Ends the session: registration and controllership go at once. Idempotent. */
  close(): Promise<void>;
}

/**
 * ```
 * connected ◀──▶ suspended      (connection lost; the session, and what it holds, perhaps alive)
 *     ▲              │
 *     └── expired ◀──┘          (everything it held is gone; a new session is being made)
 * closed                        (by `close()`, for good)
 * ```
 */
export type StoreState = "connected" | "suspended" | "expired" | "closed";

/** What one can be told to read again. */
export type HintScope =
  /** Who is registered: `readBrokers`. */
  | "brokers"
  /** Who is controller: `readController`. */
  | "controller"
  /** Which topics there are: `readTopicNames`. */
  | "topics"
  /** Partition states. Only reconnections and the slow timer: nobody but the controller writes. */
  | "partitionStates"
  /** Who coordinates which slot: `readSlots`. Slots that came or went; the rest by the slow timer. */
  | "coordinators"
  /** Overrides of topics and brokers: `readConfigs`. */
  | "configs"
  /** Topics to delete: `readDeleteRequests`. */
  | "deletions"
  /** What an operator asked for: `readPreferredElection`. */
  | "adminRequests";

export type Election =
  | { readonly outcome: "elected"; readonly writer: ControllerWriter }
  | { readonly outcome: "lost"; readonly controller: CurrentController | undefined };

export type CurrentController = {
  readonly brokerId: BrokerId;
  readonly controllerEpoch: ControllerEpoch;
};

/** Producer ids `firstId` to `firstId + size - 1`. */
export type ProducerIdBlock = { readonly firstId: number; readonly size: number };
