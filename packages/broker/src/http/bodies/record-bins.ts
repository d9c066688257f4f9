import { ChunkedBytes } from "@zoolog/protocol";
import type { AnswerMemory } from "../../planes/answer-memory.ts";

type ReadPartition = { readonly records: readonly Buffer[] } | { readonly error: unknown };

/**
 * The records of each partition as one bin over the buffers that the log has read. They count as in
 * flight until the reader has taken them: many slow readers must not hold the memory.
 */
export function withRecordBins<Topic extends { readonly partitions: readonly ReadPartition[] }>(
  topics: readonly Topic[],
  memory: AnswerMemory,
): unknown[] {
  let bytes = 0;
  const answered = topics.map((topic) => ({
    ...topic,
    partitions: topic.partitions.map((partition) => {
      if ("error" in partition) return partition;
      const records = new ChunkedBytes(partition.records);
      bytes += records.byteLength;
      return { ...partition, records };
    }),
  }));
  memory.keep(bytes);
  return answered;
}
