import { type BrokerId, TOPIC_PARTITIONS_MAX, type TopicId, topicNameFault } from "@zoolog/base";
import { malformed } from "../errors.ts";
import { topicPath } from "../paths.ts";
import { asBrokerIds, encodeJson, encodeText, ZnodeObject } from "./znode-json.ts";

/** Kafka's version of this znode since 2.8: the first with a topic id. */
const VERSION = 3;
const TOPIC_ID = /^[A-Za-z0-9_-]{22}$/;

export type TopicZnode = {
  readonly topicId: TopicId;
  /** Replicas, indexed by partition. */
  readonly assignment: readonly (readonly BrokerId[])[];
};

export function encodeTopic(topic: TopicZnode): Uint8Array {
  return encodeJson({
    version: VERSION,
    topic_id: topic.topicId,
    partitions: Object.fromEntries(topic.assignment.map((replicas, i) => [String(i), replicas])),
    adding_replicas: {},
    removing_replicas: {},
  });
}

/** @throws ZoologError `ZNODE_MALFORMED`. */
export function decodeTopic(name: string, data: Uint8Array): TopicZnode {
  const path = topicPath(name);
  assertTopicName(path, name);
  const znode = ZnodeObject.decode(path, data);
  const entries = znode.object("partitions").entries();
  if (entries.length < 1 || entries.length > TOPIC_PARTITIONS_MAX) {
    throw malformed(path, `partitions has ${entries.length} entries`);
  }
  const assignment = new Array<readonly BrokerId[] | undefined>(entries.length).fill(undefined);
  for (const [key, replicas] of entries) {
    const partition = /^(0|[1-9][0-9]*)$/.test(key) ? Number(key) : Number.NaN;
    if (!(partition < entries.length)) {
      throw malformed(path, `partitions are not numbered from 0 without holes: ${key}`);
    }
    if (!Array.isArray(replicas) || replicas.length === 0) {
      throw malformed(path, `partition ${key} has no replicas`);
    }
    assignment[partition] = asBrokerIds(path, replicas, `partition ${key}`);
  }
  return {
    topicId: asTopicId(path, znode.text("topic_id")),
    assignment: assignment.map((replicas) => replicas ?? []),
  };
}

/**
 * The topic id once more, in `…/partitions`: it lets a topic whose znode was broken by hand be
 * deleted together with its replicas.
 */
export function encodeSpareTopicId(topicId: TopicId): Uint8Array {
  return encodeText(topicId);
}

/** `undefined` where there is none: topics of other origin have nothing there. */
export function decodeSpareTopicId(data: Uint8Array): TopicId | undefined {
  const text = Buffer.from(data).toString("latin1");
  return TOPIC_ID.test(text) ? (text as TopicId) : undefined;
}

/** Names become folders: one made by hand must not get past here. */
export function assertTopicName(path: string, name: string): void {
  const fault = topicNameFault(name);
  if (fault !== undefined) throw malformed(path, fault);
}

export function asTopicId(path: string, text: string): TopicId {
  if (!TOPIC_ID.test(text)) throw malformed(path, `topic id ${JSON.stringify(text)} is none`);
  return text as TopicId;
}
