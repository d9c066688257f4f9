import {
  CallAbort,
  type Clock,
  type Logger,
  offset,
  type Random,
  runInBackground,
  type Scheduler,
  type Timer,
} from "@zoolog/base";
import type { BrokerCalls } from "@zoolog/calls";
import type { FetchResponse } from "@zoolog/protocol";
import type { BackoffOptions } from "../backoff.ts";
import type { Cluster } from "../cluster/cluster.ts";
import type { OffsetLookup } from "../cluster/offset-lookup.ts";
import { alreadyClosed } from "../errors.ts";
import type { OffsetPoint } from "../offsets.ts";
import type { AssignedPartition } from "./assigned-partition.ts";
import { FetchAnswers, type FetchedEntry } from "./fetch-answers.ts";
import { type FetchTarget, groupByTarget, patienceMs } from "./fetch-target.ts";
import { findBounds, type OffsetBounds } from "./offset-bounds.ts";
import { PartitionFailures } from "./partition-failures.ts";
import { FETCH_BYTES, type ResolvedReadOptions } from "./read-options.ts";

export type FetcherOptions = BackoffOptions &
  Pick<
    ResolvedReadOptions,
    | "to"
    | "follow"
    | "prefetchBytes"
    | "maxWaitMs"
    | "onOffsetOutOfRange"
    | "rack"
    | "retryTimeoutMs"
  > & {
    readonly requestTimeoutMs: number;
    /** That its partitions are read for; `undefined`: for a plain reader. */
    readonly group?: string;
  };

export type FetcherDependencies = {
  readonly cluster: Cluster;
  readonly calls: BrokerCalls;
  readonly lookup: OffsetLookup;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly logger: Logger;
  /** A partition has something to hand out, has ended or has failed. */
  readonly onChange: (partition: AssignedPartition) => void;
};

/** A partition as it was when something was asked for it. */
type Asked = {
  readonly partition: AssignedPartition;
  readonly generation: number;
  readonly since: number;
};

/** One chunk is read while the next one is on its way. */
const CHUNKS_PER_PARTITION_MAX = 2;
/**
 * A long poll for quiet partitions must not hold up busy ones of the same broker, so there may be
 * several; few, so that requests stay large.
 */
const FETCHES_PER_BROKER_MAX = 3;
/** Keeps partitions of any topics supplied: finds out where they begin, fetches ahead, retries. */
export class Fetcher {
  readonly #options: FetcherOptions;
  readonly #dependencies: FetcherDependencies;
  readonly #failures: PartitionFailures;
  readonly #answers: FetchAnswers;
  /** In the order in which they are asked for: who was asked for or got something goes to the end. */
  readonly #partitions = new Set<AssignedPartition>();
  readonly #underWay = new Map<string, number>();
  readonly #closing = new CallAbort();
  #reservedBytes = 0;
  #timer: Timer | undefined;

  constructor(options: FetcherOptions, dependencies: FetcherDependencies) {
    this.#options = options;
    this.#dependencies = dependencies;
    this.#failures = new PartitionFailures(options, dependencies);
    this.#answers = new FetchAnswers(options, {
      ...dependencies,
      failures: this.#failures,
      onReceived: (partition) => this.#toTheEnd(partition),
    });
  }

  add(partition: AssignedPartition): void {
    this.#partitions.add(partition);
  }

  remove(partition: AssignedPartition): void {
    this.#partitions.delete(partition);
  }

  /** Asks for whatever there is room for. Call it when something was taken, added or sought. */
  pump(): void {
    if (this.#closing.signal.aborted) return;
    const now = this.#dependencies.clock.monotonic();
    const idle = [...this.#partitions].filter((p) => {
      return !p.busy && !p.paused && p.failure === undefined;
    });
    const due = idle.filter((partition) => partition.notBefore <= now);
    const unresolved = due.filter((partition) => partition.start !== undefined);
    this.#resolveByLeader(unresolved);
    this.#fetchDue(due, now);
    const waits = idle.map(({ notBefore }) => notBefore).filter((notBefore) => notBefore > now);
    this.#timer?.cancel();
    this.#timer =
      waits.length === 0
        ? undefined
        : this.#dependencies.scheduler.after(Math.ceil(Math.min(...waits) - now), () =>
            this.pump(),
          );
  }

  /** Breaks off what is under way. Idempotent. */
  close(): void {
    this.#timer?.cancel();
    this.#closing.abort(alreadyClosed("reader"));
  }

  #fetchDue(due: readonly AssignedPartition[], now: number): void {
    const wanted = due.filter((partition) => {
      return (
        !partition.busy &&
        partition.start === undefined &&
        !partition.isFetched &&
        partition.chunkCount < CHUNKS_PER_PARTITION_MAX
      );
    });
    const { cluster } = this.#dependencies;
    const { rack } = this.#options;
    const { groups, withoutLeader } = groupByTarget(wanted, { cluster, rack, now });
    for (const partition of withoutLeader) this.#failures.withoutLeader(partition);
    for (const { target, partitions } of groups) this.#fetch(target, partitions);
  }

  #fetch(target: FetchTarget, partitions: readonly AssignedPartition[]): void {
    const { endpoint } = target;
    const underWay = this.#underWay.get(endpoint) ?? 0;
    const maxBytes = Math.min(FETCH_BYTES, this.#options.prefetchBytes);
    if (underWay >= FETCHES_PER_BROKER_MAX || !this.#hasRoomFor(maxBytes)) return;
    this.#underWay.set(endpoint, underWay + 1);
    this.#reservedBytes += maxBytes;
    // Where there is room for few fetches, long polls for quiet partitions would take it every time.
    for (const partition of partitions) this.#toTheEnd(partition);
    this.#ask("fetch", partitions, async (asked) => {
      try {
        const answer = await this.#callFetch(target, partitions, maxBytes);
        const topics = new Map(answer.topics.map((entry) => [entry.topic, byPartition(entry)]));
        for (const { partition } of asked.filter(isCurrent)) {
          const { partition: index, topic } = partition.topicPartition;
          this.#answers.arrived(target, partition, topics.get(topic)?.get(index));
        }
      } catch (error) {
        if (target.isLeader) throw error;
        for (const { partition } of asked.filter(isCurrent))
          this.#answers.leaveReplica(partition, error);
      } finally {
        this.#underWay.set(endpoint, (this.#underWay.get(endpoint) ?? 1) - 1);
        this.#reservedBytes -= maxBytes;
      }
    });
  }

  #callFetch(
    target: FetchTarget,
    partitions: readonly AssignedPartition[],
    maxBytes: number,
  ): Promise<FetchResponse> {
    const { maxWaitMs, requestTimeoutMs } = this.#options;
    const { endpoint, rack } = target;
    const timeoutMs = maxWaitMs + patienceMs(target, requestTimeoutMs);
    const topics = [...byTopic(partitions)].map(([topic, those]) => {
      return { topic, partitions: those.map((partition) => request(partition, maxBytes)) };
    });
    return this.#dependencies.calls.call(
      endpoint,
      "fetch",
      {
        maxWaitMs,
        minBytes: 1,
        maxBytes,
        isolation: "readUncommitted",
        topics,
        ...(rack === undefined ? {} : { rack }),
      },
      { timeoutMs, signal: this.#closing.signal },
    );
  }

  /** Does something for partitions in the background; one at a time for each of them. */
  #ask(
    name: string,
    partitions: readonly AssignedPartition[],
    task: (asked: readonly Asked[]) => Promise<void>,
  ): void {
    const since = this.#dependencies.clock.monotonic();
    const asked = partitions.map((partition) => {
      return { partition, generation: partition.generation, since };
    });
    for (const partition of partitions) partition.busy = true;
    runInBackground(name, this.#dependencies.logger, async () => {
      try {
        await task(asked);
      } catch (error) {
        if (this.#closing.signal.aborted) return;
        for (const { partition, since: asking } of asked.filter(isCurrent)) {
          this.#failures.failed(partition, error, asking);
        }
      } finally {
        for (const { partition } of asked.filter(isCurrent)) partition.busy = false;
        this.pump();
      }
    });
  }

  #hasRoomFor(bytes: number): boolean {
    let buffered = this.#reservedBytes;
    for (const partition of this.#partitions) buffered += partition.bufferedBytes;
    return buffered === 0 || buffered + bytes <= this.#options.prefetchBytes;
  }

  /** Others are asked for first the next time. */
  #toTheEnd(partition: AssignedPartition): void {
    if (this.#partitions.delete(partition)) this.#partitions.add(partition);
  }

  /**
   * A partition that nobody leads, or whose leader is silent, holds up none that has one: each leader
   * is asked on its own, and again for a partition that failed.
   */
  #resolveByLeader(unresolved: readonly AssignedPartition[]): void {
    const groups = new Map<string | AssignedPartition, AssignedPartition[]>();
    for (const partition of unresolved) {
      const leader = this.#dependencies.cluster.leaderOf(partition.topicPartition);
      if (leader === undefined) {
        this.#failures.withoutLeader(partition);
        continue;
      }
      const key = partition.failures === 0 ? leader.endpoint : partition;
      const group = groups.get(key) ?? [];
      group.push(partition);
      groups.set(key, group);
    }
    for (const group of groups.values()) {
      for (const [topic, partitions] of byTopic(group)) this.#resolve(topic, partitions);
    }
  }

  /** Finds out the offsets at which partitions of a topic begin and end. */
  #resolve(topic: string, partitions: readonly AssignedPartition[]): void {
    const { follow, requestTimeoutMs, to } = this.#options;
    const starts = new Map(
      partitions.map(({ start, topicPartition }) => [
        topicPartition.partition,
        start as OffsetPoint,
      ]),
    );
    this.#ask("find offsets", partitions, async (asked) => {
      // Trying again is the business of each partition.
      const limits = { timeoutMs: requestTimeoutMs, signal: this.#closing.signal, once: true };
      const bounds = await findBounds({ topic, starts, to, follow }, this.#dependencies, limits);
      for (const { partition } of asked.filter(isCurrent)) {
        const found = bounds.get(partition.topicPartition.partition) as OffsetBounds;
        partition.beginAt(found.from);
        partition.endOffset ??= found.to;
        partition.succeeded();
        if (partition.isExhausted) this.#dependencies.onChange(partition);
      }
    });
  }
}

function byTopic(partitions: readonly AssignedPartition[]): Map<string, AssignedPartition[]> {
  const topics = new Map<string, AssignedPartition[]>();
  for (const partition of partitions) {
    const those = topics.get(partition.topicPartition.topic);
    if (those === undefined) topics.set(partition.topicPartition.topic, [partition]);
    else those.push(partition);
  }
  return topics;
}

function byPartition({ partitions }: FetchResponse["topics"][number]): Map<number, FetchedEntry> {
  return new Map(partitions.map((entry) => [entry.partition, entry]));
}

function request(partition: AssignedPartition, partitionMaxBytes: number) {
  const { fetchedEpoch: lastFetchedEpoch, fetchOffset, replica, topicPartition } = partition;
  const { leaderEpoch: currentLeaderEpoch } = replica.named ?? {};
  const { partition: index } = topicPartition;
  const place = { partition: index, fetchOffset: offset(fetchOffset), partitionMaxBytes };
  const asked = lastFetchedEpoch === undefined ? place : { lastFetchedEpoch, ...place };
  // Who was sent to a follower says under whose word.
  return currentLeaderEpoch === undefined ? asked : { currentLeaderEpoch, ...asked };
}

/** Nobody has sought in between: the answer is still wanted. */
function isCurrent({ generation, partition }: Asked): boolean {
  return partition.generation === generation;
}
