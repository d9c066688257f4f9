import type { TopicId } from "@zoolog/base";
import type { TopicPartitions } from "../group-event.ts";
import type { PartitionMap } from "./stored-group.ts";

export const NO_PARTITIONS: PartitionMap = new Map();

/** From a request: ascending, without repetitions, without topics that have none. */
export function partitionMap(topics: readonly TopicPartitions[]): PartitionMap {
  const sets = new Map<TopicId, Set<number>>();
  for (const { topicId, partitions } of topics) {
    const set = sets.get(topicId) ?? new Set();
    for (const partition of partitions) set.add(partition);
    if (set.size > 0) sets.set(topicId, set);
  }
  return new Map([...sets].map(([id, set]) => [id, [...set].sort((a, b) => a - b)]));
}

export function samePartitions(a: PartitionMap, b: PartitionMap): boolean {
  if (a === b) return true;
  if (a.size !== b.size) return false;
  for (const [topicId, partitions] of a) {
    const others = b.get(topicId);
    if (others?.length !== partitions.length) return false;
    if (others !== partitions && partitions.some((p, i) => p !== others[i])) return false;
  }
  return true;
}

/** `a` without what `b` has. */
export function withoutPartitions(a: PartitionMap, b: PartitionMap): PartitionMap {
  return filterPartitions(a, (topicId) => {
    const others = b.get(topicId);
    if (others === undefined) return undefined;
    const set = new Set(others);
    return (partition) => !set.has(partition);
  });
}

/** What both have. */
export function commonPartitions(a: PartitionMap, b: PartitionMap): PartitionMap {
  return filterPartitions(a, (topicId) => {
    const set = new Set(b.get(topicId));
    return (partition) => set.has(partition);
  });
}

/** `isWanted` gives the filter of a topic's partitions, or nothing: all of them stay. */
export function filterPartitions(
  map: PartitionMap,
  isWanted: (topicId: TopicId) => ((partition: number) => boolean) | undefined,
): PartitionMap {
  const kept = new Map<TopicId, readonly number[]>();
  for (const [topicId, partitions] of map) {
    const filter = isWanted(topicId);
    const left = filter === undefined ? partitions : partitions.filter(filter);
    if (left.length > 0) kept.set(topicId, left);
  }
  return kept;
}

/** Of maps that have no partition in common. */
export function joinPartitions(a: PartitionMap, b: PartitionMap): PartitionMap {
  if (b.size === 0) return a;
  if (a.size === 0) return b;
  const joined = new Map(a);
  for (const [topicId, partitions] of b) {
    const both = [...(a.get(topicId) ?? []), ...partitions];
    joined.set(
      topicId,
      both.sort((x, y) => x - y),
    );
  }
  return joined;
}

/** Whether `a` has nothing that `b` has not. */
export function isSubset(a: PartitionMap, b: PartitionMap): boolean {
  return withoutPartitions(a, b).size === 0;
}
