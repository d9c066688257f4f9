import type { BrokerId, Clock, Logger, Scheduler, TopicPartition, ZoologError } from "@zoolog/base";
import type { FetcherOptions } from "./follower/replica-fetcher.ts";
import type { ReplicaPeers } from "./follower/replica-peers.ts";
import type { IsrChanges } from "./isr-change.ts";
import type { Authority } from "./leader/authority.ts";
import type { Partition } from "./partition/partition.ts";
import type { ProduceTrace } from "./partition/partition-options.ts";
import type { PartitionLogs } from "./partition-log.ts";
import type { ReplicaError } from "./replica-error.ts";

export type ReplicaManagerOptions = {
  readonly brokerId: BrokerId;
  /** Requests of each kind (produce, fetch) that may be parked at the same time. */
  readonly parkedMax: number;
  /** Bytes in one fetch answer, whatever the request asks for. */
  readonly fetchBytesMax: number;
  /** `replica.lag.time.max.ms`: who was not caught up for longer is not in sync. */
  readonly lagTimeMaxMs: number;
  /** Consumers that say their rack are sent to a replica there (`replica.selector.class`). */
  readonly selectsByRack: boolean;
  /** How leaders are followed. */
  readonly fetcher: FetcherOptions;
};

export type ReplicaManagerDependencies = {
  readonly logs: PartitionLogs;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly logger: Logger;
  /** Asked before each acknowledgement. */
  readonly authority: () => Authority;
  /** How leaders here ask for another ISR; answers come to `isrChangeAnswered`. */
  readonly isrChanges: IsrChanges;
  /** How leaders on other brokers are reached. */
  readonly peers: ReplicaPeers;
  /** What the cluster knows of a partition that has no replica here. */
  readonly whereIs: (topicPartition: TopicPartition) => ReplicaError;
  /** A replica went offline: the controller has to know. */
  readonly onReplicaFailed: (replica: Partition, error: ZoologError) => void;
  readonly trace?: ProduceTrace | undefined;
};
