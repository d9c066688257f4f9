import {
  type BrokerId,
  type Clock,
  errorMessage,
  type Logger,
  type TopicPartition,
  topicPartitionKey,
} from "@zoolog/base";
import { invalidResponse } from "@zoolog/calls";
import type { FetchResponse } from "@zoolog/protocol";
import type { Cluster } from "../cluster/cluster.ts";
import { logTruncated, offsetOutOfRange, topicRecreated } from "../errors.ts";
import { itemFailure, meansStaleMetadata } from "../retriable.ts";
import type { AssignedPartition, EpochEnd } from "./assigned-partition.ts";
import type { FetchTarget } from "./fetch-target.ts";
import type { PartitionFailures } from "./partition-failures.ts";

/** What a broker says about one partition. */
export type FetchedEntry = FetchResponse["topics"][number]["partitions"][number];

export type FetchAnswersDependencies = {
  readonly cluster: Cluster;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly failures: PartitionFailures;
  /** A partition got something, and is asked for behind the others the next time. */
  readonly onReceived: (partition: AssignedPartition) => void;
  /** A partition has something to hand out, or has failed. */
  readonly onChange: (partition: AssignedPartition) => void;
};

/** What the answer to a fetch means for a partition: records, another broker, a reset, a failure. */
export class FetchAnswers {
  readonly #onOffsetOutOfRange: "fail" | "start" | "end";
  readonly #group: string | undefined;
  readonly #dependencies: FetchAnswersDependencies;

  constructor(
    options: { readonly onOffsetOutOfRange: "fail" | "start" | "end"; readonly group?: string },
    dependencies: FetchAnswersDependencies,
  ) {
    this.#onOffsetOutOfRange = options.onOffsetOutOfRange;
    this.#group = options.group;
    this.#dependencies = dependencies;
  }

  arrived(
    target: FetchTarget,
    partition: AssignedPartition,
    entry: FetchedEntry | undefined,
  ): void {
    if (this.#isOfAnotherTopic(partition)) {
      this.#recreated(partition);
      return;
    }
    const where = topicPartitionKey(partition.topicPartition);
    if (entry === undefined) {
      const error = invalidResponse(target.endpoint, "fetch", `${where} is missing`);
      this.#dependencies.failures.failed(partition, error);
      return;
    }
    if ("error" in entry) {
      this.#refused(target, partition, entry);
      return;
    }
    if (entry.divergingEpoch !== undefined) {
      this.#diverges(target, partition, entry.divergingEpoch);
      return;
    }
    partition.succeeded();
    // A follower's may be behind what its leader told before.
    const atLeast = target.isLeader ? 0 : (partition.highWatermark ?? 0);
    partition.highWatermark = Math.max(atLeast, entry.highWatermark);
    if (entry.preferredReadReplica !== undefined) this.#sent(partition, entry.preferredReadReplica);
    if (entry.records.length > 0) this.#received(target, partition, entry.records);
  }

  /**
   * Whatever a follower refuses proves nothing: the leader is asked. So a follower that lags never
   * makes a position out of range.
   */
  leaveReplica(partition: AssignedPartition, cause: unknown): void {
    const { clock, cluster, logger } = this.#dependencies;
    const { topicPartition } = partition;
    partition.replica.leave(clock.monotonic());
    if (meansStaleMetadata(cause)) cluster.refreshSoon([topicPartition.topic]);
    logger.debug("the closest replica does not serve", {
      topicPartition: topicPartitionKey(topicPartition),
      error: errorMessage(cause),
    });
  }

  #received({ endpoint }: FetchTarget, partition: AssignedPartition, records: Uint8Array): void {
    const { failures, onChange, onReceived } = this.#dependencies;
    onReceived(partition);
    const { buffer, byteLength, byteOffset } = records;
    const before = partition.fetchOffset;
    try {
      partition.receive(Buffer.from(buffer, byteOffset, byteLength));
    } catch (error) {
      partition.failure = error;
    }
    if (partition.fetchOffset === before && partition.failure === undefined) {
      const where = topicPartitionKey(partition.topicPartition);
      const why = `${byteLength} bytes of ${where} hold no whole batch`;
      failures.failed(partition, invalidResponse(endpoint, "fetch", why));
    }
    onChange(partition);
  }

  /**
   * Records that were read are not in the log any more: an unclean election has lost them, and others
   * may stand at their offsets. Reading on as if nothing were would skip those (KIP-320).
   */
  #diverges(target: FetchTarget, partition: AssignedPartition, end: EpochEnd): void {
    const { failures, logger } = this.#dependencies;
    const tp = partition.topicPartition;
    const truncated = logTruncated(tp, { offset: partition.fetchOffset, end });
    if (!target.isLeader) this.leaveReplica(partition, truncated);
    else if (this.#isDoubtful(partition)) failures.doubted(partition, truncated);
    else if (partition.diverges(end)) {
      logger.warn("records that were fetched, and not read, were truncated", {
        topicPartition: topicPartitionKey(tp),
        ...end,
      });
    } else if (this.#onOffsetOutOfRange === "fail") failures.end(partition, truncated);
    else {
      logger.warn("records that were read were truncated", {
        topicPartition: topicPartitionKey(tp),
        ...end,
      });
      partition.rewindTo(end);
    }
  }

  /**
   * Offsets and epochs of a topic that was deleted mean nothing in one that was made anew under its
   * name, however alike they look. What a group reads is its coordinator's to give and take.
   */
  #isOfAnotherTopic(partition: AssignedPartition): boolean {
    const known = this.#dependencies.cluster.cachedTopic(partition.topicPartition.topic);
    if (known === undefined || known.fetchedAt < partition.readSince) return false;
    partition.topicId ??= known.topicId;
    return partition.topicId !== known.topicId;
  }

  #recreated(partition: AssignedPartition): void {
    const { failures, logger } = this.#dependencies;
    const { fetchOffset, topicPartition: tp } = partition;
    if (this.#onOffsetOutOfRange === "fail") {
      // A seek reads the other one.
      partition.topicId = undefined;
      failures.end(partition, topicRecreated(tp, fetchOffset));
      return;
    }
    logger.warn("the topic was made anew, and is read from its start", {
      topicPartition: topicPartitionKey(tp),
      offset: fetchOffset,
    });
    partition.startOver();
  }

  /** Metadata from before an answer does not know whether the topic was made anew. */
  #isDoubtful(partition: AssignedPartition): boolean {
    if (partition.topicId === undefined) return false;
    const { clock, cluster } = this.#dependencies;
    partition.doubtedAt ??= clock.monotonic();
    const known = cluster.cachedTopic(partition.topicPartition.topic);
    return known === undefined || known.fetchedAt <= partition.doubtedAt;
  }

  #sent(partition: AssignedPartition, to: BrokerId): void {
    const { clock, cluster } = this.#dependencies;
    const leader = cluster.leaderOf(partition.topicPartition);
    if (leader === undefined) return;
    const { leaderEpoch } = leader;
    const until = clock.monotonic() + cluster.metadataMaxAgeMs;
    partition.replica.enter({ brokerId: to, leaderEpoch, until });
  }

  #refused(
    target: FetchTarget,
    partition: AssignedPartition,
    entry: Extract<FetchedEntry, { readonly error: unknown }>,
  ): void {
    const tp = partition.topicPartition;
    if (entry.currentLeader !== undefined) {
      this.#dependencies.cluster.noteLeader(tp, entry.currentLeader);
    }
    const failure = itemFailure(topicPartitionKey(tp), entry.error);
    if (!target.isLeader) this.leaveReplica(partition, failure);
    else if (entry.error.code !== "OFFSET_OUT_OF_RANGE") {
      this.#dependencies.failures.failed(partition, failure);
    } else this.#outOfRange(partition, entry.logStartOffset);
  }

  #outOfRange(partition: AssignedPartition, logStartOffset: number | undefined): void {
    const { failures, logger } = this.#dependencies;
    const tp: TopicPartition = partition.topicPartition;
    const offset = partition.fetchOffset;
    const failure = offsetOutOfRange(tp, { offset, logStartOffset }, this.#group);
    if (this.#isDoubtful(partition)) {
      failures.doubted(partition, failure);
      return;
    }
    if (this.#onOffsetOutOfRange === "fail") {
      failures.end(partition, failure);
      return;
    }
    logger.warn("offset out of range was reset", {
      topicPartition: topicPartitionKey(tp),
      offset,
      to: this.#onOffsetOutOfRange,
    });
    const { endOffset } = partition;
    partition.start = { at: this.#onOffsetOutOfRange };
    partition.endOffset = endOffset;
  }
}
