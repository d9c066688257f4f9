import {
  CallAbort,
  type Clock,
  errorCode,
  type Logger,
  type Random,
  runInBackground,
  type Scheduler,
  type Timer,
  topicPartitionKey,
} from "@zoolog/base";
import type { BrokerCalls } from "@zoolog/calls";
import type { BackoffOptions } from "../backoff.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { closedBeforeDelivery, deliveryUnknown, leadsNoMore } from "../errors.ts";
import { isTooLarge } from "../retriable.ts";
import type { Accumulator } from "./accumulator.ts";
import { BatchOutcomes } from "./batch-outcomes.ts";
import type { RequiredAcks } from "./delivery.ts";
import type { PartitionQueue } from "./partition-queue.ts";
import { PartitionSequence } from "./partition-sequence.ts";
import type { ProduceBatch } from "./produce-batch.ts";
import { type Leaving, produceRequest } from "./produce-request.ts";
import { ProducerIdentity } from "./producer-identity.ts";
import { RefusedEndpoints } from "./refused-endpoints.ts";

export type SenderOptions = BackoffOptions & {
  readonly acks: RequiredAcks;
  readonly idempotence: boolean;
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

/** A request under way. */
type Request = {
  readonly endpoint: string;
  readonly leaving: readonly Leaving[];
  /** By the monotonic clock, ms: when to look whether its broker still leads. */
  suspiciousAt: number;
  /** Ends it: its broker does not lead any more. */
  readonly giveUp: CallAbort;
};

/** Requests of this producer that one broker works on at a time (Kafka's default). */
const REQUESTS_PER_BROKER_MAX = 5;
/** Batches of many partitions share a request up to this; a broker refuses far larger bodies. */
const REQUEST_BYTES_MAX = 8 * 1024 * 1024;
/**
 * A leader that takes longer is asked about elsewhere: one that is frozen answers nothing, and keeps
 * its connections open.
 */
const SUSPICIOUS_AFTER_MS = 1_000;
/** From then on it is looked at this often: its successor may be elected at any moment. */
const SUSPICIOUS_AGAIN_MS = 200;
/**
 * Moves batches from the accumulator to the leaders of their partitions, and what is known of them
 * back (`BatchOutcomes`). Order within a partition: see `PartitionQueue`.
 *
 * A failed attempt whose fate is unknown (a broken connection, a timeout) is tried again. Brokers
 * recognise the batch by its numbers; without idempotence it may then be in the log twice.
 *
 * A batch whose time is up fails at once, and yet keeps its place until its request has ended: what
 * is behind it must not get ahead of it. If it is never known to be written, those behind it go on
 * in the next epoch (KIP-360).
 */
export class Sender {
  readonly #options: SenderOptions;
  readonly #dependencies: SenderDependencies;
  readonly #requestsUnderWay = new Map<string, number>();
  readonly #requests = new Set<Request>();
  readonly #identity: ProducerIdentity | undefined;
  readonly #outcomes: BatchOutcomes;
  readonly #refused = new RefusedEndpoints();
  readonly #closing = new CallAbort();
  #requestBytesMax = REQUEST_BYTES_MAX;
  #awake = false;
  #urgent = 0;
  #timer: Timer | undefined;

  constructor(options: SenderOptions, dependencies: SenderDependencies) {
    this.#options = options;
    this.#dependencies = dependencies;
    const { cluster, logger } = dependencies;
    const identity = options.idempotence
      ? new ProducerIdentity(
          { timeoutMs: options.deliveryTimeoutMs },
          { cluster, logger, onAnswer: () => this.pump() },
        )
      : undefined;
    this.#identity = identity;
    this.#outcomes = new BatchOutcomes(options, {
      ...dependencies,
      identity,
      isClosed: () => this.#closing.signal.aborted,
      wake: () => this.wake(),
    });
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
    for (const request of this.#requests) nextAt = Math.min(nextAt, this.#suspect(request, now));
    this.#timer?.cancel();
    this.#timer = Number.isFinite(nextAt)
      ? scheduler.after(Math.max(0, Math.ceil(nextAt - now)), () => this.pump())
      : undefined;
  }

  /** Fails everything that has not been acknowledged. Idempotent. */
  abort(): void {
    this.#timer?.cancel();
    if (this.#closing.signal.aborted) return;
    const closed = closedBeforeDelivery("all topics");
    this.#closing.abort(closed);
    for (const { giveUp } of this.#requests) giveUp.abort(closed);
    for (const queue of [...this.#dependencies.accumulator.busyQueues]) {
      this.#outcomes.failWaiting(
        queue,
        closedBeforeDelivery(topicPartitionKey(queue.topicPartition)),
      );
    }
  }

  /** Takes the queue's oldest batch into a request if it may leave; answers when to look again. */
  #visit(queue: PartitionQueue, now: number, requests: Map<string, Leaving[]>): number {
    this.#outcomes.failOverdue(queue, now);
    if (!this.#canNumber(queue)) return queue.nextDeadline;
    const head = queue.waiting.first();
    if (head === undefined || !queue.mayLeave(head, now)) return queue.nextDeadline;
    const leader = this.#dependencies.cluster.leaderOf(queue.topicPartition);
    const readyAt = Math.max(this.#notBefore(queue, head, now), this.#lingersUntil(queue, head));
    if (readyAt > now) return Math.min(readyAt, queue.nextDeadline);
    if (leader === undefined) {
      this.#outcomes.withoutLeader(queue, head, now);
      return Math.min(head.notBefore, queue.nextDeadline);
    }
    if (this.#mayJoin(leader.endpoint, head, requests)) {
      head.sentTo = leader.leaderEpoch;
      const leaving = this.#takeHead(queue, head);
      if (leaving === undefined) return now;
      const request = requests.get(leader.endpoint);
      if (request === undefined) requests.set(leader.endpoint, [leaving]);
      else request.push(leaving);
      const next = queue.waiting.first();
      // In another request: a broker takes one batch of a partition with each.
      if (next !== undefined && queue.mayLeave(next, now)) return now;
    }
    // An answer of that broker, which makes room, is followed by another pump.
    return queue.nextDeadline;
  }

  /** Whether batches of the queue can be numbered, if they need to be; sees to it otherwise. */
  #canNumber(queue: PartitionQueue): boolean {
    const identity = this.#identity;
    if (identity === undefined) return true;
    const { refusal } = identity;
    if (refusal !== undefined) {
      this.#outcomes.failWaiting(queue, refusal);
      return false;
    }
    if (queue.hasGap) {
      if (queue.inFlight.length > 0) return false;
      this.#startNextEpoch(queue, identity);
    }
    if (queue.sequence !== undefined) return true;
    const { producerId } = identity;
    if (producerId === undefined) return false;
    queue.sequence = new PartitionSequence({ producerId });
    return true;
  }

  #startNextEpoch(queue: PartitionQueue, identity: ProducerIdentity): void {
    const producerId = queue.sequence?.producerId;
    const where = topicPartitionKey(queue.topicPartition);
    for (const lost of queue.startNextEpoch()) {
      this.#outcomes.drop(queue, lost, deliveryUnknown(where, lost.lastError));
    }
    if (queue.sequence === undefined && producerId !== undefined) identity.replace(producerId);
    this.#dependencies.logger.info("producer epoch bumped", { topicPartition: where });
  }

  /** A leader of a later epoch is tried at once; where nobody listens, not before another pause. */
  #notBefore(queue: PartitionQueue, head: ProduceBatch, now: number): number {
    const leader = this.#dependencies.cluster.leaderOf(queue.topicPartition);
    if (leader === undefined) return head.notBefore;
    if (head.isBehind(leader)) return 0;
    const pausedUntil = this.#refused.pausedUntil(leader.endpoint);
    if (pausedUntil > now) this.#outcomes.lookForLeader(queue, head);
    return Math.max(pausedUntil, head.notBefore);
  }

  #lingersUntil(queue: PartitionQueue, head: ProduceBatch): number {
    const complete = queue.headIsComplete || this.#urgent > 0;
    return complete || this.#dependencies.accumulator.isFull ? 0 : head.options.lingerUntil;
  }

  #mayJoin(endpoint: string, head: ProduceBatch, requests: Map<string, Leaving[]>): boolean {
    const request = requests.get(endpoint);
    if (request === undefined) {
      return (this.#requestsUnderWay.get(endpoint) ?? 0) < REQUESTS_PER_BROKER_MAX;
    }
    const bytes = request.reduce((sum, leaving) => sum + leaving.bytes.length, 0);
    return bytes + head.sizeInBytes <= this.#requestBytesMax;
  }

  #takeHead(queue: PartitionQueue, head: ProduceBatch): Leaving | undefined {
    try {
      this.#dependencies.accumulator.close(head);
      queue.send(head);
      this.#dependencies.accumulator.toTheBack(queue);
      return { queue, batch: head, bytes: head.stamped() };
    } catch (error) {
      // A codec that is not there.
      queue.waiting.shift();
      this.#outcomes.drop(queue, head, error);
      return undefined;
    }
  }

  #send(endpoint: string, leaving: readonly Leaving[], now: number): void {
    const { calls, clock, logger } = this.#dependencies;
    this.#requestsUnderWay.set(endpoint, (this.#requestsUnderWay.get(endpoint) ?? 0) + 1);
    const { acks, requestTimeoutMs: timeoutMs } = this.#options;
    const suspiciousAt = now + SUSPICIOUS_AFTER_MS;
    const request: Request = { endpoint, leaving, suspiciousAt, giveUp: new CallAbort() };
    const { signal } = request.giveUp;
    this.#requests.add(request);
    runInBackground("produce", logger, async () => {
      try {
        const body = produceRequest(leaving, { acks, timeoutMs });
        const answer = await calls.call(endpoint, "produce", body, { timeoutMs, signal });
        this.#refused.answered(endpoint);
        this.#outcomes.answered(endpoint, leaving, answer);
      } catch (error) {
        if (errorCode(error) === "CONNECTION_REFUSED") {
          this.#refused.refused(endpoint, clock.monotonic());
        }
        if (isTooLarge(error) && leaving.length > 1) this.#sendSmaller(leaving, error);
        else this.#outcomes.refused(leaving, error);
      } finally {
        this.#requests.delete(request);
        this.#requestsUnderWay.set(endpoint, (this.#requestsUnderWay.get(endpoint) ?? 1) - 1);
        this.#dependencies.onRelease();
        this.pump();
      }
    });
  }

  /**
   * A leader that does not answer may be none any more. With idempotence its batches go to the next
   * one at once: should the old one wake up, epochs and numbers make its copy harmless. Answers when
   * to look again.
   */
  #suspect(request: Request, now: number): number {
    if (this.#identity === undefined) return Number.POSITIVE_INFINITY;
    const { cluster } = this.#dependencies;
    const { endpoint, leaving } = request;
    if (request.suspiciousAt > now) return request.suspiciousAt;
    const isElsewhere = ({ queue, batch }: Leaving): boolean => {
      const leader = cluster.leaderOf(queue.topicPartition);
      return leader !== undefined && leader.endpoint !== endpoint && batch.isBehind(leader);
    };
    if (leaving.every(isElsewhere)) {
      request.giveUp.abort(leadsNoMore(endpoint));
      return Number.POSITIVE_INFINITY;
    }
    request.suspiciousAt = now + SUSPICIOUS_AGAIN_MS;
    cluster.refreshSoon([...new Set(leaving.map(({ queue }) => queue.topicPartition.topic))]);
    return request.suspiciousAt;
  }

  /** The sum was too large, not any one batch: smaller requests from now on. */
  #sendSmaller(leaving: readonly Leaving[], error: unknown): void {
    const bytes = leaving.reduce((sum, { batch }) => sum + batch.sizeInBytes, 0);
    this.#requestBytesMax = Math.floor(bytes / 2);
    for (const { queue, batch } of leaving) {
      queue.ended(batch);
      if (batch.isSettled) this.#outcomes.failed(queue, batch, error);
      else queue.putBack(batch);
    }
  }
}
