import type { BrokerEpoch, BrokerId, Machine, Timestamp } from "@zoolog/base";
import type { CoordinationStore } from "@zoolog/coordination";
import type { LogManager } from "@zoolog/log";
import type { DescribeBrokerResponse } from "@zoolog/protocol";
import type { ReplicaManager } from "@zoolog/replication";
import type { ListenerAddress } from "../broker-address.ts";
import type { LiveConfig } from "../config/live-config.ts";
import type { ControllerRuntime } from "../runtimes/controller/controller-runtime.ts";
import type { MetadataCache } from "../runtimes/image/metadata-cache.ts";

/** What only this broker knows of itself. */
export type BrokerFacts = {
  readonly brokerId: BrokerId;
  readonly version: string;
  readonly live: LiveConfig;
  readonly logs: LogManager;
  readonly store: Pick<CoordinationStore, "state" | "sessionTimeoutMs" | "leaseRemainingMs">;
  readonly replicas: Pick<ReplicaManager, "partitions">;
  readonly controller: Pick<ControllerRuntime, "isController">;
  readonly cache: Pick<MetadataCache, "image">;
  readonly machine: Machine;
  readonly startedAt: Timestamp;
  readonly brokerEpoch: () => BrokerEpoch | undefined;
  /** Where clients are told to go; `undefined` before it listens. */
  readonly addresses: () => readonly ListenerAddress[];
};

export async function describeBroker(facts: BrokerFacts): Promise<DescribeBrokerResponse> {
  const { brokerId, version, live, logs, store, cache, machine, startedAt } = facts;
  const { brokerRack, dataDir: dataFolder } = live.started;
  const brokerEpoch = facts.brokerEpoch();
  const bootId = await machine.bootId();
  const { eventLoopDelayMs, ...memory } = machine.usage();
  const { freeBytes, totalBytes } = logs;
  return {
    brokerId,
    ...(brokerEpoch === undefined ? {} : { brokerEpoch }),
    ...(brokerRack === undefined ? {} : { rack: brokerRack }),
    version,
    incarnation: logs.incarnationId,
    ...(bootId === undefined ? {} : { bootId }),
    startedAt,
    endpoints: [...facts.addresses()],
    isController: facts.controller.isController,
    ...countReplicas(facts),
    coordinatorSlots:
      cache.image?.coordinators.filter((slot) => slot.brokerId === brokerId).length ?? 0,
    dataFolder,
    ...sizeOfLogs(logs),
    ...(totalBytes === undefined ? {} : { diskTotalBytes: totalBytes }),
    ...(freeBytes === undefined ? {} : { diskFreeBytes: freeBytes }),
    diskReservedBytes: live.started.logReservedBytes,
    openFiles: logs.usage.openFiles,
    ...memory,
    ...(eventLoopDelayMs === undefined ? {} : { eventLoopDelayMs }),
    zookeeper: {
      state: store.state,
      sessionTimeoutMs: store.sessionTimeoutMs,
      leaseRemainingMs: Math.max(0, Math.round(store.leaseRemainingMs())),
    },
  };
}

function countReplicas({ replicas }: BrokerFacts) {
  let leaders = 0;
  let offlineReplicas = 0;
  for (const { state } of replicas.partitions.values()) {
    if (state.role === "leader") leaders += 1;
    if (state.role === "offline") offlineReplicas += 1;
  }
  return { leaders, replicas: replicas.partitions.size, offlineReplicas };
}

function sizeOfLogs(logs: LogManager) {
  let logBytes = 0;
  let segments = 0;
  for (const log of logs.logs()) {
    logBytes += log.sizeInBytes;
    segments += log.segmentCount;
  }
  return { logBytes, segments };
}
