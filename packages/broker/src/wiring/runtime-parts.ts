import { brokerId, inParallel, type TopicId } from "@zoolog/base";
import type { PeerCalls } from "@zoolog/calls";
import type {
  AlterPartitionEvent,
  ClusterImage,
  ReplicasDeletedEvent,
  ReplicasOfflineEvent,
} from "@zoolog/controller";
import type { CoordinationStore } from "@zoolog/coordination";
import type { LogManager } from "@zoolog/log";
import { ReplicaManager } from "@zoolog/replication";
import type { BrokerDependencies } from "../broker-dependencies.ts";
import { replicaPeers } from "../calls/replica-peers.ts";
import type { BrokerConfig } from "../config/config.ts";
import { LiveConfig } from "../config/live-config.ts";
import { GroupRuntime } from "../runtimes/groups/group-runtime.ts";
import { OffsetSweeper } from "../runtimes/groups/offset-sweeper.ts";
import { MetadataCache } from "../runtimes/image/metadata-cache.ts";
import { MetadataRuntime } from "../runtimes/image/metadata-runtime.ts";
import { IsrRuntime } from "../runtimes/isr-runtime.ts";
import { FreezeGuard } from "../runtimes/membership/freeze-guard.ts";
import { ZnodeFaults } from "../runtimes/znode-faults.ts";
import { type ControllerParts, wireController } from "./controller-parts.ts";
import {
  configResolver,
  controllerSettings,
  groupSettingsOf,
  replicaOptions,
} from "./part-options.ts";

export type Runtimes = ReturnType<typeof wireRuntimes>;

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
  const live = new LiveConfig(config);
  const cache = new MetadataCache({ brokerId: self }, { clock, scheduler });
  const faults = new ZnodeFaults({ logger });
  // Of the newest image: followers look for their leaders before clients may see it.
  let brokers: ClusterImage["brokers"] = new Map();
  const replicas: ReplicaManager = new ReplicaManager(replicaOptions(config), {
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
  });
  const parts: ControllerParts = wireController(
    { brokerId: self, clusterId, settings: controllerSettings(config) },
    {
      store,
      peers,
      faults,
      follow: (image) => {
        brokers = image.brokers;
        live.follow(image);
        replicas.brokers(brokers);
        metadata.follow(image);
        groups.follow(image);
        sweeper.follow(image);
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
  const { groups, sweeper } = wireGroups(
    config,
    { store, brokerEpoch, faults, live, onOvertaken: () => parts.feed.confirm() },
    dependencies,
  );
  const metadata: MetadataRuntime = new MetadataRuntime(
    { brokerId: self },
    {
      cache,
      replicas,
      configOf: configResolver(live),
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
  return { ...parts, live, cache, replicas, metadata, faults, isr, guard, groups, sweeper };
}

/** The groups that this broker coordinates, and what tidies up behind them. */
function wireGroups(
  config: BrokerConfig,
  parts: Pick<GroupRuntimeDependencies, "brokerEpoch" | "faults" | "onOvertaken"> & {
    readonly store: CoordinationStore;
    readonly live: LiveConfig;
  },
  dependencies: BrokerDependencies,
) {
  const { live, ...rest } = parts;
  const groups = new GroupRuntime(
    { brokerId: brokerId(config.brokerId) },
    { ...rest, ...dependencies, settings: () => groupSettingsOf(live.current) },
  );
  const sweeper = new OffsetSweeper(
    { intervalMs: config.offsetsRetentionCheckIntervalMs },
    { runtime: groups, store: parts.store, ...dependencies },
  );
  return { groups, sweeper };
}

type GroupRuntimeDependencies = ConstructorParameters<typeof GroupRuntime>[1];
type MetadataRuntimeDependencies = ConstructorParameters<typeof MetadataRuntime>[1];

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
