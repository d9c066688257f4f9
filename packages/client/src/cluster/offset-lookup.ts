import {
  abortable,
  type Clock,
  type Random,
  type Scheduler,
  sleep,
  topicPartitionKey,
  type ZoologError,
} from "@zoolog/base";
import type { BrokerCalls } from "@zoolog/calls";
import type { ListOffsetsResponse, OffsetSpec } from "@zoolog/protocol";
import { type BackoffOptions, backoffDelayMs } from "../backoff.ts";
import { callTimedOut, unknownPartition } from "../errors.ts";
import { isRetriable, itemFailure, meansStaleMetadata } from "../retriable.ts";
import type { CallLimits } from "./call-attempts.ts";
import type { Cluster } from "./cluster.ts";

export type FoundOffset = {
  /** Unknown when no record is that young. */
  readonly offset: number | undefined;
  readonly timestamp: number | undefined;
};

export type OffsetLookupDependencies = {
  readonly cluster: Cluster;
  readonly calls: BrokerCalls;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly random: Random;
};

/** `once`: what fails is told at once; the caller tries again. */
export type LookupLimits = CallLimits & { readonly once?: boolean };

type Entry = ListOffsetsResponse["topics"][number]["partitions"][number];

/** Asks the leaders of partitions for offsets: earliest, latest, by time. */
export class OffsetLookup {
  readonly #options: BackoffOptions & { readonly requestTimeoutMs: number };
  readonly #dependencies: OffsetLookupDependencies;

  constructor(
    options: BackoffOptions & { readonly requestTimeoutMs: number },
    dependencies: OffsetLookupDependencies,
  ) {
    this.#options = options;
    this.#dependencies = dependencies;
  }

  /**
   * The offset of each partition asked for. Follows leaders that move until time is up.
   *
   * @throws ZoologError `UNKNOWN_TOPIC_OR_PARTITION`, `REQUEST_TIMED_OUT`, or what a broker refuses.
   */
  async find(
    topic: string,
    wanted: ReadonlyMap<number, OffsetSpec>,
    limits: LookupLimits,
  ): Promise<Map<number, FoundOffset>> {
    const { clock, cluster, random, scheduler } = this.#dependencies;
    const deadline = clock.monotonic() + limits.timeoutMs;
    const metadata = await cluster.topic(topic, limits);
    for (const partition of wanted.keys()) {
      if (!(Number.isInteger(partition) && partition >= 0 && partition < metadata.partitionCount)) {
        throw unknownPartition({ topic, partition }, metadata.partitionCount);
      }
    }
    const found = new Map<number, FoundOffset>();
    for (let failures = 1; ; failures++) {
      const missing = new Map([...wanted].filter(([partition]) => !found.has(partition)));
      if (missing.size === 0) return found;
      const failure = await this.#round(topic, missing, found, deadline, limits);
      if (failure === undefined) continue;
      if (limits.once === true || !isRetriable(failure)) throw failure;
      if (meansStaleMetadata(failure)) cluster.refreshSoon([topic]);
      const delayMs = backoffDelayMs(failures, this.#options, random);
      if (clock.monotonic() + delayMs >= deadline) {
        throw callTimedOut("list-offsets", limits.timeoutMs, failure);
      }
      await sleep(scheduler, delayMs, limits.signal);
    }
  }

  /** Asks each leader once, all at the same time; answers a failure if there was one. */
  async #round(
    topic: string,
    wanted: ReadonlyMap<number, OffsetSpec>,
    found: Map<number, FoundOffset>,
    deadline: number,
    limits: CallLimits,
  ): Promise<unknown> {
    const { calls, clock, cluster } = this.#dependencies;
    const byLeader = new Map<string, { partition: number; at: OffsetSpec }[]>();
    let failure: unknown;
    for (const [partition, at] of wanted) {
      const leader = cluster.leaderOf({ topic, partition });
      if (leader === undefined) {
        const where = topicPartitionKey({ topic, partition });
        const message = "the partition has no leader that is known here";
        failure = itemFailure(where, { code: "LEADER_NOT_AVAILABLE", message });
      } else {
        const asked = byLeader.get(leader.endpoint) ?? [];
        asked.push({ partition, at });
        byLeader.set(leader.endpoint, asked);
      }
    }
    const remainingMs = Math.max(1, Math.ceil(deadline - clock.monotonic()));
    const timeoutMs = Math.min(this.#options.requestTimeoutMs, remainingMs);
    const asks = [...byLeader].map(async ([endpoint, partitions]) => {
      try {
        const answer = await calls.call(
          endpoint,
          "list-offsets",
          { isolation: "readUncommitted", topics: [{ topic, partitions }] },
          { timeoutMs, signal: limits.signal },
        );
        const entries = answer.topics[0]?.partitions ?? [];
        for (const entry of entries) failure = this.#take(topic, entry, found) ?? failure;
        // Without a word on it nothing would be found and nothing have failed: a loop without a pause.
        const silent = partitions.find(({ partition }) => !hasWordOn(partition, entries));
        if (silent !== undefined) failure ??= leftOut(topicPartitionKey({ topic, ...silent }));
      } catch (error) {
        failure = error;
      }
    });
    await abortable(Promise.all(asks), limits.signal);
    return failure;
  }

  #take(topic: string, entry: Entry, found: Map<number, FoundOffset>): unknown {
    if (!("error" in entry)) {
      found.set(entry.partition, { offset: entry.offset, timestamp: entry.timestamp });
      return undefined;
    }
    const tp = { topic, partition: entry.partition };
    if (entry.currentLeader !== undefined) {
      this.#dependencies.cluster.noteLeader(tp, entry.currentLeader);
    }
    return itemFailure(topicPartitionKey(tp), entry.error);
  }
}

function hasWordOn(partition: number, entries: readonly Entry[]): boolean {
  return entries.some((entry) => entry.partition === partition);
}

function leftOut(where: string): ZoologError {
  const message = "the broker left it out of its answer";
  return itemFailure(where, { code: "LEADER_NOT_AVAILABLE", message });
}
