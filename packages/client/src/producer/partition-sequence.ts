/** What marks a batch of an idempotent producer (KIP-98). */
export type ProducerMark = {
  readonly producerId: number;
  readonly producerEpoch: number;
  /** Of the batch's first record. */
  readonly baseSequence: number;
};

/** Sequences run from 0 to 2^31 − 1 and start again. */
const SEQUENCES = 2 ** 31;
/** The last epoch that is used; Kafka keeps the one above for fencing. */
const PRODUCER_EPOCH_MAX = 2 ** 15 - 2;

/**
 * The numbers of one partition's records. Each partition counts epochs for itself: brokers compare
 * them within a partition only, and the id is this producer's alone. So a gap in one partition
 * (KIP-360) concerns no other.
 */
export class PartitionSequence {
  readonly producerId: number;
  #epoch = 0;
  #next = 0;

  constructor(options: { readonly producerId: number }) {
    this.producerId = options.producerId;
  }

  /** The mark of the next batch, which has `recordCount` records. */
  take(recordCount: number): ProducerMark {
    const mark = this.#mark(this.#next);
    this.#next = sequenceAfter(this.#next, recordCount);
    return mark;
  }

  /** The batch that took its numbers last was refused, and never sent otherwise. */
  giveBack(mark: ProducerMark): void {
    this.#next = mark.baseSequence;
  }

  /**
   * Numbers start anew: what the broker has of the last epoch is over with the first batch of the
   * next one. Answers false when no epoch is left and another id is needed.
   */
  startNextEpoch(): boolean {
    if (this.#epoch >= PRODUCER_EPOCH_MAX) return false;
    this.#epoch += 1;
    this.#next = 0;
    return true;
  }

  #mark(baseSequence: number): ProducerMark {
    return { producerId: this.producerId, producerEpoch: this.#epoch, baseSequence };
  }
}

/** The sequence `count` records behind `sequence`, around the end if need be. */
export function sequenceAfter(sequence: number, count: number): number {
  return (sequence + count) % SEQUENCES;
}
