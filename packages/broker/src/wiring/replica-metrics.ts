import type { PartitionImage } from "@zoolog/controller";
import type { ReplicaManager } from "@zoolog/replication";
import { isOffline, isUnderReplicated } from "../calls/cluster-calls.ts";
import type { MetricRegistry } from "../metric-registry.ts";
import type { MetadataCache } from "../runtimes/image/metadata-cache.ts";

/** What the parts count while they work, named for Prometheus. Read at a scrape, never pushed. */
export function describeReplicaMetrics(
  registry: MetricRegistry,
  parts: {
    readonly replicas: ReplicaManager;
    readonly cache: MetadataCache;
  },
): void {
  const { replicas, cache } = parts;
  const { counters } = replicas;
  const total = (name: string, help: string, read: () => number): void =>
    registry.total(`zoolog_${name}_total`, help, read);
  total(
    "appended_batches",
    "Record batches appended by leaders here",
    () => counters.appendedBatches,
  );
  total("appended_records", "Records in them", () => counters.appendedRecords);
  total("appended_bytes", "Bytes of them", () => counters.appendedBytes);
  total("refused_batches", "Record batches refused", () => counters.refusedBatches);
  total(
    "fetched_bytes",
    "Bytes of record batches answered to consumers",
    () => counters.fetchedBytes,
  );
  total(
    "follower_fetched_bytes",
    "Of them, bytes that replicas answered that follow",
    () => counters.followerFetchedBytes,
  );
  total(
    "sent_to_closest",
    "Times that a leader here named a replica that is closer to the consumer",
    () => counters.sentToClosest,
  );
  total("parked_fetches", "Fetches that had to wait for data", () => counters.parkedFetches);
  total(
    "failed_replicas",
    "Replicas that went offline since the start",
    () => counters.failedReplicas,
  );
  total(
    "isr_shrinks",
    "Times that the ISR of a partition led here got smaller",
    () => counters.isrShrinks,
  );
  total("isr_expands", "Times that one got larger", () => counters.isrExpands);

  const gauge = (name: string, help: string, read: () => number): void =>
    registry.gauge(`zoolog_${name}`, help, read);
  gauge("parked_produces_now", "Appends that wait for replicas", () => replicas.parked.produces);
  gauge("parked_fetches_now", "Fetches that wait for data", () => replicas.parked.fetches);
  gauge(
    "parked_replica_fetches_now",
    "Calls of followers that wait for news",
    () => replicas.parked.replicaFetches,
  );
  gauge(
    "replication_lag_records",
    "Committed records that the replica here that is furthest behind lacks",
    () => replicas.lagMax,
  );
  gauge(
    "under_replicated_leaders",
    "Partitions led here whose ISR lacks a replica",
    () => replicas.underReplicated,
  );
  gauge("replicas", "Replicas on this broker", () => replicas.partitions.size);
  gauge("led_partitions", "Partitions that this broker leads", () => countRole(replicas, "leader"));
  gauge("offline_replicas", "Replicas on this broker whose log failed", () =>
    countRole(replicas, "offline"),
  );
  gauge("offline_partitions", "Partitions of the cluster without a leader", () =>
    countPartitions(cache, isOffline),
  );
  gauge("under_replicated_partitions", "Partitions of the cluster with too small an ISR", () =>
    countPartitions(cache, isUnderReplicated),
  );
}

function countRole(replicas: ReplicaManager, role: "leader" | "offline"): number {
  let count = 0;
  for (const { state } of replicas.partitions.values()) if (state.role === role) count += 1;
  return count;
}

function countPartitions(
  cache: MetadataCache,
  counts: (partition: PartitionImage) => boolean,
): number {
  let count = 0;
  for (const { partitions } of cache.image?.topics.values() ?? []) {
    for (const partition of partitions) if (counts(partition)) count += 1;
  }
  return count;
}
