import {
  type AbortSignalLike,
  brokerId,
  inParallel,
  type Timestamp,
  type TopicId,
  topicIdFromBytes,
} from "@zoolog/base";
import type { PeerCalls } from "@zoolog/calls";
import type {
  AlterPartitionEvent,
  ClusterImage,
  ControllerSettings,
  ReplicasDeletedEvent,
  ReplicasOfflineEvent,
  TopicImage,
} from "@zoolog/controller";
import {
  type BrokerRegistration,
  type CoordinationStore,
  openZooKeeperStore,
} from "@zoolog/coordination";
import { type LogConfig, LogManager } from "@zoolog/log";
import { type PartitionConfig, ReplicaManager } from "@zoolog/replication";
import { connectZooKeeper } from "@zoolog/zookeeper";
import { BROKER_SECRET_BYTES, BrokerCredentials } from "./broker-credential.ts";
import type { BrokerDependencies } from "./broker-dependencies.ts";
import { replicaPeers } from "./calls/replica-peers.ts";
import type { BrokerConfig } from "./config/config.ts";
import { partitionConfigOf, topicSettingFault } from "./config/topic-settings.ts";
import { type ControllerParts, wireController } from "./controller-parts.ts";
import type { HttpAddress, HttpPlaneOptions } from "./http/http-plane.ts";
import { MetadataCache } from "./runtimes/image/metadata-cache.ts";
import { MetadataRuntime } from "./runtimes/image/metadata-runtime.ts";
import { IsrRuntime } from "./runtimes/isr-runtime.ts";
import { HTTP_LISTENER } from "./runtimes/membership/broker-address.ts";
import { FreezeGuard } from "./runtimes/membership/freeze-guard.ts";
import { ZnodeFaults } from "./runtimes/znode-faults.ts";

/**
 * How the parts of a broker are made and what they know of each other. Nothing here has a life of
 * its own; `Broker` starts and stops them.
 */

/** @param signal ends the wait for the first session; later ones are none of its business. */
export function openStore(
  config: BrokerConfig,
  dependencies: BrokerDependencies,
  signal: AbortSignalLike | undefined,
): Promise<CoordinationStore> {
  const { clock, scheduler, logger } = dependencies;
  let starting = signal;
  const connect = () => {
    const connecting = starting === undefined ? {} : { signal: starting };
    starting = undefined;
    return connectZooKeeper(
      {
        connectString: config.zookeeperConnect,
        sessionTimeoutMs: config.zookeeperSessionTimeoutMs,
        connectTimeoutMs: config.zookeeperConnectionTimeoutMs,
        ...connecting,
      },
      dependencies,
    );
  };
  return openZooKeeperStore(
    { reconcileIntervalMs: config.controllerReconcileIntervalMs },
    { connect: dependencies.connectZooKeeper ?? connect, clock, scheduler, logger },
  );
}

/** The cluster's id: what stands in ZooKeeper, or a new one in a new cluster. */
export function ensureClusterId(
  store: CoordinationStore,
  { random }: BrokerDependencies,
): Promise<string> {
  return store.ensureClusterId(topicIdFromBytes(random.bytes(16)));
}

/** By which brokers know each other: the secret in ZooKeeper, or a new one in a new cluster. */
export async function openCredentials(
  clusterId: string,
  store: CoordinationStore,
  { random, clock, logger }: BrokerDependencies,
): Promise<BrokerCredentials> {
  const drawn = Buffer.from(random.bytes(BROKER_SECRET_BYTES)).toString("base64url");
  const secret = await store.ensureBrokerSecret(drawn);
  return new BrokerCredentials({ clusterId, secret }, { clock, logger });
}

export function openLogs(
  config: BrokerConfig,
  clusterId: string,
  dependencies: BrokerDependencies & {
    readonly onOffline: NonNullable<Parameters<typeof LogManager.open>[1]["onOffline"]>;
  },
): Promise<LogManager> {
  return LogManager.open(
    {
      dataFolder: config.dataDir,
      clusterId,
      brokerId: brokerId(config.brokerId),
      defaultConfig: logConfigOfStrangers(config),
      limits: {
        openFilesMax: config.logOpenFilesMax,
        tailCacheBytesMax: config.logTailCacheBytes,
        indexCacheBytesMax: config.logIndexCacheBytes,
        reservedBytes: config.logReservedBytes,
        producerIdExpirationMs: config.producerIdExpirationMs,
      },
      periods: {
        flushMs: config.logFlushOffsetCheckpointIntervalMs,
        highWatermarkMs: config.replicaHighWatermarkCheckpointIntervalMs,
        retentionMs: config.logRetentionCheckIntervalMs,
      },
    },
    dependencies,
  );
}

/**
 * Of logs on the disk whose topic is not known yet, or not any more: nothing is removed from them
 * on the word of a default. A topic may want to be kept for ever.
 */
export function logConfigOfStrangers(config: BrokerConfig): LogConfig {
  const { log } = partitionConfigOf({}, config);
  return { ...log, retentionMs: undefined, retentionBytes: undefined };
}

/** What follows the cluster image, wired in a ring: each knows the next by a closure. */
export function wireRuntimes(
  config: BrokerConfig,
  cluster: {
    readonly clusterId: string;
    readonly store: CoordinationStore;
    readonly logs: LogManager;
    readonly brokerEpoch: MetadataRuntimeDependencies["brokerEpoch"];
    readonly peers: PeerCalls;
  },
  dependencies: BrokerDependencies,
) {
  const { clock, scheduler, random, logger, trace } = dependencies;
  const { store, logs, clusterId, brokerEpoch, peers } = cluster;
  const self = brokerId(config.brokerId);
  const cache = new MetadataCache({ brokerId: self }, { clock, scheduler });
  const faults = new ZnodeFaults({ logger });
  // Of the newest image: followers look for their leaders before clients may see it.
  let brokers: ClusterImage["brokers"] = new Map();
  const replicas: ReplicaManager = new ReplicaManager(
    {
      brokerId: self,
      parkedMax: config.purgatoryOperationsMax,
      fetchBytesMax: config.fetchMaxBytes,
      lagTimeMaxMs: config.replicaLagTimeMaxMs,
      fetcher: {
        partitionMaxBytes: config.replicaFetchMaxBytes,
        responseMaxBytes: config.replicaFetchResponseMaxBytes,
        maxWaitMs: config.replicaFetchWaitMaxMs,
        minBytes: config.replicaFetchMinBytes,
      },
    },
    {
      logs,
      clock,
      scheduler,
      logger,
      trace,
      authority: () => guard.authority(),
      isrChanges: { request: (change) => isr.request(change) },
      peers: replicaPeers({ calls: peers, brokers: () => brokers }),
      whereIs: (topicPartition) => cache.whereIs(topicPartition),
      onReplicaFailed: () => metadata.wake(),
    },
  );
  const parts: ControllerParts = wireController(
    { brokerId: self, clusterId, settings: controllerSettings(config) },
    {
      store,
      peers,
      faults,
      follow: (image) => {
        brokers = image.brokers;
        replicas.brokers(brokers);
        metadata.follow(image);
      },
      onConfirmed: (askedAt) => guard.confirmed(askedAt),
    },
    dependencies,
  );
  const { link } = parts;
  const guard = new FreezeGuard({
    store,
    isKnown: () => cache.image?.brokers.get(self)?.brokerEpoch === brokerEpoch(),
    onThaw: () => parts.feed.confirm(),
    clock,
    scheduler,
  });
  const isr = new IsrRuntime(
    { brokerId: self },
    {
      submit: (event) => link.submit<AlterPartitionEvent>(event),
      answered: (change, answer) => replicas.isrChangeAnswered(change, answer),
      brokerEpoch,
      scheduler,
      random,
      logger,
    },
  );
  const metadata: MetadataRuntime = new MetadataRuntime(
    { brokerId: self },
    {
      cache,
      replicas,
      configOf: configResolver(config),
      deleteLogs: (topic) => deleteLogs(topic, logs),
      brokerEpoch,
      reportOffline: async (report) => {
        await link.submit<ReplicasOfflineEvent>(report);
      },
      confirmDeleted: async (topicIds) => {
        const event = { type: "replicasDeleted", brokerId: self, topicIds } as const;
        await link.submit<ReplicasDeletedEvent>(event);
      },
      scheduler,
      logger,
    },
  );
  return { ...parts, cache, replicas, metadata, faults, isr, guard };
}

type MetadataRuntimeDependencies = ConstructorParameters<typeof MetadataRuntime>[1];

export function planeOptions(config: BrokerConfig): HttpPlaneOptions {
  const hosts = config.httpAllowedHosts?.split(",").map((host) => host.trim());
  return {
    host: config.httpHost,
    port: config.httpPort,
    ...(hosts === undefined ? {} : { allowedHosts: hosts }),
    limits: {
      connectionsMax: config.maxConnections,
      produceBodyBytesMax: config.socketRequestMaxBytes,
      inFlightBytesMax: config.queuedMaxRequestBytes,
      closeTimeoutMs: config.shutdownTimeoutMs,
    },
  };
}

/** Where clients are told to go. */
export function advertisedAddress(config: BrokerConfig, bound: HttpAddress): HttpAddress {
  const port = config.httpAdvertisedPort === 0 ? bound.port : config.httpAdvertisedPort;
  return { host: config.httpAdvertisedHost ?? bound.host, port };
}

export function registrationOf(
  config: BrokerConfig,
  life: {
    readonly address: HttpAddress;
    readonly logs: LogManager;
    readonly folder: string | undefined;
    readonly bootId: string | undefined;
    readonly now: Timestamp;
  },
): BrokerRegistration {
  const { host, port } = life.address;
  return {
    brokerId: brokerId(config.brokerId),
    incarnation: life.logs.incarnationId,
    endpoints: [{ listener: HTTP_LISTENER, host, port, securityProtocol: "PLAINTEXT" }],
    rack: config.brokerRack,
    folder: life.folder,
    bootId: life.bootId,
    boot: life.logs.boot,
    timestamp: life.now,
  };
}

function controllerSettings(config: BrokerConfig): ControllerSettings {
  return {
    defaultPartitions: config.numPartitions,
    defaultReplicationFactor: config.defaultReplicationFactor,
    uncleanLeaderElection: config.uncleanLeaderElectionEnable,
    flushBeforeAcknowledge: config.logFlush === "fsync",
    deleteTopicEnabled: config.deleteTopicEnable,
    leaderRebalance: config.autoLeaderRebalanceEnable
      ? {
          checkIntervalMs: config.leaderImbalanceCheckIntervalMs,
          imbalancePercentMax: config.leaderImbalancePerBrokerPercentage,
        }
      : undefined,
    configFault: (kind, name, value) =>
      kind === "topic"
        ? topicSettingFault(name, value)
        : "settings of brokers stand in their configuration files",
  };
}

/** The same overrides give the same object, so that nothing is configured twice. */
function configResolver(config: BrokerConfig): (topic: TopicImage) => PartitionConfig {
  const resolved = new WeakMap<TopicImage["configs"], PartitionConfig>();
  return ({ configs }) => {
    const known = resolved.get(configs);
    if (known !== undefined) return known;
    const fresh = partitionConfigOf(configs, config);
    resolved.set(configs, fresh);
    return fresh;
  };
}

/**
 * Deletions at once: they share the writes of the checkpoints, each of which is a sync of all that
 * is listed. A topic of 10,000 partitions takes ten rounds of them.
 */
const DELETIONS_AT_ONCE_MAX = 1_024;

/** Folders that are gone have no id to go by: those of the deleted topic's name are forgotten. */
async function deleteLogs(
  { topicId, name }: { readonly topicId: TopicId; readonly name: string },
  logs: LogManager,
): Promise<void> {
  const limits = { atOnceMax: DELETIONS_AT_ONCE_MAX };
  const failures: unknown[] = [];
  const partitions = [...logs.partitionsOf(topicId), ...logs.missingPartitionsOf(name)];
  await inParallel(partitions, limits, async (topicPartition) => {
    await logs.delete(topicPartition).catch((error: unknown) => failures.push(error));
  });
  // Only when all have ended: the deletion is tried again, and must not meet itself.
  if (failures.length > 0) throw failures[0];
}
