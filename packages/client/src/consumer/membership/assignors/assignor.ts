import type { TopicPartitions } from "@zoolog/protocol";

/** A member of a classic group, as its leader sees it. */
export type AssignedMember = {
  readonly memberId: string;
  /** A static member keeps its place in the order when it comes back under another member id. */
  readonly instanceId?: string;
  readonly topics: readonly string[];
  /** What it says it has, and in which generation it was given that. */
  readonly owned: readonly TopicPartitions[];
  readonly generation: number | undefined;
};

/** Partitions of each topic that exists; a topic that is missing has none to give. */
export type PartitionCounts = ReadonlyMap<string, number>;

/** Partitions by member id; every member is in it. */
export type Assignment = ReadonlyMap<string, readonly TopicPartitions[]>;

/**
 * Shares the partitions of the subscribed topics out. Pure: every leader that sees the same members
 * gives the same answer.
 */
export type Assignor = (members: readonly AssignedMember[], counts: PartitionCounts) => Assignment;

/** Kafka's order: static members by instance id come first, then the others by member id. */
export function inAssignmentOrder(members: readonly AssignedMember[]): AssignedMember[] {
  return [...members].sort((a, b) => {
    if (a.instanceId !== undefined && b.instanceId !== undefined) {
      return compareTexts(a.instanceId, b.instanceId);
    }
    if (a.instanceId !== undefined) return -1;
    if (b.instanceId !== undefined) return 1;
    return compareTexts(a.memberId, b.memberId);
  });
}

function compareTexts(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** Topics that somebody subscribes to and that exist, sorted. */
export function subscribedTopics(
  members: readonly AssignedMember[],
  counts: PartitionCounts,
): string[] {
  const topics = new Set(members.flatMap(({ topics }) => topics));
  return [...topics].filter((topic) => counts.has(topic)).sort(compareTexts);
}

/** Collects what members are given, partition by partition. */
export class AssignmentBuilder {
  readonly #given: Map<string, Map<string, number[]>>;

  constructor(members: readonly AssignedMember[]) {
    this.#given = new Map(members.map(({ memberId }) => [memberId, new Map()]));
  }

  give(memberId: string, topic: string, partition: number): void {
    const topics = this.#given.get(memberId);
    const partitions = topics?.get(topic);
    if (partitions === undefined) topics?.set(topic, [partition]);
    else partitions.push(partition);
  }

  done(): Assignment {
    return new Map(
      [...this.#given].map(([memberId, topics]) => [
        memberId,
        [...topics]
          .sort(([a], [b]) => compareTexts(a, b))
          .map(([topic, partitions]) => ({
            topic,
            partitions: partitions.sort((a, b) => a - b),
          })),
      ]),
    );
  }
}
