import {
  type AbortSignalLike,
  abortable,
  assert,
  assertFolderUnlocked,
  type BrokerId,
  brokerId,
  errorMessage,
  type Logger,
  makeUsableFolder,
  runInBackground,
  throwIfAborted,
  ZoologError,
} from "@zoolog/base";
import type { CoordinationStore } from "@zoolog/coordination";
import type { LogManager } from "@zoolog/log";
import { loadNativeCrc32c } from "@zoolog/protocol";
import {
  HTTP_LISTENER,
  type HttpAddress,
  hostAndPort,
  KAFKA_LISTENER,
  type ListenerAddress,
} from "./broker-address.ts";
import type { BrokerApi, BrokerHealth } from "./broker-api.ts";
import type { BrokerCredentials } from "./broker-credential.ts";
import type { BrokerDependencies, OpenPlane } from "./broker-dependencies.ts";
import { HealthCheck } from "./broker-health.ts";
import { controllerPeerApi } from "./calls/controller-calls.ts";
import { LocalBrokerApi, OWN_CALL } from "./calls/local-broker-api.ts";
import { PeerConnections } from "./calls/peer-connections.ts";
import { replicaPeerApi } from "./calls/replica-peers.ts";
import type { BrokerConfig } from "./config/config.ts";
import type { PeerAccess } from "./http/plane-parts.ts";
import { createBrokerMetrics } from "./metrics.ts";
import type { Plane } from "./planes/plane.ts";
import { handLeadershipsOver } from "./runtimes/controller/controlled-shutdown.ts";
import { notRegistered, requestTimedOut } from "./runtimes/errors.ts";
import type { GroupRuntime } from "./runtimes/groups/group-runtime.ts";
import { LagGauge } from "./runtimes/groups/lag-gauge.ts";
import { RegistrationRuntime } from "./runtimes/membership/registration-runtime.ts";
import { ProducerIds } from "./runtimes/producer-ids.ts";
import { VERSION } from "./version.ts";
import { ensureClusterId, openCredentials, openLogs, openStore } from "./wiring/broker-parts.ts";
import { loadNativePlane, makePlanes } from "./wiring/broker-planes.ts";
import { describeClusterMetrics } from "./wiring/cluster-metrics.ts";
import { describeGroupMetrics } from "./wiring/group-metrics.ts";
import { advertisedAddresses, registrationOf, warnOfUnnamedSynced } from "./wiring/part-options.ts";
import { describeReplicaMetrics } from "./wiring/replica-metrics.ts";
import { type Runtimes, wireRuntimes } from "./wiring/runtime-parts.ts";
import { within } from "./within.ts";

/** ZooKeeper answers in milliseconds or is not there. */
const COORDINATION_STEP_TIMEOUT_MS = 5_000;

/**
 * One broker, from its data folder to its planes.
 *
 * | opened in this order | closed in this order |
 * | --- | --- |
 * | ZooKeeper session, cluster id | with others there: leaderships, then controllership are handed over |
 * | data folder: lock, identity, recovery | planes: calls in flight are answered |
 * | planes (say that it is not ready) | the image is followed no more, replicas are released |
 * | registration | data folder: flush, checkpoints, clean-shutdown marker |
 * | race for the controllership, image poll | registration, ZooKeeper session |
 */
export class Broker {
  readonly brokerId: BrokerId;
  readonly #config: BrokerConfig;
  readonly #dependencies: BrokerDependencies;
  readonly #logger: Logger;
  #store: CoordinationStore | undefined;
  #clusterId: string | undefined;
  #logs: LogManager | undefined;
  #runtimes: Runtimes | undefined;
  #planes: Plane | undefined;
  #credentials: BrokerCredentials | undefined;
  #peers: PeerConnections | undefined;
  #api: BrokerApi | undefined;
  #listening: readonly ListenerAddress[] = [];
  #registration: RegistrationRuntime | undefined;
  #lagGauge: LagGauge | undefined;
  #closing: Promise<void> | undefined;
  #failure: ZoologError | undefined;
  readonly #health = new HealthCheck();

  private constructor(config: BrokerConfig, dependencies: BrokerDependencies) {
    this.brokerId = brokerId(config.brokerId);
    this.#config = config;
    this.#logger = dependencies.logger.child({ brokerId: config.brokerId });
    this.#dependencies = { ...dependencies, logger: this.#logger };
  }

  /**
   * Starts a broker. It is registered and listens when this resolves; `ready` tells when it serves.
   *
   * @throws ZoologError `CONNECT_TIMEOUT`, `INCONSISTENT_CLUSTER_ID`, `INCONSISTENT_BROKER_ID`,
   *   `DATA_FOLDER_UNUSABLE`, `DATA_FOLDER_LOCKED`, `ADDRESS_IN_USE`, `BROKER_ID_TAKEN`, …; the
   *   signal's reason, which ends the waits of the start: for ZooKeeper, for the broker's id. Nothing
   *   stays open then.
   */
  static async start(
    config: BrokerConfig,
    dependencies: BrokerDependencies,
    signal?: AbortSignalLike,
  ): Promise<Broker> {
    // What is wrong here is said before ZooKeeper is asked for anything.
    await makeUsableFolder(config.dataDir, dependencies);
    await assertFolderUnlocked(config.dataDir, dependencies);
    throwIfAborted(signal);
    const broker = new Broker(config, dependencies);
    try {
      await broker.#open(signal);
      return broker;
    } catch (error) {
      if (signal?.aborted !== true) broker.#sayWhyNot(error);
      await broker.close();
      throw error;
    }
  }

  /**
   * Resolves with what this broker cannot go on after: `ZOOKEEPER_HISTORY_LOST`. Close it then, and
   * end the process with a failure, so that it is started anew; until then it is not live.
   */
  get failed(): Promise<ZoologError> {
    assert(this.#store !== undefined, "a started broker has a store");
    return this.#store.historyLost;
  }

  get clusterId(): string {
    assert(this.#clusterId !== undefined, "a started broker knows its cluster");
    return this.#clusterId;
  }

  /** Where the HTTP plane listens. */
  get address(): HttpAddress {
    const address = this.#listening.find(({ listener }) => listener === HTTP_LISTENER);
    assert(address !== undefined, "a started broker listens");
    return address;
  }

  /** Where Kafka's protocol is spoken, by its first listener; `undefined` where it is not. */
  get kafkaAddress(): HttpAddress | undefined {
    return this.#listening.find(({ listener }) => listener === KAFKA_LISTENER);
  }

  /** What the planes call. */
  get api(): BrokerApi {
    assert(this.#api !== undefined, "a started broker has an API");
    return this.#api;
  }

  /** Waits until the broker follows a cluster image, that is until it serves; false after the time. */
  async ready(timeoutMs: number): Promise<boolean> {
    return (await this.#runtimes?.cache.waitFor(() => true, timeoutMs)) ?? false;
  }

  health(): BrokerHealth {
    return this.#health.health({
      isClosing: this.#closing !== undefined,
      hasFailed: this.#failure !== undefined,
      logs: this.#logs,
      store: this.#store,
      registration: this.#registration,
      runtimes: this.#runtimes,
    });
  }

  /**
   * Shuts down in order (table above). What fails on the way is logged and does not stop the rest.
   * Idempotent.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #open(signal: AbortSignalLike | undefined): Promise<void> {
    const config = this.#config;
    const dependencies = this.#dependencies;
    await loadNativeCrc32c();
    const openingStore = openStore(config, dependencies, signal);
    // Loaded while ZooKeeper works; a failure is told when it is needed.
    const loadingPlane = loadNativePlane(dependencies);
    loadingPlane.catch(() => {});
    const store = await openingStore;
    this.#store = store;
    runInBackground("end after ZooKeeper went back", this.#logger, async () => {
      const failure = await store.historyLost;
      this.#failure = failure;
      this.#logger.error("this broker cannot go on and has to be started anew", {
        error: failure.message,
        hint: failure.hint,
      });
    });
    const clusterId = await abortable(ensureClusterId(config, store, dependencies), signal);
    this.#clusterId = clusterId;
    const openingCredentials = abortable(openCredentials(clusterId, store, dependencies), signal);
    // A failure is told below, once the folder is open, so that it is closed again.
    openingCredentials.catch(() => {});
    const logs = await openLogs(config, clusterId, {
      ...dependencies,
      onOffline: (topicPartition, error) => this.#runtimes?.replicas.fail(topicPartition, error),
    });
    this.#logs = logs;
    throwIfAborted(signal);
    const brokerEpoch = () => this.#registration?.brokerEpoch;
    const credentials = await openingCredentials;
    this.#credentials = credentials;
    this.#peers = new PeerConnections({
      scheduler: dependencies.scheduler,
      transport: dependencies.peerTransport,
      credential: () => this.#credential(credentials),
      onRefused: (endpoint) => credentials.refusedBy(endpoint, this.brokerId),
    });
    const peers = this.#peers.calls;
    const cluster = { clusterId, store, logs, brokerEpoch, peers };
    this.#runtimes = wireRuntimes(config, cluster, dependencies);
    await this.#listen(store, logs, await loadingPlane);
    await abortable(this.#register(store, logs), signal);
    this.#runtimes.controller.start();
    this.#runtimes.feed.start();
    this.#logger.info("broker started", {
      clusterId,
      ...this.address,
      kafka: this.#kafkaAddresses(),
      dataFolder: config.dataDir,
    });
  }

  /** Of all its listeners, as they are written in settings; `undefined` where there is none. */
  #kafkaAddresses(): string | undefined {
    const kafka = this.#listening.filter(({ listener }) => listener !== HTTP_LISTENER);
    if (kafka.length === 0) return undefined;
    return kafka.map((address) => `${address.listener}://${hostAndPort(address)}`).join(",");
  }

  async #listen(store: CoordinationStore, logs: LogManager, openPlane: OpenPlane): Promise<void> {
    const runtimes = this.#runtimes;
    assert(runtimes !== undefined, "the runtimes are wired before the plane is");
    const { logger, clock, scheduler, random, machine, network, trace } = this.#dependencies;
    assert(this.#peers !== undefined, "others can be called before they call");
    this.#api = new LocalBrokerApi({
      ...runtimes,
      brokerId: this.brokerId,
      peers: this.#peers.calls,
      logger,
      producerIds: new ProducerIds({ brokerId: this.brokerId }, { store, random, logger }),
      version: VERSION,
      health: () => this.health(),
      diskFull: () => this.#logs?.full,
      logs,
      store,
      machine,
      startedAt: clock.now(),
      brokerEpoch: () => this.#registration?.brokerEpoch,
      addresses: () => advertisedAddresses(this.#config, this.#listening),
      random,
      clock,
      scheduler,
      trace,
    });
    const metrics = createBrokerMetrics();
    describeReplicaMetrics(metrics.registry, runtimes);
    describeClusterMetrics(metrics.registry, { ...runtimes, store, clock });
    this.#lagGauge = this.#measureLags(runtimes.groups, this.#api);
    describeGroupMetrics(metrics.registry, { groups: runtimes.groups, lagGauge: this.#lagGauge });
    const brokerOf: PeerAccess["brokerOf"] = (credential, remoteAddress) =>
      this.#credentials?.brokerOf(credential, remoteAddress);
    const peerApi = { ...controllerPeerApi(runtimes), ...replicaPeerApi(runtimes) };
    const peers = { api: peerApi, brokerOf };
    const parts = { api: this.#api, peers, metrics, logger, clock, scheduler, network, openPlane };
    this.#planes = makePlanes(this.#config, parts);
    this.#listening = await this.#planes.listen();
  }

  #measureLags(groups: GroupRuntime, api: BrokerApi): LagGauge {
    return new LagGauge(
      { intervalMs: this.#config.groupLagRefreshIntervalMs },
      {
        groups: () => groups.snapshot().map(({ groupId }) => groupId),
        measure: async (groupId) => {
          const measured = await api.groups["group-lag"]({ groups: [groupId] }, OWN_CALL);
          const [lag] = measured.groups;
          return lag === undefined || "error" in lag ? undefined : lag;
        },
        ...this.#dependencies,
      },
    );
  }

  /**
   * Above the lines of the shutdown, of their level: whoever reads those looks for the reason there.
   * The failure itself is the caller's to tell.
   */
  #sayWhyNot(error: unknown): void {
    const hint = error instanceof ZoologError ? error.hint : undefined;
    this.#logger.info("broker cannot start", { error: errorMessage(error), hint });
  }

  /** @throws ZoologError `BROKER_ID_NOT_REGISTERED` */
  #credential(credentials: BrokerCredentials): string {
    const brokerEpoch = this.#registration?.brokerEpoch;
    if (brokerEpoch === undefined) throw notRegistered();
    return credentials.of({ brokerId: this.brokerId, brokerEpoch });
  }

  async #register(store: CoordinationStore, logs: LogManager): Promise<void> {
    const { logger, clock, machine } = this.#dependencies;
    const addresses = advertisedAddresses(this.#config, this.#listening);
    const bootId = await machine.bootId();
    const folder = await machine.folderIdentity(this.#config.dataDir);
    warnOfUnnamedSynced(logs, logger);
    this.#registration = new RegistrationRuntime({
      registration: () =>
        registrationOf(this.#config, { addresses, logs, folder, bootId, now: clock.now() }),
      onRegistered: (brokerEpoch) => logs.noteRegistered(brokerEpoch),
      onInForce: () => this.#runtimes?.groups.reconsider(),
      store,
      logger,
    });
    await this.#registration.start();
  }

  async #close(): Promise<void> {
    this.#logger.info("broker shutting down");
    const runtimes = this.#runtimes;
    await this.#step("hand leaderships over", () => this.#handOver());
    await this.#step("close the planes", () => this.#planes?.close());
    await this.#brief("give the controllership back", () => runtimes?.controller.close());
    await this.#step("stop following the cluster", async () => {
      this.#lagGauge?.close();
      runtimes?.sweeper.close();
      runtimes?.groups.close();
      runtimes?.brokerWatch.close();
      runtimes?.images.close();
      await runtimes?.feed.close();
      await runtimes?.metadata.close();
    });
    await this.#step("release the replicas", () => {
      runtimes?.isr.close();
      runtimes?.replicas.close();
      runtimes?.cache.close();
      runtimes?.guard.close();
    });
    await this.#step("close the connections to other brokers", () => this.#peers?.close());
    await this.#step("close the data folder", () => this.#logs?.close());
    await this.#brief("unregister", () => this.#registration?.close());
    await this.#brief("close the ZooKeeper session", () => this.#store?.close());
    this.#logger.info("broker shut down");
  }

  /**
   * While there are others: they lead what this broker led, and one of them is controller, before
   * this one stops answering.
   */
  async #handOver(): Promise<void> {
    const runtimes = this.#runtimes;
    const others = (runtimes?.cache.image?.brokers.size ?? 0) > 1;
    if (runtimes === undefined || !others || this.#registration?.brokerEpoch === undefined) return;
    const { clock, scheduler, logger } = this.#dependencies;
    const brokerEpoch = () => this.#registration?.brokerEpoch;
    const isCoordinated = () => this.#store?.state === "connected";
    await handLeadershipsOver(
      { brokerId: this.brokerId, timeoutMs: this.#config.controlledShutdownTimeoutMs },
      { ...runtimes, brokerEpoch, isCoordinated, clock, scheduler, logger },
    );
    await this.#brief("give the controllership back", () => runtimes.controller.close());
  }

  /** A step that talks to ZooKeeper: when it takes too long, the end of the session does the same. */
  #brief(what: string, step: () => Promise<void> | undefined): Promise<void> {
    const { scheduler } = this.#dependencies;
    const onTimeout = () => requestTimedOut(`the step "${what}"`);
    return this.#step(what, () =>
      within(step() ?? Promise.resolve(), {
        timeoutMs: COORDINATION_STEP_TIMEOUT_MS,
        scheduler,
        onTimeout,
      }),
    );
  }

  async #step(what: string, step: () => Promise<void> | void): Promise<void> {
    try {
      await step();
    } catch (error) {
      this.#logger.error("shutdown step failed", { step: what, error: errorMessage(error) });
    }
  }
}
