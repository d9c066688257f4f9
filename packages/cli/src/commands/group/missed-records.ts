import type { GroupLag } from "@zoolog/client";

type PartitionLag = GroupLag["topics"][number]["partitions"][number];

export type MissedRecords = {
  readonly topic: string;
  readonly partition: number;
  readonly committed: number;
  readonly logStartOffset: number;
  readonly missed: number;
};

/** Offsets from the committed one to the log start: deleted before the group read them. */
export function missedIn({ committed, logStartOffset }: PartitionLag): number {
  if (committed === undefined || logStartOffset === undefined) return 0;
  return Math.max(0, logStartOffset - committed);
}

/** The partitions of a group whose committed offset is below the log start. */
export function missedOf({ topics }: Pick<GroupLag, "topics">): MissedRecords[] {
  return topics.flatMap(({ partitions, topic }) =>
    partitions.flatMap((it) => {
      const { committed, logStartOffset, partition } = it;
      const missed = missedIn(it);
      if (missed === 0 || committed === undefined || logStartOffset === undefined) return [];
      return [{ topic, partition, committed, logStartOffset, missed }];
    }),
  );
}

/** As JSON has it: `missed` beside the offsets, where there are any. */
export function withMissed<T extends Pick<GroupLag, "topics">>(lag: T): T {
  const topics = lag.topics.map((topic) => ({
    ...topic,
    partitions: topic.partitions.map((it) => {
      const missed = missedIn(it);
      return missed === 0 ? it : { ...it, missed };
    }),
  }));
  return { ...lag, topics };
}
