import {
  type LeaderEpoch,
  runInBackground,
  type TopicPartition,
  topicPartitionKey,
  unreachable,
  type ZoologError,
} from "@zoolog/base";
import type { ReplicateRequest } from "@zoolog/protocol";
import { ReplicaFetchers } from "./follower/replica-fetchers.ts";
import type { IsrChangeAnswer, IsrChangeRequest } from "./isr-change.ts";
import type { LiveBrokers } from "./leader/isr-rules.ts";
import { judgeLogFailure } from "./log-failure.ts";
import { IsrChecks } from "./partition/isr-checks.ts";
import { Partition } from "./partition/partition.ts";
import type { EpochEnd, OffsetAnswer, OffsetQuery } from "./partition/partition-offsets.ts";
import type { PartitionEvent } from "./partition-event.ts";
import type { AppendOutcome } from "./pending-append.ts";
import { Purgatory } from "./purgatory.ts";
import type { ReplicaError } from "./replica-error.ts";
import type {
  ReplicaManagerDependencies,
  ReplicaManagerOptions,
} from "./replica-manager-options.ts";
import {
  type FetchedPartition,
  type FetchRequest,
  fetchForConsumer,
} from "./serving/consumer-fetch.ts";
import { type HostedReplica, HostedReplicas } from "./serving/hosted-replicas.ts";
import { type ProduceBatches, ProduceCalls } from "./serving/produce-calls.ts";
import {
  type DeletedRecords,
  deleteRecords,
  LIVE_BROKERS_KEY,
  type RecordDeletion,
} from "./serving/record-deletion.ts";
import {
  newReplicaCounters,
  type ParkedRequests,
  type ReplicaCounters,
} from "./serving/replica-counters.ts";
import {
  type ReplicaCaller,
  ReplicaFetches,
  type ReplicateAnswer,
} from "./serving/replica-fetches.ts";

export type OffsetRequest = TopicPartition &
  OffsetQuery & { readonly leaderEpoch?: LeaderEpoch | undefined };

export type EpochRequest = TopicPartition & {
  /** Whose end is asked for. */
  readonly epoch: LeaderEpoch;
  readonly leaderEpoch?: LeaderEpoch | undefined;
};

/** The partitions of this broker: finds them, makes them follow the cluster image, serves them. */
export class ReplicaManager {
  readonly counters: ReplicaCounters = newReplicaCounters();
  readonly #options: ReplicaManagerOptions;
  readonly #dependencies: ReplicaManagerDependencies;
  readonly #hosted: HostedReplicas;
  readonly #produceCalls: ProduceCalls;
  /** Appends that wait for the high watermark. */
  readonly #commits: Purgatory;
  /** Consumers' fetches that wait for bytes. */
  readonly #fetches: Purgatory;
  /** Deletions of records that wait for followers. */
  readonly #deletions: Purgatory;
  readonly #replicaFetches: ReplicaFetches;
  readonly #fetchers: ReplicaFetchers;
  readonly #isrChecks: IsrChecks;
  #brokers: LiveBrokers = new Map();

  constructor(options: ReplicaManagerOptions, dependencies: ReplicaManagerDependencies) {
    this.#options = options;
    this.#dependencies = dependencies;
    const hosted = new HostedReplicas(options, dependencies);
    this.#hosted = hosted;
    this.#produceCalls = new ProduceCalls({
      ...dependencies,
      counters: this.counters,
      find: (topicPartition) => hosted.find(topicPartition),
    });
    this.#commits = new Purgatory({ operationsMax: options.parkedMax }, dependencies);
    this.#fetches = new Purgatory({ operationsMax: options.parkedMax }, dependencies);
    this.#deletions = new Purgatory({ operationsMax: options.parkedMax }, dependencies);
    this.#replicaFetches = new ReplicaFetches(
      { bytesMax: options.fetchBytesMax, selectsByRack: options.selectsByRack },
      {
        ...dependencies,
        find: (replica) => hosted.findReplica(replica),
        brokers: () => this.#brokers,
      },
    );
    this.#fetchers = new ReplicaFetchers(options.fetcher, dependencies);
    this.#isrChecks = new IsrChecks(options, {
      ...dependencies,
      partitions: () => hosted.partitions.values(),
    });
  }

  /** All replicas of this broker. */
  get partitions(): ReadonlyMap<string, Partition> {
    return this.#hosted.partitions;
  }

  /** Requests that wait now. */
  get parked(): ParkedRequests {
    const { size: replicaFetches } = this.#replicaFetches.waits;
    return { produces: this.#commits.size, fetches: this.#fetches.size, replicaFetches };
  }

  /** Partitions led here whose ISR lacks an assigned replica. */
  get underReplicated(): number {
    return this.#hosted.underReplicated;
  }

  /** Committed records that the replica here that is furthest behind its leader lacks. */
  get lagMax(): number {
    return this.#hosted.lagMax;
  }

  /** Whether every replica here that has a leader leads, is in sync, or has all that is committed. */
  get isCaughtUp(): boolean {
    return this.#hosted.isCaughtUp;
  }

  /** The outcomes stand in the order of the batches; with `"none"` nothing is waited for. */
  produce(request: ProduceBatches): Promise<readonly AppendOutcome[]> {
    return this.#produceCalls.produce(request);
  }

  /** Answers every partition asked for, in the order of the request. */
  async fetch(request: FetchRequest): Promise<readonly FetchedPartition[]> {
    const { maxWaitMs, memory, partitions, signal } = request;
    const maxBytes = Math.min(request.maxBytes, this.#options.fetchBytesMax);
    // Who waits for more than an answer can hold would always wait until the deadline.
    const minBytes = Math.min(request.minBytes, maxBytes);
    const rack = this.#options.selectsByRack ? request.rack : undefined;
    const answers = await fetchForConsumer(
      { partitions, maxBytes, minBytes, maxWaitMs, rack, signal, memory },
      {
        find: (topicPartition) => this.#hosted.find(topicPartition),
        fetches: this.#fetches,
        clock: this.#dependencies.clock,
        onParked: () => {
          this.counters.parkedFetches += 1;
        },
      },
    );
    for (const answer of answers) this.#count(answer);
    return answers;
  }

  #count(answer: FetchedPartition): void {
    if (answer.error !== undefined) return;
    this.counters.fetchedBytes += answer.sizeInBytes;
    if (answer.preferredReadReplica !== undefined) this.counters.sentToClosest += 1;
    const role = this.#hosted.get(answer)?.state.role;
    if (role === "follower") this.counters.followerFetchedBytes += answer.sizeInBytes;
  }

  /**
   * Answers a follower (the leader's side of replication). Who asks is what its credential says.
   *
   * @throws ZoologError STALE_BROKER_EPOCH
   */
  replicate(request: ReplicateRequest, caller: ReplicaCaller): Promise<ReplicateAnswer> {
    return this.#replicaFetches.replicate(request, caller);
  }

  async findOffset(request: OffsetRequest): Promise<OffsetAnswer | ReplicaError> {
    const found = this.#hosted.find(request);
    return "error" in found ? found : found.findOffset(request);
  }

  /** Where a leader epoch ends in the log of the leader here (KIP-320). */
  endOfEpoch(request: EpochRequest): EpochEnd | ReplicaError {
    const found = this.#hosted.find(request);
    return "error" in found ? found : found.endOfEpoch(request);
  }

  /** Deletes records at the leaders here, and waits until live replicas have followed (KIP-107). */
  deleteRecords(request: {
    readonly deletions: readonly RecordDeletion[];
    readonly timeoutMs: number;
  }): Promise<readonly DeletedRecords[]> {
    const { deletions, timeoutMs } = request;
    const deadline = this.#dependencies.clock.monotonic() + timeoutMs;
    const find = (topicPartition: TopicPartition) => this.#hosted.find(topicPartition);
    return deleteRecords({ deletions, deadline }, { find, waiting: this.#deletions });
  }

  /** For what is asked of one replica and answered at once. */
  find(topicPartition: TopicPartition): Partition | ReplicaError {
    return this.#hosted.find(topicPartition);
  }

  /**
   * Opens the replica when it is new and makes it follow its assignment. A log that fails makes an
   * offline replica, which is reported and answers with the reason. Rejects when the replica could
   * not take its role now and may later (a full disk): give it the same again.
   */
  async host(replica: HostedReplica): Promise<void> {
    try {
      await this.#host(replica);
      this.#hosted.noteObstacle(replica, undefined);
    } catch (error) {
      const judged = judgeLogFailure(error);
      if ("refusal" in judged) this.#hosted.noteObstacle(replica, judged.refusal);
      throw error;
    }
  }

  /** Why a replica that belongs here does not serve yet, as far as that may pass: a full disk. */
  obstacle(topicPartition: TopicPartition): ReplicaError | undefined {
    return this.#hosted.obstacle(topicPartition);
  }

  async #host(replica: HostedReplica): Promise<void> {
    const { topic, partition: index, topicId, config } = replica;
    const key = topicPartitionKey(replica);
    let partition = this.#hosted.get(replica);
    if (partition === undefined) {
      const { logs } = this.#dependencies;
      const topicPartition = { topic, partition: index };
      partition = await Partition.open(
        { topicPartition, topicId, config, ...this.#options },
        {
          openLog: () => logs.getOrCreate(topicPartition, { topicId, config: config.log }),
          startLogOver: () => logs.startOver(topicPartition, { topicId, config: config.log }),
          ...this.#dependencies,
          commits: this.#commits,
          emit: (event) => this.#onEvent(key, event),
          brokers: () => this.#brokers,
        },
      );
      this.#hosted.add(partition);
      if (partition.state.role === "offline") this.#reportFailure(partition, partition.state.error);
    } else if (partition.config !== config) {
      partition.configure(config);
    }
    if (replica.assignment.replicas.length > 1) this.#isrChecks.start();
    const wasOffline = partition.state.role === "offline";
    try {
      await partition.assign(replica.assignment);
    } catch (error) {
      // Who was offline before could not be made anew yet: no failure, and nobody else tries again.
      if (wasOffline || partition.state.role !== "offline") throw error;
    }
  }

  /** The replica's log failed outside of a request: a sync in the background, its whole folder. */
  fail(topicPartition: TopicPartition, error: ZoologError): void {
    this.#hosted.get(topicPartition)?.fail(error);
  }

  /** Forgets a replica without touching its data. Waiting requests are answered. */
  release(topicPartition: TopicPartition): void {
    const partition = this.#hosted.remove(topicPartition);
    if (partition === undefined) return;
    this.#fetchers.unfollow(partition.replicaKey);
    partition.close();
  }

  /** The registered brokers, whenever the cluster image has others. */
  brokers(brokers: LiveBrokers): void {
    if (brokers === this.#brokers) return;
    this.#brokers = brokers;
    this.#isrChecks.brokersChanged();
    this.#deletions.check(LIVE_BROKERS_KEY);
  }

  /**
   * What became of a change that `IsrChanges` was given.
   *
   * @param request the same object.
   */
  isrChangeAnswered(request: IsrChangeRequest, answer: IsrChangeAnswer): void {
    this.#hosted.get(request.topicPartition)?.isrChangeAnswered(request, answer);
  }

  /** Answers everything that waits and stops serving. The logs are the log manager's to close. */
  close(): void {
    this.#isrChecks.close();
    this.#commits.close();
    this.#fetches.close();
    this.#deletions.close();
    this.#replicaFetches.waits.close();
    const { logger } = this.#dependencies;
    runInBackground("stop following leaders", logger, () => this.#fetchers.close());
    for (const { topicPartition } of [...this.partitions.values()]) this.release(topicPartition);
  }

  #onEvent(key: string, event: PartitionEvent): void {
    const partition = this.partitions.get(key);
    if (partition !== undefined) this.#tellFollowers(partition, event);
    switch (event.type) {
      case "batchAppended":
        this.counters.appendedBatches += 1;
        this.counters.appendedRecords += event.recordCount;
        this.counters.appendedBytes += event.sizeInBytes;
        return;
      case "highWatermarkAdvanced":
        this.#dependencies.trace?.("high watermark advanced", {
          topicPartition: key,
          to: event.to,
        });
        this.#release(key);
        return;
      case "roleChanged":
        this.#release(key);
        this.#deletions.check(key);
        return;
      case "recordsDeleted":
        this.#deletions.check(key);
        return;
      case "isrChangeWanted":
        this.#dependencies.isrChanges.request(event.request);
        return;
      case "isrChanged": {
        const { from, to } = event;
        if (to.length < from.length) this.counters.isrShrinks += 1;
        else this.counters.isrExpands += 1;
        const fields = { topicPartition: key, from: from.join(), to: to.join() };
        this.#dependencies.logger.info("ISR changed", fields);
        return;
      }
      case "replicaFailed":
        if (partition !== undefined) this.#reportFailure(partition, event.error);
        return;
      default:
        unreachable(event);
    }
  }

  /** Those of the partition on other brokers, and our own where it follows one of them. */
  #tellFollowers(partition: Partition, event: PartitionEvent): void {
    const { type } = event;
    const { replicaKey: key, state } = partition;
    const fetches = this.#replicaFetches;
    if (type === "roleChanged") {
      fetches.noticeAll(key);
      if (state.role === "follower") this.#fetchers.follow(state);
      else this.#fetchers.unfollow(key);
    }
    if (state.role !== "leader" || state.followers.size === 0) return;
    const isDeletion = type === "recordsDeleted" && event.by === "leader";
    const hasRecords = type === "batchAppended" || isDeletion;
    if (hasRecords) fetches.notice(key, state.followers.keys(), "records");
    if (type === "highWatermarkAdvanced")
      fetches.notice(key, state.followers.keys(), "highWatermark");
  }

  /** Producers first: their answers are older than any data a consumer could get by waiting. */
  #release(key: string): void {
    this.#commits.check(key);
    this.#fetches.check(key);
  }

  #reportFailure(partition: Partition, error: ZoologError): void {
    this.counters.failedReplicas += 1;
    const { key: topicPartition } = partition;
    this.#dependencies.logger.error("replica failed", { topicPartition, error: error.message });
    this.#dependencies.onReplicaFailed(partition, error);
  }
}
