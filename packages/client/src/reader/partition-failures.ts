import { type Clock, type Random, topicPartitionKey } from "@zoolog/base";
import { type BackoffOptions, backoffDelayMs } from "../backoff.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { isRetriable, itemFailure, meansStaleMetadata } from "../retriable.ts";
import type { AssignedPartition } from "./assigned-partition.ts";

export type PartitionFailuresDependencies = {
  readonly cluster: Cluster;
  readonly clock: Clock;
  readonly random: Random;
  /** A partition has failed for good. */
  readonly onChange: (partition: AssignedPartition) => void;
};

/** A partition that is deleted while we read it: so many looks before we believe it. */
const MISSING_TOPIC_FAILURES_MAX = 3;

/** What a failed attempt means for a partition: another one later, or the end of the reader. */
export class PartitionFailures {
  readonly #options: BackoffOptions & { readonly retryTimeoutMs: number };
  readonly #dependencies: PartitionFailuresDependencies;

  constructor(
    options: BackoffOptions & { readonly retryTimeoutMs: number },
    dependencies: PartitionFailuresDependencies,
  ) {
    this.#options = options;
    this.#dependencies = dependencies;
  }

  /** @param since by the monotonic clock, ms: when the attempt was begun. */
  failed(
    partition: AssignedPartition,
    error: unknown,
    since = this.#dependencies.clock.monotonic(),
  ): void {
    const { cluster } = this.#dependencies;
    if (!isRetriable(error)) {
      this.end(partition, error);
      return;
    }
    if (meansStaleMetadata(error)) cluster.refreshSoon([partition.topicPartition.topic]);
    this.#again(partition, error, since);
  }

  /** What it was told is believed once its topic's metadata is newer than that. */
  doubted(partition: AssignedPartition, error: unknown): void {
    const { clock, cluster } = this.#dependencies;
    cluster.refreshSoon([partition.topicPartition.topic]);
    this.#again(partition, error, clock.monotonic());
  }

  #again(partition: AssignedPartition, error: unknown, since: number): void {
    const { clock, random } = this.#dependencies;
    const now = clock.monotonic();
    partition.failures += 1;
    // What took long to fail has failed for so long.
    partition.failingSince ??= since;
    const delayMs = backoffDelayMs(partition.failures, this.#options, random);
    const tooLong = now + delayMs - partition.failingSince > this.#options.retryTimeoutMs;
    if (tooLong) this.end(partition, error);
    else partition.notBefore = now + delayMs;
  }

  withoutLeader(partition: AssignedPartition): void {
    const { cluster } = this.#dependencies;
    const missing = cluster.missing(partition.topicPartition.topic);
    if (missing !== undefined && partition.failures >= MISSING_TOPIC_FAILURES_MAX) {
      this.end(partition, missing);
      return;
    }
    const where = topicPartitionKey(partition.topicPartition);
    const message = "the partition has no leader that is known here";
    this.failed(
      partition,
      missing ?? itemFailure(where, { code: "LEADER_NOT_AVAILABLE", message }),
    );
  }

  /** Trying again would change nothing. */
  end(partition: AssignedPartition, error: unknown): void {
    partition.failure = error;
    this.#dependencies.onChange(partition);
  }
}
