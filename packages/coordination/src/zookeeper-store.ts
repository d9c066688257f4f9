import {
  type BrokerEpoch,
  type BrokerId,
  type Clock,
  errorCode,
  type Logger,
  type Scheduler,
  type TopicPartition,
  type ZoologError,
} from "@zoolog/base";
import type { ZooKeeperClient } from "@zoolog/zookeeper";
import { BrokerRegistrar } from "./brokers/broker-registrar.ts";
import { ensureBrokerSecret } from "./cluster/broker-secret.ts";
import { ClusterIdentity, ensureLayout } from "./cluster/cluster-identity.ts";
import {
  readBrokers,
  readCluster,
  readConfigs,
  readNames,
  readSlots,
  readStates,
  readUnreadableTopics,
} from "./cluster/cluster-reader.ts";
import { claimProducerIds } from "./cluster/producer-id-blocks.ts";
import { ControllerElection } from "./controller/controller-election.ts";
import { ifThere } from "./existing.ts";
import { readGroups, readOffsets } from "./groups/group-reader.ts";
import { openSlots } from "./groups/slot-opening.ts";
import { HintBoard } from "./hint-board.ts";
import {
  DELETE_TOPICS_PATH,
  deleteRequestPath,
  PREFERRED_ELECTION_PATH,
  TOPICS_PATH,
} from "./paths.ts";
import type { BrokerRegistration, RegisteredBroker } from "./port/broker-registration.ts";
import type {
  ClusterSnapshot,
  NamedConfig,
  Read,
  ReadPartition,
  StoredSlot,
  UnreadableTopic,
} from "./port/cluster-snapshot.ts";
import type { ConfigResource } from "./port/controller-writer.ts";
import type {
  CoordinationStore,
  CurrentController,
  Election,
  HintScope,
  ProducerIdBlock,
  StoreState,
} from "./port/coordination-store.ts";
import type { StoredGroup, StoredOffset } from "./port/group-state.ts";
import type { SlotAtEpoch } from "./port/group-store.ts";
import type { SlotWriter } from "./port/slot-writer.ts";
import { CoordinationSession } from "./session.ts";
import { decodePreferredElection } from "./znodes/admin-znodes.ts";

export type ZooKeeperStoreOptions = {
  /** How long a call waits for a connection before `COORDINATION_UNAVAILABLE`. Default 10,000. */
  readonly operationTimeoutMs?: number;
  /** How often everything is read again without a reason. Default 30,000. */
  readonly reconcileIntervalMs?: number;
};

export type ZooKeeperStoreDependencies = {
  /** Opens a new session; called again whenever one has ended. Rejects when it cannot. */
  readonly connect: () => Promise<ZooKeeperClient>;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly logger: Logger;
};

const OPERATION_TIMEOUT_MS = 10_000;
/** Watches tell at once; this is for the one that was lost (reliability: every 30 to 60 s). */
const RECONCILE_INTERVAL_MS = 30_000;

/**
 * The store over ZooKeeper. Resolves once the first session is there and the base znodes are.
 *
 * @throws what `connect` rejects with, unchanged.
 */
export async function openZooKeeperStore(
  options: ZooKeeperStoreOptions,
  dependencies: ZooKeeperStoreDependencies,
): Promise<CoordinationStore> {
  const operationTimeoutMs = options.operationTimeoutMs ?? OPERATION_TIMEOUT_MS;
  const session = await CoordinationSession.open({ operationTimeoutMs }, dependencies);
  try {
    await ensureLayout(session);
    return new ZooKeeperStore(options, { ...dependencies, session });
  } catch (error) {
    await session.close();
    throw error;
  }
}

class ZooKeeperStore implements CoordinationStore {
  readonly #dependencies: Omit<ZooKeeperStoreDependencies, "connect">;
  readonly #session: CoordinationSession;
  readonly #hints: HintBoard;
  readonly #registrar: BrokerRegistrar;
  readonly #election: ControllerElection;
  readonly #identity: ClusterIdentity;

  constructor(
    options: ZooKeeperStoreOptions,
    dependencies: Omit<ZooKeeperStoreDependencies, "connect"> & {
      readonly session: CoordinationSession;
    },
  ) {
    const reconcileIntervalMs = options.reconcileIntervalMs ?? RECONCILE_INTERVAL_MS;
    this.#dependencies = dependencies;
    this.#session = dependencies.session;
    this.#hints = new HintBoard({ reconcileIntervalMs }, dependencies);
    this.#registrar = new BrokerRegistrar(dependencies);
    this.#election = new ControllerElection(dependencies);
    this.#identity = new ClusterIdentity(dependencies);
    this.#session.onNewSession(() => this.#identity.verify());
  }

  get state(): StoreState {
    return this.#session.state;
  }

  get failure(): string | undefined {
    return this.#session.failure;
  }

  get historyDoubt(): string | undefined {
    return this.#identity.historyDoubt;
  }

  get historyLost(): Promise<ZoologError> {
    return this.#session.historyLost;
  }

  get sessionTimeoutMs(): number {
    return this.#session.sessionTimeoutMs;
  }

  leaseRemainingMs(): number {
    return this.#session.leaseRemainingMs();
  }

  onStateChange(listener: (state: StoreState) => void): () => void {
    return this.#session.onStateChange(listener);
  }

  onNewSession(hook: () => Promise<void>): () => void {
    return this.#session.onNewSession(hook);
  }

  onHint(scope: HintScope, listener: () => void): () => void {
    return this.#hints.onHint(scope, listener);
  }

  barrier(): Promise<void> {
    return this.#session.read((client) => client.barrier());
  }

  readClusterId(): Promise<string | undefined> {
    return this.#identity.read();
  }

  ensureClusterId(candidate: string): Promise<string> {
    return this.#identity.ensure(candidate);
  }

  ensureBrokerSecret(candidate: string): Promise<string> {
    return ensureBrokerSecret(this.#session, candidate);
  }

  registerBroker(registration: BrokerRegistration): Promise<BrokerEpoch> {
    return this.#registrar.register(registration);
  }

  unregisterBroker(brokerId: BrokerId): Promise<void> {
    return this.#registrar.unregister(brokerId);
  }

  readBrokers(): Promise<Read<readonly RegisteredBroker[]>> {
    return readBrokers(this.#session);
  }

  electController(brokerId: BrokerId, deposing?: CurrentController): Promise<Election> {
    return this.#election.elect(brokerId, deposing);
  }

  readController(): Promise<CurrentController | undefined> {
    return this.#election.current();
  }

  async readCluster(asOf: "now" | "ownWrites" = "now"): Promise<ClusterSnapshot> {
    if (asOf === "now") await this.barrier();
    return await readCluster(this.#session);
  }

  readPartitions(partitions: readonly TopicPartition[]): Promise<readonly ReadPartition[]> {
    return readStates(this.#session, partitions);
  }

  readSlots(): Promise<readonly StoredSlot[]> {
    return readSlots(this.#session);
  }

  openSlots(slots: readonly SlotAtEpoch[]): Promise<readonly SlotWriter[]> {
    return openSlots(slots, { ...this.#dependencies, session: this.#session });
  }

  readGroups(
    wanted: ((groupId: string) => boolean) | readonly string[],
  ): Promise<Read<readonly StoredGroup[]>> {
    return readGroups(this.#session, wanted);
  }

  readOffsets(
    groupId: string,
    of: readonly { readonly topic: string; readonly partitions: readonly number[] }[] | "all",
  ): Promise<Read<readonly StoredOffset[]>> {
    return readOffsets(this.#session, groupId, of);
  }

  readTopicNames(): Promise<readonly string[]> {
    return readNames(this.#session, TOPICS_PATH);
  }

  readUnreadableTopics(names: readonly string[]): Promise<readonly UnreadableTopic[]> {
    return readUnreadableTopics(this.#session, names);
  }

  readConfigs(kind: ConfigResource["kind"]): Promise<Read<readonly NamedConfig[]>> {
    return readConfigs(this.#session, kind);
  }

  readDeleteRequests(): Promise<readonly string[]> {
    return readNames(this.#session, DELETE_TOPICS_PATH);
  }

  /** Repeated after a lost connection: at worst the request is there already. */
  async requestTopicDeletion(topic: string): Promise<void> {
    await this.#session.read(async (client) => {
      try {
        await client.create(deleteRequestPath(topic), new Uint8Array(0));
      } catch (error) {
        if (errorCode(error) !== "NODE_EXISTS") throw error;
      }
    });
  }

  async readPreferredElection(): Promise<readonly TopicPartition[] | undefined> {
    const path = PREFERRED_ELECTION_PATH;
    const znode = await this.#session.read((client) => ifThere(client.getData(path)));
    return znode === undefined ? undefined : decodePreferredElection(znode.data);
  }

  claimProducerIds(brokerId: BrokerId): Promise<ProducerIdBlock> {
    return claimProducerIds(this.#session, brokerId);
  }

  async close(): Promise<void> {
    this.#hints.close();
    this.#identity.close();
    await this.#session.close();
  }
}
