import type { KafkaHandler } from "../../request-dispatch.ts";
import { groupErrorOf, refusedWith } from "./group-errors.ts";
import type { GroupParts } from "./group-parts.ts";

export function offsetDelete({ api }: GroupParts): KafkaHandler<"OffsetDelete"> {
  return async ({ groupId, topics: asked }, context) => {
    const topics = asked.map(({ name, partitions }) => ({
      topic: name,
      partitions: partitions.map(({ partitionIndex }) => partitionIndex),
    }));
    try {
      const deleted = await api.groups["delete-offsets"]({ groupId, topics }, context);
      return {
        topics: deleted.topics.map(({ topic, partitions }) => ({
          name: topic,
          partitions: partitions.map(({ partition, error }) => ({
            partitionIndex: partition,
            errorCode: error === undefined ? undefined : groupErrorOf(error.code),
          })),
        })),
      };
    } catch (error) {
      return { errorCode: refusedWith(error), topics: [] };
    }
  };
}
