import type { TopicPartition } from "@zoolog/base";
import { Fifo } from "../fifo.ts";
import type { ProduceBatch } from "./produce-batch.ts";

/**
 * What waits for one partition, oldest first, and what is under way to it: one batch at most, so
 * that no retry can overtake the records behind it.
 */
export class PartitionQueue {
  readonly topicPartition: TopicPartition;
  /** Only the last one may be open. */
  readonly waiting = new Fifo<ProduceBatch>();
  inFlight: ProduceBatch | undefined;

  constructor(topicPartition: TopicPartition) {
    this.topicPartition = topicPartition;
  }

  get isIdle(): boolean {
    return this.waiting.size === 0 && this.inFlight === undefined;
  }

  /** The oldest batch will get no more records, so there is nothing to linger for. */
  get headIsComplete(): boolean {
    return this.waiting.size > 1 || this.waiting.first()?.isOpen === false;
  }
}
