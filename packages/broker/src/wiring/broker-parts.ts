import { type AbortSignalLike, brokerId, topicIdFromBytes } from "@zoolog/base";
import { type CoordinationStore, openZooKeeperStore } from "@zoolog/coordination";
import { clusterOfFolder, LogManager } from "@zoolog/log";
import { connectZooKeeper } from "@zoolog/zookeeper";
import { BROKER_SECRET_BYTES, BrokerCredentials } from "../broker-credential.ts";
import type { BrokerDependencies } from "../broker-dependencies.ts";
import type { BrokerConfig } from "../config/config.ts";
import { clusterIsGone } from "../runtimes/errors.ts";
import { logConfigOfStrangers } from "./part-options.ts";

/** How the parts of a broker that reach outside are opened: its session, its secret, its folder. */

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

/**
 * The cluster's id: what stands in ZooKeeper, or a new one in a new cluster. With the data of another
 * one nobody begins a new cluster: ZooKeeper has lost its own, or is the wrong one.
 *
 * @throws ZoologError `INCONSISTENT_CLUSTER_ID`
 */
export async function ensureClusterId(
  { dataDir, zookeeperConnect }: BrokerConfig,
  store: CoordinationStore,
  { random, fileSystem }: BrokerDependencies,
): Promise<string> {
  const found = await store.readClusterId();
  if (found !== undefined) return await store.ensureClusterId(found);
  const former = await clusterOfFolder(dataDir, fileSystem);
  if (former !== undefined) throw clusterIsGone(dataDir, former, zookeeperConnect);
  return await store.ensureClusterId(topicIdFromBytes(random.bytes(16)));
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
        readAheadBytesMax: config.logReadAheadBytes,
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
