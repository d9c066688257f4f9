import {
  type Clock,
  type Logger,
  type Random,
  runInBackground,
  type Scheduler,
  type Timer,
  topicPartitionKey,
  ZoologError,
} from "@zoolog/base";
import { type BrokerCalls, invalidResponse } from "@zoolog/calls";
import type { ProduceResponse } from "@zoolog/protocol";
import { quietAbortController } from "../abort.ts";
import { type BackoffOptions, backoffDelayMs } from "../backoff.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { closedBeforeDelivery, deliveryTimedOut } from "../errors.ts";
import { isRetriable, itemFailure, meansStaleMetadata } from "../retriable.ts";
import type { Accumulator } from "./accumulator.ts";
import type { RequiredAcks } from "./delivery.ts";
import type { PartitionQueue } from "./partition-queue.ts";
import type { ProduceBatch } from "./produce-batch.ts";

export type SenderOptions = BackoffOptions & {
  readonly acks: RequiredAcks;
  /** One attempt, ms. */
  readonly requestTimeoutMs: number;
  /** All attempts, ms. For messages: each batch carries its own deadline. */
  readonly deliveryTimeoutMs: number;
};

export type SenderDependencies = {
  readonly accumulator: Accumulator;
  readonly cluster: Cluster;
  readonly calls: BrokerCalls;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly logger: Logger;
  /** Memory has become free. */
  readonly onRelease: () => void;
};

/** One partition's part of a request. */
type Leaving = {
  readonly queue: PartitionQueue;
  readonly batch: ProduceBatch;
  readonly bytes: Buffer;
};

type PartitionAnswer = ProduceResponse["topics"][number]["partitions"][number];

/** Requests of this producer that one broker works on at a time (Kafka's default). */
const REQUESTS_PER_BROKER_MAX = 5;
/** Batches of many partitions share a request up to this; a broker refuses far larger bodies. */
const REQUEST_BYTES_MAX = 8 * 1024 * 1024;
/** The broker gives up waiting for replicas this much before we give up waiting for it. */
const ANSWER_MARGIN = 0.1;
/** Looks at the metadata before a topic that is missing counts as deleted. */
const MISSING_TOPIC_FAILURES_MAX = 3;

/**
 * Moves batches from the accumulator to the leaders of their partitions, and what is known of them
 * back. Order within a partition is kept by never having two of its batches under way.
 *
 * A failed attempt whose fate is unknown (a broken connection, a timeout) is tried again, and may
 * then be in the log twice: at least once until idempotent producers arrive.
 */
export class Sender {
  readonly #options: SenderOptions;
  readonly #dependencies: SenderDependencies;
  readonly #requestsUnderWay = new Map<string, number>();
  readonly #closing = quietAbortController();
  #requestBytesMax = REQUEST_BYTES_MAX;
  #awake = false;
  #urgent = 0;
  #timer: Timer | undefined;

  constructor(options: SenderOptions, dependencies: SenderDependencies) {
    this.#options = options;
    this.#dependencies = dependencies;
  }

  /** Something may be ready. Looks in the next turn of the event loop, once for all callers. */
  wake(): void {
    if (this.#awake) return;
    this.#awake = true;
    this.#dependencies.scheduler.soon(() => {
      this.#awake = false;
      this.pump();
    });
  }

  /** While this is held nothing lingers. Answers how to let go. */
  hurry(): () => void {
    this.#urgent += 1;
    this.wake();
    return () => {
      this.#urgent -= 1;
    };
  }

  /** Sends what is ready now, fails what is overdue, and sets the timer for what comes next. */
  pump(): void {
    const { accumulator, clock, scheduler } = this.#dependencies;
    if (this.#closing.signal.aborted) return;
    const now = clock.monotonic();
    const requests = new Map<string, Leaving[]>();
    let nextAt = Number.POSITIVE_INFINITY;
    for (const queue of [...accumulator.busyQueues]) {
      nextAt = Math.min(nextAt, this.#visit(queue, now, requests));
    }
    for (const [endpoint, leaving] of requests) this.#send(endpoint, leaving, now);
    this.#timer?.cancel();
    this.#timer = Number.isFinite(nextAt)
      ? scheduler.after(Math.max(0, Math.ceil(nextAt - now)), () => this.pump())
      : undefined;
  }

  /** Fails everything that has not been acknowledged. Idempotent. */
  abort(): void {
    this.#timer?.cancel();
    if (this.#closing.signal.aborted) return;
    this.#closing.abort(closedBeforeDelivery("all topics"));
    for (const queue of [...this.#dependencies.accumulator.busyQueues]) {
      this.#failWaiting(queue, closedBeforeDelivery(topicPartitionKey(queue.topicPartition)));
    }
  }

  /** Takes the queue's oldest batch into a request if it may leave; answers when to look again. */
  #visit(queue: PartitionQueue, now: number, requests: Map<string, Leaving[]>): number {
    this.#failOverdue(queue, now);
    const head = queue.waiting.first();
    if (head === undefined) return Number.POSITIVE_INFINITY;
    if (queue.inFlight !== undefined) return head.options.deadline;
    const readyAt = Math.max(head.notBefore, this.#lingersUntil(queue, head));
    if (readyAt > now) return Math.min(readyAt, head.options.deadline);
    const leader = this.#dependencies.cluster.leaderOf(queue.topicPartition);
    if (leader === undefined) {
      this.#withoutLeader(queue, head, now);
      return Math.min(head.notBefore, head.options.deadline);
    }
    if (this.#mayLeave(leader.endpoint, head, requests)) {
      const leaving = this.#takeHead(queue, head);
      const request = requests.get(leader.endpoint);
      if (leaving === undefined) return now;
      if (request === undefined) requests.set(leader.endpoint, [leaving]);
      else request.push(leaving);
      return Number.POSITIVE_INFINITY;
    }
    // An answer of that broker, which makes room, is followed by another pump.
    return head.options.deadline;
  }

  #lingersUntil(queue: PartitionQueue, head: ProduceBatch): number {
    const complete = queue.headIsComplete || this.#urgent > 0;
    return complete || this.#dependencies.accumulator.isFull ? 0 : head.options.lingerUntil;
  }

  #mayLeave(endpoint: string, head: ProduceBatch, requests: Map<string, Leaving[]>): boolean {
    const request = requests.get(endpoint);
    if (request === undefined) {
      return (this.#requestsUnderWay.get(endpoint) ?? 0) < REQUESTS_PER_BROKER_MAX;
    }
    const bytes = request.reduce((sum, leaving) => sum + leaving.bytes.length, 0);
    return bytes + head.sizeInBytes <= this.#requestBytesMax;
  }

  #takeHead(queue: PartitionQueue, head: ProduceBatch): Leaving | undefined {
    try {
      const bytes = this.#dependencies.accumulator.close(head);
      queue.waiting.shift();
      queue.inFlight = head;
      this.#dependencies.accumulator.toTheBack(queue);
      return { queue, batch: head, bytes };
    } catch (error) {
      // A codec that is not there.
      queue.waiting.shift();
      this.#fail(queue, head, error);
      return undefined;
    }
  }

  #send(endpoint: string, leaving: readonly Leaving[], now: number): void {
    const { calls, logger } = this.#dependencies;
    this.#requestsUnderWay.set(endpoint, (this.#requestsUnderWay.get(endpoint) ?? 0) + 1);
    const deadline = Math.min(...leaving.map(({ batch }) => batch.options.deadline));
    const remainingMs = Math.max(1, Math.ceil(deadline - now));
    const timeoutMs = Math.min(this.#options.requestTimeoutMs, remainingMs);
    runInBackground("produce", logger, async () => {
      try {
        const answer = await calls.call(endpoint, "produce", this.#request(leaving, timeoutMs), {
          timeoutMs,
          signal: this.#closing.signal,
        });
        this.#answered(endpoint, leaving, answer);
      } catch (error) {
        this.#refused(leaving, error);
      } finally {
        this.#requestsUnderWay.set(endpoint, (this.#requestsUnderWay.get(endpoint) ?? 1) - 1);
        this.#dependencies.onRelease();
        this.pump();
      }
    });
  }

  #request(leaving: readonly Leaving[], timeoutMs: number) {
    const topics = new Map<string, { partition: number; records: Buffer }[]>();
    for (const { queue, bytes } of leaving) {
      const { topic, partition } = queue.topicPartition;
      const partitions = topics.get(topic) ?? [];
      partitions.push({ partition, records: bytes });
      topics.set(topic, partitions);
    }
    return {
      requiredAcks: this.#options.acks,
      timeoutMs: Math.floor(timeoutMs * (1 - ANSWER_MARGIN)),
      topics: [...topics].map(([topic, partitions]) => ({ topic, partitions })),
    };
  }

  #answered(endpoint: string, leaving: readonly Leaving[], answer: ProduceResponse): void {
    const answers = new Map<string, PartitionAnswer>();
    for (const { topic, partitions } of answer.topics) {
      for (const entry of partitions) {
        answers.set(topicPartitionKey({ topic, partition: entry.partition }), entry);
      }
    }
    for (const { queue, batch } of leaving) {
      const key = topicPartitionKey(queue.topicPartition);
      const entry = answers.get(key);
      queue.inFlight = undefined;
      if (entry === undefined) {
        this.#retry(queue, batch, invalidResponse(endpoint, "produce", `${key} is missing`));
      } else if ("error" in entry) {
        if (entry.currentLeader !== undefined) {
          this.#dependencies.cluster.noteLeader(queue.topicPartition, entry.currentLeader);
        }
        this.#afterFailure(queue, batch, itemFailure(key, entry.error));
      } else {
        batch.delivered({
          partition: entry.partition,
          baseOffset: entry.baseOffset,
          logAppendTime: entry.logAppendTime,
        });
        this.#dependencies.accumulator.recycle(batch);
        this.#dependencies.accumulator.release(queue, batch);
      }
    }
  }

  /** The whole request failed. */
  #refused(leaving: readonly Leaving[], error: unknown): void {
    const tooLarge = error instanceof ZoologError && error.code === "MESSAGE_TOO_LARGE";
    if (tooLarge && leaving.length > 1) {
      // The sum was too large, not any one batch: smaller requests from now on.
      const bytes = leaving.reduce((sum, { batch }) => sum + batch.sizeInBytes, 0);
      this.#requestBytesMax = Math.floor(bytes / 2);
    }
    for (const { queue, batch } of leaving) {
      queue.inFlight = undefined;
      if (tooLarge && leaving.length > 1) queue.waiting.unshift(batch);
      else this.#afterFailure(queue, batch, error);
    }
  }

  #afterFailure(queue: PartitionQueue, batch: ProduceBatch, error: unknown): void {
    if (this.#closing.signal.aborted) {
      this.#fail(queue, batch, closedBeforeDelivery(topicPartitionKey(queue.topicPartition)));
    } else if (isTooLarge(error) && batch.recordCount > 1) {
      this.#dependencies.accumulator.replace(queue, batch, batch.split());
    } else if (isRetriable(error)) {
      this.#retry(queue, batch, error);
    } else {
      this.#fail(queue, batch, error);
    }
  }

  #retry(queue: PartitionQueue, batch: ProduceBatch, error: unknown): void {
    const { clock, cluster, logger, random } = this.#dependencies;
    const topicPartition = topicPartitionKey(queue.topicPartition);
    batch.failures += 1;
    batch.lastError = error;
    batch.notBefore = clock.monotonic() + backoffDelayMs(batch.failures, this.#options, random);
    queue.waiting.unshift(batch);
    if (meansStaleMetadata(error)) cluster.refreshSoon([queue.topicPartition.topic]);
    logger.debug("batch will be tried again", { topicPartition, failures: batch.failures });
  }

  #withoutLeader(queue: PartitionQueue, head: ProduceBatch, now: number): void {
    const { cluster, random } = this.#dependencies;
    const { topic } = queue.topicPartition;
    const missing = cluster.missing(topic);
    if (missing !== undefined && head.failures >= MISSING_TOPIC_FAILURES_MAX) {
      this.#failWaiting(queue, missing);
      return;
    }
    head.failures += 1;
    head.lastError = missing ?? leaderUnknown(queue);
    head.notBefore = now + backoffDelayMs(head.failures, this.#options, random);
    cluster.refreshSoon([topic]);
  }

  #failOverdue(queue: PartitionQueue, now: number): void {
    for (;;) {
      const head = queue.waiting.first();
      if (head === undefined || head.options.deadline > now) return;
      queue.waiting.shift();
      const where = topicPartitionKey(queue.topicPartition);
      const { deliveryTimeoutMs } = this.#options;
      this.#fail(queue, head, deliveryTimedOut(where, deliveryTimeoutMs, head.lastError));
      this.#dependencies.onRelease();
    }
  }

  #failWaiting(queue: PartitionQueue, error: unknown): void {
    for (;;) {
      const batch = queue.waiting.shift();
      if (batch === undefined) return;
      this.#fail(queue, batch, error);
    }
  }

  #fail(queue: PartitionQueue, batch: ProduceBatch, error: unknown): void {
    batch.failed(error);
    this.#dependencies.accumulator.release(queue, batch);
  }
}

function isTooLarge(error: unknown): boolean {
  return error instanceof ZoologError && error.code === "MESSAGE_TOO_LARGE";
}

function leaderUnknown(queue: PartitionQueue): ZoologError {
  return itemFailure(topicPartitionKey(queue.topicPartition), {
    code: "LEADER_NOT_AVAILABLE",
    message: "the partition has no leader that is known here",
  });
}
