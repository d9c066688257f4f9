import type { TopicId } from "@zoolog/base";
import type { PartitionMap } from "./stored-group.ts";

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
