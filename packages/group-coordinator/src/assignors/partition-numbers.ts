import type { TopicId } from "@zoolog/base";
import type { TopicView } from "../group-context.ts";
import type { PartitionMap } from "../state/stored-group.ts";
import type { AssignmentInput } from "./assignment-input.ts";

/** All partitions of some topics in one row of numbers, so that assignors work on arrays. */
export class PartitionNumbers {
  readonly topics: readonly TopicView[];
  readonly count: number;
  readonly #starts: readonly number[];
  readonly #topicIndexes: Int32Array;
  readonly #indexes: ReadonlyMap<TopicId, number>;

  constructor(topics: readonly TopicView[]) {
    this.topics = topics;
    const starts: number[] = [];
    let count = 0;
    for (const { partitions } of topics) {
      starts.push(count);
      count += partitions;
    }
    this.count = count;
    this.#starts = starts;
    this.#topicIndexes = new Int32Array(count);
    topics.forEach(({ partitions }, index) => {
      this.#topicIndexes.fill(index, this.start(index), this.start(index) + partitions);
    });
    this.#indexes = new Map(topics.map(({ topicId }, index) => [topicId, index]));
  }

  static of({ members }: AssignmentInput): PartitionNumbers {
    const lists = new Set(members.map(({ topics }) => topics));
    const topics = new Map<TopicId, TopicView>();
    for (const list of lists) for (const topic of list) topics.set(topic.topicId, topic);
    return new PartitionNumbers([...topics.values()].sort((a, b) => (a.name < b.name ? -1 : 1)));
  }

  indexOf(topicId: TopicId): number | undefined {
    return this.#indexes.get(topicId);
  }

  start(topicIndex: number): number {
    return this.#starts[topicIndex] ?? 0;
  }

  /** The index of the topic that a number belongs to. */
  topicOf(number: number): number {
    return this.#topicIndexes[number] ?? 0;
  }

  /** Where the replicas of a partition are, as far as is known. */
  racks(number: number): readonly string[] {
    const index = this.topicOf(number);
    return this.topics[index]?.racks?.[number - this.start(index)] ?? [];
  }

  /** `owners[number]` is an index into the members, −1: nobody. */
  partitionMaps(owners: Int32Array, members: number): readonly PartitionMap[] {
    const maps = Array.from({ length: members }, () => new Map<TopicId, number[]>());
    this.topics.forEach(({ topicId, partitions }, index) => {
      const start = this.start(index);
      for (let partition = 0; partition < partitions; partition++) {
        const map = maps[owners[start + partition] ?? -1];
        if (map === undefined) continue;
        const list = map.get(topicId);
        if (list === undefined) map.set(topicId, [partition]);
        else list.push(partition);
      }
    });
    return maps;
  }
}
