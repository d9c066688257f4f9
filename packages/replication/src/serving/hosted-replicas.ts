import { type BrokerId, type TopicId, type TopicPartition, topicPartitionKey } from "@zoolog/base";
import type { Partition } from "../partition/partition.ts";
import type { PartitionConfig } from "../partition/partition-options.ts";
import type { ReplicaAssignment } from "../replica-assignment.ts";
import { type ReplicaError, replicaError } from "../replica-error.ts";

/** A replica that the cluster image places on this broker. */
export type HostedReplica = TopicPartition & {
  readonly topicId: TopicId;
  readonly config: PartitionConfig;
  readonly assignment: ReplicaAssignment;
};

/** A replica as another broker names it. */
export type NamedReplica = {
  /** Of `replicaKey`. */
  readonly key: string;
  readonly topicId: TopicId;
  readonly partition: number;
};

/** The replicas of this broker: who they are by both their names, and how they fare together. */
export class HostedReplicas {
  readonly #brokerId: BrokerId;
  /** What the cluster knows of a partition that has no replica here. */
  readonly #whereIs: (topicPartition: TopicPartition) => ReplicaError;
  readonly #partitions = new Map<string, Partition>();
  /** By `replicaKey`, as other brokers name them. */
  readonly #replicas = new Map<string, Partition>();
  /** Why a replica could not take its role yet; it is to be hosted again. */
  readonly #obstacles = new Map<string, ReplicaError>();

  constructor(
    options: { readonly brokerId: BrokerId },
    dependencies: { readonly whereIs: (topicPartition: TopicPartition) => ReplicaError },
  ) {
    this.#brokerId = options.brokerId;
    this.#whereIs = dependencies.whereIs;
  }

  /** By `topicPartitionKey`. */
  get partitions(): ReadonlyMap<string, Partition> {
    return this.#partitions;
  }

  get(topicPartition: TopicPartition): Partition | undefined {
    return this.#partitions.get(topicPartitionKey(topicPartition));
  }

  add(partition: Partition): void {
    this.#partitions.set(partition.key, partition);
    this.#replicas.set(partition.replicaKey, partition);
  }

  remove(topicPartition: TopicPartition): Partition | undefined {
    const key = topicPartitionKey(topicPartition);
    this.#obstacles.delete(key);
    const partition = this.#partitions.get(key);
    if (partition === undefined) return undefined;
    this.#partitions.delete(key);
    this.#replicas.delete(partition.replicaKey);
    return partition;
  }

  /** Why a replica that belongs here does not serve yet, as far as that may pass: a full disk. */
  obstacle(topicPartition: TopicPartition): ReplicaError | undefined {
    return this.#obstacles.get(topicPartitionKey(topicPartition));
  }

  noteObstacle(topicPartition: TopicPartition, obstacle: ReplicaError | undefined): void {
    const key = topicPartitionKey(topicPartition);
    if (obstacle === undefined) this.#obstacles.delete(key);
    else this.#obstacles.set(key, obstacle);
  }

  /** The replica that serves clients, or what to tell them. */
  find(topicPartition: TopicPartition): Partition | ReplicaError {
    const partition = this.get(topicPartition);
    if (partition !== undefined && partition.state.role !== "unassigned") return partition;
    return this.obstacle(topicPartition) ?? partition ?? this.#whereIs(topicPartition);
  }

  /** The replica that another broker names, or what to tell it. */
  findReplica({ key, topicId, partition }: NamedReplica): Partition | ReplicaError {
    const found = this.#replicas.get(key);
    if (found !== undefined && found.state.role !== "unassigned") return found;
    return replicaError("UNKNOWN_TOPIC_ID", `no replica of ${topicId}-${partition} is here (yet)`);
  }

  /** Partitions led here whose ISR lacks an assigned replica. */
  get underReplicated(): number {
    let count = 0;
    for (const { state } of this.#partitions.values()) {
      if (state.role === "leader" && state.isr.length < state.replicas.length) count += 1;
    }
    return count;
  }

  /** Committed records that the replica here that is furthest behind its leader lacks. */
  get lagMax(): number {
    let max = 0;
    for (const { state } of this.#partitions.values()) {
      if (state.role === "follower") max = Math.max(max, state.lag ?? 0);
    }
    return max;
  }

  /** Whether every replica here that has a leader leads, is in sync, or has all that is committed. */
  get isCaughtUp(): boolean {
    if (this.#obstacles.size > 0) return false;
    for (const { state } of this.#partitions.values()) {
      if (state.role === "unassigned") return false;
      if (state.role !== "follower" || state.leader === undefined) continue;
      if (state.lag !== 0 && !state.isr.includes(this.#brokerId)) return false;
    }
    return true;
  }
}
