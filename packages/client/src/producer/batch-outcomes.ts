import {
  type Clock,
  errorCode,
  type Logger,
  type Random,
  runInBackground,
  topicPartitionKey,
  type ZoologError,
} from "@zoolog/base";
import { invalidResponse } from "@zoolog/calls";
import type { ProduceResponse } from "@zoolog/protocol";
import { type BackoffOptions, backoffDelayMs } from "../backoff.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { closedBeforeDelivery, deliveryTimedOut, leaderUnknown } from "../errors.ts";
import {
  isRetriable,
  isTooLarge,
  isUnwritten,
  itemFailure,
  meansStaleMetadata,
} from "../retriable.ts";
import type { Accumulator } from "./accumulator.ts";
import type { PartitionQueue } from "./partition-queue.ts";
import type { ProduceBatch } from "./produce-batch.ts";
import { answersByPartition, type Leaving, type PartitionAnswer } from "./produce-request.ts";
import type { ProducerIdentity } from "./producer-identity.ts";

export type BatchOutcomesOptions = BackoffOptions & {
  /** All attempts, ms. For messages: each batch carries its own deadline. */
  readonly deliveryTimeoutMs: number;
};

export type BatchOutcomesDependencies = {
  readonly accumulator: Accumulator;
  readonly cluster: Cluster;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Without it nothing is numbered. */
  readonly identity: ProducerIdentity | undefined;
  /** Memory has become free. */
  readonly onRelease: () => void;
  /** Whether the producer was closed: nothing is tried again then. */
  readonly isClosed: () => boolean;
  /** Something may be ready again. */
  readonly wake: () => void;
};

/** Waits for a new leader are no longer than this as long as an election may be under way. */
const ELECTION_BACKOFF_MAX_MS = 100;
/** Some two seconds. After it nobody is being elected, and brokers are spared. */
const ELECTION_FAILURES_MAX = 20;
/** Looks at the metadata before a topic that is missing counts as deleted. */
const MISSING_TOPIC_FAILURES_MAX = 3;

/**
 * What becomes of a batch: it is acknowledged, tried again, split, or given up. Whoever sends asks
 * here after each attempt, and before one that cannot be made.
 */
export class BatchOutcomes {
  readonly #options: BatchOutcomesOptions;
  readonly #dependencies: BatchOutcomesDependencies;
  /** Topics whose leaders are being looked for. */
  readonly #refreshing = new Set<string>();

  constructor(options: BatchOutcomesOptions, dependencies: BatchOutcomesDependencies) {
    this.#options = options;
    this.#dependencies = dependencies;
  }

  /** The request was answered, for each partition in its own way. */
  answered(endpoint: string, leaving: readonly Leaving[], answer: ProduceResponse): void {
    const answers = answersByPartition(answer);
    for (const { queue, batch } of leaving) {
      const key = topicPartitionKey(queue.topicPartition);
      const entry = answers.get(key);
      queue.ended(batch);
      if (entry === undefined) {
        const error = invalidResponse(endpoint, "produce", `${key} is missing`);
        this.failed(queue, batch, error);
      } else if ("error" in entry) {
        if (entry.currentLeader !== undefined) {
          this.#dependencies.cluster.noteLeader(queue.topicPartition, entry.currentLeader);
        }
        this.failed(queue, batch, itemFailure(key, entry.error));
      } else {
        this.#acknowledged(queue, batch, entry);
      }
    }
  }

  /** The whole request failed. */
  refused(leaving: readonly Leaving[], error: unknown): void {
    for (const { queue, batch } of leaving) {
      queue.ended(batch);
      this.failed(queue, batch, error);
    }
  }

  /** An attempt failed, and the batch has left the request. */
  failed(queue: PartitionQueue, batch: ProduceBatch, error: unknown): void {
    batch.lastError = error;
    if (!isUnwritten(error)) batch.mayBeWritten = true;
    const code = errorCode(error);
    if (this.#dependencies.isClosed()) {
      this.#giveUp(queue, batch, closedBeforeDelivery(topicPartitionKey(queue.topicPartition)));
    } else if (batch.isSettled) {
      this.#giveUp(queue, batch, error);
    } else if (isTooLarge(error) && batch.recordCount > 1) {
      this.#dependencies.accumulator.replace(queue, batch, batch.split());
    } else if (code === "OUT_OF_ORDER_SEQUENCE_NUMBER" || code === "UNKNOWN_PRODUCER_ID") {
      this.#outOfOrder(queue, batch, error);
    } else if (isRetriable(error)) {
      this.#retry(queue, batch, error);
    } else {
      if (code === "INVALID_PRODUCER_EPOCH") this.#dependencies.identity?.refuse(error);
      this.#giveUp(queue, batch, error);
    }
  }

  /** The head of the queue cannot leave: nobody is known to lead its partition. */
  withoutLeader(queue: PartitionQueue, head: ProduceBatch, now: number): void {
    const { cluster } = this.#dependencies;
    const { topic } = queue.topicPartition;
    const missing = cluster.missing(topic);
    if (missing !== undefined && head.failures >= MISSING_TOPIC_FAILURES_MAX) {
      this.failWaiting(queue, missing);
      return;
    }
    head.lastError = missing ?? leaderUnknown(topicPartitionKey(queue.topicPartition));
    this.#postpone(head, "election", now);
    this.#refresh(queue);
  }

  /** The head waits for a broker where nobody listens: its partition may have another leader soon. */
  lookForLeader(queue: PartitionQueue, head: ProduceBatch): void {
    const isLookedFor = this.#refreshing.has(queue.topicPartition.topic);
    if (!isLookedFor && head.failures <= ELECTION_FAILURES_MAX) this.#refresh(queue);
  }

  /** Fails what should have been acknowledged by now; what is under way keeps its place. */
  failOverdue(queue: PartitionQueue, now: number): void {
    const where = topicPartitionKey(queue.topicPartition);
    const { deliveryTimeoutMs } = this.#options;
    const timedOut = ({ lastError }: ProduceBatch): ZoologError =>
      deliveryTimedOut(where, deliveryTimeoutMs, lastError);
    for (;;) {
      const head = queue.waiting.first();
      if (head === undefined || head.options.deadline > now) break;
      queue.waiting.shift();
      this.#giveUp(queue, head, timedOut(head));
      this.#dependencies.onRelease();
    }
    for (const batch of queue.inFlight) {
      // Its memory stays taken: a connection still holds it.
      if (batch.options.deadline <= now && !batch.isSettled) batch.failed(timedOut(batch));
    }
  }

  /** Fails everything of the queue that is not under way. */
  failWaiting(queue: PartitionQueue, error: unknown): void {
    for (;;) {
      const batch = queue.waiting.shift();
      if (batch === undefined) return;
      this.drop(queue, batch, error);
    }
  }

  /** The batch has left the queue for good. */
  drop(queue: PartitionQueue, batch: ProduceBatch, error: unknown): void {
    if (!batch.isSettled) batch.failed(error);
    this.#dependencies.accumulator.release(queue, batch);
  }

  #acknowledged(
    queue: PartitionQueue,
    batch: ProduceBatch,
    place: Exclude<PartitionAnswer, { readonly error: unknown }>,
  ): void {
    const { accumulator, clock } = this.#dependencies;
    queue.acknowledged(batch, clock.monotonic());
    const { baseOffset, logAppendTime, partition } = place;
    if (!batch.isSettled) batch.delivered({ partition, baseOffset, logAppendTime });
    accumulator.recycle(batch);
    accumulator.release(queue, batch);
  }

  /** The broker has not got the batches before this one, or does not know of them any more. */
  #outOfOrder(queue: PartitionQueue, batch: ProduceBatch, error: unknown): void {
    if (queue.hasUnsettledBefore(batch)) {
      // It has overtaken them on the way, or they failed: its turn comes when they are written.
      batch.failures += 1;
      queue.putBack(batch);
    } else if (queue.hasGap || batch.mark === undefined) {
      // Those before it were given up: it goes on in the next epoch.
      this.#retry(queue, batch, error);
    } else {
      queue.lostTouch(batch);
      this.#retry(queue, batch, error);
    }
  }

  #retry(queue: PartitionQueue, batch: ProduceBatch, error: unknown): void {
    const { clock, logger } = this.#dependencies;
    const topicPartition = topicPartitionKey(queue.topicPartition);
    const isStale = meansStaleMetadata(error);
    this.#postpone(batch, isStale ? "election" : "other", clock.monotonic());
    queue.putBack(batch);
    if (isStale) this.#refresh(queue);
    logger.debug("batch will be tried again", { topicPartition, failures: batch.failures });
  }

  /** The batch is not tried again; what that means for those behind it, the queue knows. */
  #giveUp(queue: PartitionQueue, batch: ProduceBatch, error: unknown): void {
    queue.gaveUp(batch);
    this.drop(queue, batch, error);
  }

  #postpone(batch: ProduceBatch, reason: "election" | "other", now: number): void {
    batch.failures += 1;
    const isElecting = reason === "election" && batch.failures <= ELECTION_FAILURES_MAX;
    const longestMs = isElecting ? ELECTION_BACKOFF_MAX_MS : Number.POSITIVE_INFINITY;
    const backoffMaxMs = Math.min(this.#options.backoffMaxMs, longestMs);
    const options = { backoffMs: this.#options.backoffMs, backoffMaxMs };
    batch.notBefore = now + backoffDelayMs(batch.failures, options, this.#dependencies.random);
  }

  /** Who waits for a new leader is told of it at once. */
  #refresh(queue: PartitionQueue): void {
    const { cluster, logger, wake } = this.#dependencies;
    const { topic } = queue.topicPartition;
    this.#refreshing.add(topic);
    runInBackground("find the new leader", logger, async () => {
      await cluster.refresh([topic]).catch(() => {});
      this.#refreshing.delete(topic);
      wake();
    });
  }
}
