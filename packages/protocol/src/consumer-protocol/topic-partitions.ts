import { PayloadFault, type PayloadReader } from "./payload-reader.ts";
import type { PayloadWriter } from "./payload-writer.ts";

/** Some partitions of one topic. */
export type TopicPartitions = {
  readonly topic: string;
  readonly partitions: readonly number[];
};

/** An i16 length and an i32 count: what a topic takes at least. */
const TOPIC_BYTES_MIN = 6;
const PARTITION_BYTES = 4;

export function readTopicPartitions(reader: PayloadReader): TopicPartitions[] {
  return reader.list(TOPIC_BYTES_MIN, () => ({
    topic: reader.string(),
    partitions: reader.list(PARTITION_BYTES, () => {
      const partition = reader.int32();
      if (partition < 0) throw new PayloadFault(`there is no partition ${partition}`);
      return partition;
    }),
  }));
}

/** Sorted, as the Java client does: equal contents are equal bytes, and no rejoin looks changed. */
export function writeTopicPartitions(
  writer: PayloadWriter,
  topics: readonly TopicPartitions[],
): void {
  const sorted = [...topics].sort((a, b) => (a.topic < b.topic ? -1 : 1));
  writer.list(sorted, ({ partitions, topic }) => {
    writer.string(topic);
    writer.list(
      [...partitions].sort((a, b) => a - b),
      (partition) => writer.int32(partition),
    );
  });
}
