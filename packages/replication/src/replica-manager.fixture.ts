import {
  brokerId,
  leaderEpoch,
  type Offset,
  offset,
  partitionEpoch,
  silentLogger,
  type TopicId,
  topicPartitionKey,
  ZoologError,
} from "@zoolog/base";
import { DEFAULT_LOG_CONFIG } from "@zoolog/log";
import { encodeRecordBatch } from "@zoolog/protocol";
import { ManualTime, MemoryPartitionLog } from "@zoolog/testkit";
import type { IsrChangeRequest } from "./isr-change.ts";
import { replicaError } from "./replica-error.ts";
import { ReplicaManager } from "./replica-manager.ts";
import type { FetchRequest } from "./serving/consumer-fetch.ts";
import type { HostedReplica } from "./serving/hosted-replicas.ts";
import type { ProduceBatches } from "./serving/produce-calls.ts";

export const LAG_MS = 30_000;
export const TOPIC_ID = "A".repeat(22) as TopicId;

export async function setUp(
  options: {
    partitions?: number;
    parkedMax?: number;
    replicas?: number[];
    /** What each look at the clock finds to have passed since the last one. */
    passingMs?: number;
  } = {},
) {
  const time = new ManualTime();
  const logs = new Map<string, MemoryPartitionLog>();
  const failures: string[] = [];
  const trace: string[] = [];
  const isrChanges: IsrChangeRequest[] = [];
  const full = { isFull: false };
  let passed = 0;
  const monotonic = (): number => {
    passed += options.passingMs ?? 0;
    return time.clock.monotonic() + passed;
  };
  const manager = new ReplicaManager(
    {
      brokerId: brokerId(1),
      parkedMax: options.parkedMax ?? 10,
      fetchBytesMax: 1_000_000,
      selectsByRack: true,
      lagTimeMaxMs: LAG_MS,
      fetcher: { partitionMaxBytes: 1_000, responseMaxBytes: 1_000, maxWaitMs: 500, minBytes: 1 },
    },
    {
      logs: {
        startOver: async () => {
          if (full.isFull)
            throw new ZoologError({ code: "DISK_FULL", message: "no room", retriable: true });
          return new MemoryPartitionLog();
        },
        getOrCreate: async (tp) => {
          if (tp.topic === "damaged")
            throw new ZoologError({
              code: "CORRUPT_MESSAGE",
              message: "damaged",
              retriable: false,
            });
          if (tp.topic === "corrupt") throw new Error("segment 0 is corrupt");
          const log = new MemoryPartitionLog();
          logs.set(topicPartitionKey(tp), log);
          return log;
        },
      },
      ...time,
      clock: { ...time.clock, monotonic },
      scheduler: time.scheduler,
      logger: silentLogger,
      authority: () => "lease",
      isrChanges: { request: (change) => void isrChanges.push(change) },
      peers: { replicate: () => Promise.reject(new Error("there is no other broker")) },
      whereIs: () => replicaError("UNKNOWN_TOPIC_OR_PARTITION", "no such topic"),
      onReplicaFailed: (replica, error) => void failures.push(`${replica.key}: ${error.message}`),
      trace: (hop) => void trace.push(hop),
    },
  );
  for (let partition = 0; partition < (options.partitions ?? 1); partition++) {
    await manager.host(hosted({ partition, replicas: options.replicas ?? [1] }));
  }
  return { time, logs, failures, trace, isrChanges, manager, full };
}

export function hosted(given: {
  topic?: string;
  partition?: number;
  epoch?: number;
  leader?: number;
  replicas?: number[];
}): HostedReplica {
  const replicas = (given.replicas ?? [1]).map(brokerId);
  return {
    topic: given.topic ?? "t",
    partition: given.partition ?? 0,
    topicId: TOPIC_ID,
    config: {
      minInsyncReplicas: 1,
      messageBytesMax: 1_000_000,
      stampOnAppend: false,
      log: DEFAULT_LOG_CONFIG,
    },
    assignment: {
      leader: brokerId(given.leader ?? 1),
      leaderEpoch: leaderEpoch(given.epoch ?? 0),
      partitionEpoch: partitionEpoch(given.epoch ?? 0),
      replicas,
      isr: replicas,
    },
  };
}

export const batchOf = (value: string): Buffer => encodeRecordBatch([{ timestamp: 1_000, value }]);

export const produceTo = (partition: number, value: string, topic = "t"): ProduceBatches => ({
  requiredAcks: "all",
  timeoutMs: 1_000,
  batches: [{ topic, partition, records: batchOf(value) }],
});

export function fetchFrom(
  given: Partial<FetchRequest> & { at?: readonly (readonly [number, number])[]; each?: number },
): FetchRequest {
  const { at = [[0, 0]], each = 1_000_000, ...rest } = given;
  return {
    partitions: at.map(([partition, from]) => ({
      topic: "t",
      partition,
      fetchOffset: offset(from) as Offset,
      maxBytes: each,
    })),
    minBytes: 1,
    maxWaitMs: 500,
    maxBytes: 1_000_000,
    ...rest,
  };
}

export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Tells whether a promise has settled, without waiting for it. */
export function watch<T>(promise: Promise<T>): { settled: boolean } {
  const watched = { settled: false };
  void promise.then(() => {
    watched.settled = true;
  });
  return watched;
}
