import { type BrokerEpoch, brokerId, type Logger, type Timestamp } from "@zoolog/base";
import type { ControllerSettings, TopicImage } from "@zoolog/controller";
import type { BrokerRegistration } from "@zoolog/coordination";
import type { GroupSettings } from "@zoolog/group-coordinator";
import { COORDINATOR_SLOTS } from "@zoolog/group-coordinator";
import type { LogConfig, LogManager } from "@zoolog/log";
import type { PartitionConfig, ReplicaManagerOptions } from "@zoolog/replication";
import type { ListenerAddress } from "../broker-address.ts";
import type { BrokerConfig } from "../config/config.ts";
import { CONFIG_RULES } from "../config/dynamic-settings.ts";
import { checkedKafkaListeners } from "../config/kafka-listeners.ts";
import type { LiveConfig } from "../config/live-config.ts";
import { partitionConfigOf } from "../config/topic-settings.ts";
import { DEFAULT_HTTP_LIMITS } from "../http/http-limits.ts";
import type { HttpPlaneOptions } from "../http/http-plane.ts";
import type { KafkaPlaneOptions } from "../kafka/kafka-plane.ts";

/** What the broker's configuration means to each of its parts. */

export function httpPlaneOptions(config: BrokerConfig) {
  const hosts = config.httpAllowedHosts?.split(",").map((host) => host.trim());
  return {
    host: config.httpHost,
    port: config.httpPort,
    ...(hosts === undefined ? {} : { allowedHosts: hosts }),
    limits: {
      connectionsMax: config.maxConnections,
      produceBodyBytesMax: config.socketRequestMaxBytes,
      inFlightBytesMax: config.queuedMaxRequestBytes,
      peerInFlightBytesMax: DEFAULT_HTTP_LIMITS.peerInFlightBytesMax,
      unreadTimeoutMs: config.answerUnreadTimeoutMs,
      closeTimeoutMs: config.shutdownTimeoutMs,
    },
  } satisfies HttpPlaneOptions;
}

export function kafkaPlaneOptions(config: BrokerConfig): KafkaPlaneOptions {
  return {
    listeners: checkedKafkaListeners(config),
    limits: {
      requestBytesMax: config.socketRequestMaxBytes,
      connectionsMax: config.maxConnections,
      connectionsPerAddressMax: config.maxConnectionsPerIp ?? Number.POSITIVE_INFINITY,
      idleTimeoutMs: config.connectionsMaxIdleMs,
      unreadTimeoutMs: config.answerUnreadTimeoutMs,
      closeTimeoutMs: config.shutdownTimeoutMs,
    },
  };
}

/** Where others are told to go, by each listener. */
export function advertisedAddresses(
  config: BrokerConfig,
  listening: readonly ListenerAddress[],
): readonly ListenerAddress[] {
  const kafka = new Map(checkedKafkaListeners(config).map((each) => [each.listener, each]));
  return listening.map(({ listener, host, port }) => {
    const told = kafka.get(listener) ?? {
      advertisedHost: config.httpAdvertisedHost ?? host,
      advertisedPort: config.httpAdvertisedPort,
    };
    const { advertisedHost, advertisedPort } = told;
    return { listener, host: advertisedHost, port: advertisedPort === 0 ? port : advertisedPort };
  });
}

export function registrationOf(
  config: BrokerConfig,
  life: {
    readonly addresses: readonly ListenerAddress[];
    readonly logs: LogManager;
    readonly folder: string | undefined;
    readonly bootId: string | undefined;
    readonly now: Timestamp;
  },
): BrokerRegistration {
  return {
    brokerId: brokerId(config.brokerId),
    incarnation: life.logs.incarnationId,
    endpoints: life.addresses.map((address) => ({ ...address, securityProtocol: "PLAINTEXT" })),
    rack: config.brokerRack,
    folder: life.folder,
    bootId: life.bootId,
    boot: life.logs.boot,
    losses: lossesOf(life.logs),
    damaged: namesOf(life.logs.offlinePartitions),
    timestamp: life.now,
    origin: {
      lives: life.logs.lives,
      onOutdated: async () => {
        await life.logs.noteOutdated();
        return lossesOf(life.logs);
      },
    },
  };
}

/** Some 5,000 logs of usual names: a znode takes no more than 1 MiB. Those left out are in doubt. */
const SYNCED_BYTES_MAX = 256 * 1024;

/** Likewise; beyond it all others are. */
const UNSYNCED_BYTES_MAX = 256 * 1024;

/** What the folder lost, and which of its logs the last power cut can have touched, which not. */
export function lossesOf(
  logs: Pick<LogManager, "boot" | "losses" | "syncedSince" | "known">,
): NonNullable<BrokerRegistration["losses"]> {
  const { boot, losses, syncedSince, known } = logs;
  if (boot !== "unclean" && losses.unclean === undefined) return losses;
  const synced = new Map(namedSynced(syncedSince));
  const unsynced = new Set(known.filter((name) => !synced.has(name)));
  const bytes = [...unsynced].reduce((sum, name) => sum + `"${name}",`.length, 0);
  return {
    ...losses,
    ...(synced.size === 0 ? {} : { synced: Object.fromEntries(synced) }),
    unsynced: bytes > UNSYNCED_BYTES_MAX ? new Set(["*"]) : unsynced,
  };
}

/** At each start, not only after a power cut: then it is too late. */
export function warnOfUnnamedSynced(
  { syncedSince }: Pick<LogManager, "syncedSince">,
  logger: Logger,
): void {
  const named = namedSynced(syncedSince).length;
  if (named === syncedSince.size) return;
  logger.warn("more logs are always synced than a registration can name", {
    synced: syncedSince.size,
    named,
    unnamed: syncedSince.size - named,
    hint: "After a power cut the replicas that are not named are taken for those that may have lost records. Spread the partitions over more brokers, or use shorter topic names.",
  });
}

function namedSynced(syncedSince: LogManager["syncedSince"]): [string, BrokerEpoch][] {
  const named: [string, BrokerEpoch][] = [];
  let sizeInBytes = 0;
  for (const [name, since] of syncedSince) {
    sizeInBytes += `"${name}":${since},`.length;
    if (sizeInBytes > SYNCED_BYTES_MAX) break;
    named.push([name, since]);
  }
  return named;
}

/** Some 256 KiB of names at worst: a znode takes no more than 1 MiB. */
const DAMAGED_NAMES_MAX = 1_000;

function namesOf(offline: LogManager["offlinePartitions"]): readonly string[] {
  return offline.size > DAMAGED_NAMES_MAX ? ["*"] : [...offline.keys()];
}

/**
 * Of logs on the disk whose topic is not known yet, or not any more: nothing is removed from them
 * on the word of a default. A topic may want to be kept for ever.
 */
export function logConfigOfStrangers(config: BrokerConfig): LogConfig {
  const { log } = partitionConfigOf({}, config);
  return { ...log, retentionMs: undefined, retentionBytes: undefined };
}

export function replicaOptions(config: BrokerConfig): ReplicaManagerOptions {
  return {
    brokerId: brokerId(config.brokerId),
    parkedMax: config.purgatoryOperationsMax,
    fetchBytesMax: config.fetchMaxBytes,
    lagTimeMaxMs: config.replicaLagTimeMaxMs,
    selectsByRack: config.replicaSelectorClass === "rack",
    fetcher: {
      partitionMaxBytes: config.replicaFetchMaxBytes,
      responseMaxBytes: config.replicaFetchResponseMaxBytes,
      maxWaitMs: config.replicaFetchWaitMaxMs,
      minBytes: config.replicaFetchMinBytes,
    },
  };
}

export function controllerSettings(config: BrokerConfig): ControllerSettings {
  return {
    coordinatorSlots: COORDINATOR_SLOTS,
    defaultPartitions: config.numPartitions,
    defaultReplicationFactor: config.defaultReplicationFactor,
    uncleanLeaderElection: config.uncleanLeaderElectionEnable,
    deleteTopicEnabled: config.deleteTopicEnable,
    leaderRebalance: config.autoLeaderRebalanceEnable
      ? {
          checkIntervalMs: config.leaderImbalanceCheckIntervalMs,
          imbalancePercentMax: config.leaderImbalancePerBrokerPercentage,
        }
      : undefined,
    configs: CONFIG_RULES,
  };
}

export function groupSettingsOf(config: BrokerConfig): GroupSettings {
  return {
    sessionTimeoutMinMs: config.groupMinSessionTimeoutMs,
    sessionTimeoutMaxMs: config.groupMaxSessionTimeoutMs,
    initialRebalanceDelayMs: config.groupInitialRebalanceDelayMs,
    groupSizeMax: config.groupMaxSize,
    consumerSessionTimeoutMs: config.groupConsumerSessionTimeoutMs,
    consumerHeartbeatIntervalMs: config.groupConsumerHeartbeatIntervalMs,
    consumerAssignors: config.groupConsumerAssignors,
    offsetMetadataBytesMax: config.offsetMetadataMaxBytes,
  };
}

/** The same overrides give the same object, so that nothing is configured twice. */
export function configResolver(
  live: Pick<LiveConfig, "current">,
): (topic: TopicImage) => PartitionConfig {
  let resolved = new WeakMap<TopicImage["configs"], PartitionConfig>();
  let config = live.current;
  return ({ configs }) => {
    if (live.current !== config) {
      config = live.current;
      resolved = new WeakMap();
    }
    const known = resolved.get(configs);
    if (known !== undefined) return known;
    const fresh = partitionConfigOf(configs, config);
    resolved.set(configs, fresh);
    return fresh;
  };
}
