import { ZoologError } from "@zoolog/base";
import type { ClusterImage } from "@zoolog/controller";

/** Partitions of topics, as calls name them. */
export type AskedTopics = readonly {
  readonly topic: string;
  readonly partitions: readonly number[];
}[];

/** In one call: those of a large cluster. A body has room for millions, each with an answer of its own. */
const ASKED_PARTITIONS_MAX = 100_000;

/**
 * Each topic and each partition once, in the order of the request: what is told of one may be a
 * thousand times longer than its number.
 *
 * @throws ZoologError `INVALID_REQUEST` when there are more than one call may name.
 */
export function distinctPartitions(asked: AskedTopics): AskedTopics {
  const topics = new Map<string, Set<number>>();
  let count = 0;
  for (const { topic, partitions } of asked) {
    const known = topics.get(topic) ?? new Set();
    topics.set(topic, known);
    count -= known.size;
    for (const partition of partitions) known.add(partition);
    count += known.size;
    assertPartitionCount(count);
  }
  return [...topics].map(([topic, partitions]) => ({ topic, partitions: [...partitions] }));
}

/** @throws ZoologError `INVALID_REQUEST` when there are more than one call may name. */
export function assertPartitionCount(count: number): void {
  if (count > ASKED_PARTITIONS_MAX) throw tooManyPartitions();
}

/** Those that are there: of the others nothing can stand in ZooKeeper that counts. */
export function existingPartitions(asked: AskedTopics, image: ClusterImage): AskedTopics {
  return asked.flatMap(({ topic, partitions }) => {
    const count = image.topics.get(topic)?.partitions.length ?? 0;
    const existing = partitions.filter((partition) => partition >= 0 && partition < count);
    return existing.length === 0 ? [] : { topic, partitions: existing };
  });
}

function tooManyPartitions(): ZoologError {
  return new ZoologError({
    code: "INVALID_REQUEST",
    message: `a call names at most ${ASKED_PARTITIONS_MAX} partitions`,
    hint: "Name some of them at a time.",
  });
}
