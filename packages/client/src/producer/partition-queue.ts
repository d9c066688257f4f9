import { assert, type TopicPartition } from "@zoolog/base";
import { Fifo } from "../fifo.ts";
import type { PartitionSequence } from "./partition-sequence.ts";
import type { ProduceBatch } from "./produce-batch.ts";

/**
 * Batches of one partition that are under way at a time: as many as brokers remember of a producer,
 * so that a retry of any of them is known (Kafka's max.in.flight.requests.per.connection).
 */
const BATCHES_UNDER_WAY_MAX = 5;
/**
 * Broker and producer must agree on the next sequence before batches may overtake each other on
 * their way: a broker that does not know the producer takes any of them for the first. It forgets
 * who is silent for `producer.id.expiration.ms`, a day; this is far below.
 */
const CONFIRMATION_LASTS_MS = 60_000;

/**
 * What waits for one partition, oldest first, and what is under way to it.
 *
 * Without sequences one batch at most is under way, so that no retry can overtake the records behind
 * it. With them a batch that is complete may follow others that are on their first attempt; after a
 * failure each waits for the one before it.
 */
export class PartitionQueue {
  readonly topicPartition: TopicPartition;
  /** Only the last one may be open. Those that were sent before come first, in their order. */
  readonly waiting = new Fifo<ProduceBatch>();
  /** In the order of their first attempts. */
  inFlight: readonly ProduceBatch[] = [];
  /** `undefined` before the producer has an id, and for one that is not idempotent. */
  sequence: PartitionSequence | undefined;
  /** When a batch of this epoch was last acknowledged, by the monotonic clock. */
  #confirmedAt: number | undefined;
  /** Of the newest batch whose numbers nobody may ever write: those behind it need a new epoch. */
  #gapAt: number | undefined;
  #lastOrder = 0;

  constructor(topicPartition: TopicPartition) {
    this.topicPartition = topicPartition;
  }

  get isIdle(): boolean {
    return this.waiting.size === 0 && this.inFlight.length === 0;
  }

  /** The oldest batch will get no more records, so there is nothing to linger for. */
  get headIsComplete(): boolean {
    return this.waiting.size > 1 || this.waiting.first()?.isOpen === false;
  }

  /** When the next batch of it fails unless it is acknowledged, by the monotonic clock. */
  get nextDeadline(): number {
    let deadline = this.waiting.first()?.options.deadline ?? Number.POSITIVE_INFINITY;
    for (const batch of this.inFlight) {
      if (!batch.isSettled) deadline = Math.min(deadline, batch.options.deadline);
    }
    return deadline;
  }

  /** Nothing may leave before what is under way has ended, and then in a new epoch. */
  get hasGap(): boolean {
    return this.#gapAt !== undefined;
  }

  /** Whether the oldest waiting batch may leave beside those that are under way. */
  mayLeave(head: ProduceBatch, now: number): boolean {
    const { inFlight } = this;
    if (inFlight.length === 0) return true;
    if (this.sequence === undefined || this.hasGap) return false;
    const { order } = head;
    if (order !== undefined) return inFlight.every((other) => (other.order ?? 0) > order);
    const isConfirmed =
      this.#confirmedAt !== undefined && now - this.#confirmedAt < CONFIRMATION_LASTS_MS;
    return (
      isConfirmed &&
      this.headIsComplete &&
      inFlight.length < BATCHES_UNDER_WAY_MAX &&
      inFlight.every(({ failures }) => failures === 0)
    );
  }

  /** Takes the head out, numbered. Its bytes are made first: that may fail. */
  send(head: ProduceBatch): void {
    assert(this.waiting.first() === head, "the oldest batch goes first");
    this.waiting.shift();
    if (head.order === undefined && this.sequence !== undefined) {
      this.#lastOrder += 1;
      head.number(this.sequence.take(head.recordCount), this.#lastOrder);
    }
    this.inFlight = inOrder([...this.inFlight, head]);
  }

  /** The batch's request has ended. */
  ended(batch: ProduceBatch): void {
    this.inFlight = this.inFlight.filter((other) => other !== batch);
  }

  acknowledged(batch: ProduceBatch, now: number): void {
    this.#confirmedAt = now;
    // The broker takes no number before it has those below: the gap was none.
    const { order } = batch;
    if (order !== undefined && this.#gapAt !== undefined && order > this.#gapAt) {
      this.#gapAt = undefined;
    }
  }

  /** Whether a batch that was numbered before this one is neither written nor given up. */
  hasUnsettledBefore(batch: ProduceBatch): boolean {
    const { order = 0 } = batch;
    const isBefore = (other: ProduceBatch): boolean => (other.order ?? order) < order;
    return this.inFlight.some(isBefore) || [...this.waiting].some(isBefore);
  }

  /** Puts batches back in front of what was never sent, numbered ones in their order. */
  putBack(...batches: readonly ProduceBatch[]): void {
    if (batches.every(({ order }) => order === undefined)) {
      this.waiting.unshift(...batches);
      return;
    }
    const sent = [...batches];
    for (;;) {
      const first = this.waiting.first();
      if (first?.order === undefined) break;
      sent.push(first);
      this.waiting.shift();
    }
    this.waiting.unshift(...inOrder(sent));
  }

  /** A batch will not be tried again, and its numbers may be missing in the log for ever. */
  gaveUp(batch: ProduceBatch): void {
    const { order, mark } = batch;
    if (order === undefined || mark === undefined) return;
    const { inFlight, waiting } = this;
    const isAlone = inFlight.length === 0 && waiting.first()?.order === undefined;
    const isLast = isAlone && order === this.#lastOrder;
    if (isLast && !batch.mayBeWritten && !this.hasGap) this.sequence?.giveBack(mark);
    else this.#gapAt = Math.max(this.#gapAt ?? 0, order);
  }

  /** The broker misses numbers below this batch's, which all were settled: the log lost records. */
  lostTouch(batch: ProduceBatch): void {
    this.#gapAt = Math.max(this.#gapAt ?? 0, batch.order ?? 0);
  }

  /**
   * Begins the next epoch (KIP-360); nothing is under way. Answers the batches that cannot come
   * along: an attempt of theirs may have been written under its old number, and a new number would
   * write it twice.
   */
  startNextEpoch(): ProduceBatch[] {
    assert(this.inFlight.length === 0, "what is under way has ended");
    this.#gapAt = undefined;
    this.#confirmedAt = undefined;
    if (this.sequence?.startNextEpoch() !== true) this.sequence = undefined;
    const kept: ProduceBatch[] = [];
    const lost: ProduceBatch[] = [];
    for (;;) {
      const first = this.waiting.first();
      if (first?.order === undefined) break;
      this.waiting.shift();
      if (first.mayBeWritten) {
        lost.push(first);
      } else {
        first.unnumber();
        kept.push(first);
      }
    }
    this.waiting.unshift(...kept);
    return lost;
  }
}

function inOrder(batches: readonly ProduceBatch[]): readonly ProduceBatch[] {
  return [...batches].sort((a, b) => (a.order ?? 0) - (b.order ?? 0));
}
