import type { TopicPartition } from "@zoolog/base";
import { deletedTopicPath, PREFERRED_ELECTION_PATH } from "../paths.ts";
import type { DeletedTopic } from "../port/cluster-snapshot.ts";
import { assertTopicName, asTopicId } from "./topic-znode.ts";
import { encodeJson, ZnodeObject } from "./znode-json.ts";

export function encodeDeletedTopic(deleted: DeletedTopic): Uint8Array {
  return encodeJson({ version: 1, topic: deleted.name, brokers: deleted.pending });
}

/** @throws ZoologError `ZNODE_MALFORMED`. */
export function decodeDeletedTopic(topicId: string, data: Uint8Array): DeletedTopic {
  const path = deletedTopicPath(topicId);
  const znode = ZnodeObject.decode(path, data);
  const name = znode.text("topic");
  assertTopicName(path, name);
  return {
    topicId: asTopicId(path, topicId),
    name,
    pending: znode.brokerIds("brokers"),
  };
}

/** @throws ZoologError `ZNODE_MALFORMED`. */
export function decodePreferredElection(data: Uint8Array): readonly TopicPartition[] {
  const path = PREFERRED_ELECTION_PATH;
  return ZnodeObject.decode(path, data)
    .array("partitions")
    .map((item) => {
      const partition = ZnodeObject.of(path, item, "an item of partitions");
      return {
        topic: partition.text("topic"),
        partition: partition.integer("partition", { min: 0 }),
      };
    });
}
