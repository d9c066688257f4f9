import { partitionOfKey } from "@zoolog/protocol";

/** What a partitioner may know of a topic. */
export type PartitionedTopic = {
  readonly name: string;
  readonly partitionCount: number;
  /** Partitions that have a leader now; empty when none has. Ascending. */
  readonly available: readonly number[];
};

/** Chooses the partition of a record that does not name one. One instance serves one producer. */
export interface Partitioner {
  /** @param key the serialized key; undefined when the record has none. */
  partition(topic: PartitionedTopic, key: Uint8Array | undefined): number;
  /** A batch is full: the moment for a sticky partitioner to go on. */
  batchFull?(topic: PartitionedTopic, partition: number): void;
}

/**
 * Keys by Java's murmur2, so that a key has the same partition whoever produces it. Records without
 * a key go to the available partitions one after the other, so that each gets the same number.
 */
export function roundRobinPartitioner(): Partitioner {
  const turns = new Map<string, number>();
  return {
    partition: (topic, key) => {
      if (key !== undefined) return partitionOfKey(key, topic.partitionCount);
      const turn = turns.get(topic.name) ?? 0;
      turns.set(topic.name, turn + 1);
      return inTurn(topic, turn);
    },
  };
}

/**
 * Keys by Java's murmur2. Records without a key stay with one partition until its batch is full:
 * fewer, larger batches, at the price of an unequal share at any moment (KIP-480).
 */
export function stickyPartitioner(): Partitioner {
  const turns = new Map<string, number>();
  return {
    partition: (topic, key) => {
      if (key !== undefined) return partitionOfKey(key, topic.partitionCount);
      return inTurn(topic, turns.get(topic.name) ?? 0);
    },
    batchFull: (topic, partition) => {
      const turn = turns.get(topic.name) ?? 0;
      // A full batch of another partition (a keyed one) says nothing about the one we stay with.
      if (inTurn(topic, turn) === partition) turns.set(topic.name, turn + 1);
    },
  };
}

/** A partition without a leader is passed over as long as there is one with a leader. */
function inTurn(topic: PartitionedTopic, turn: number): number {
  const { available, partitionCount } = topic;
  return available[turn % available.length] ?? turn % partitionCount;
}
