import { type LeaderEpoch, leaderEpoch, offset, type Timestamp, timestamp } from "@zoolog/base";
import type { CommittedOffset } from "../port/group-state.ts";
import { asTopicId } from "./topic-znode.ts";
import { asInteger, decodeText, encodeText, ZnodeObject } from "./znode-json.ts";

/** By hand: thousands are written each second, and all but `metadata` needs no escaping. */
export function encodeOffset(committed: CommittedOffset): Uint8Array {
  const { offset: position, leaderEpoch: epoch, metadata, committedAt, topicId } = committed;
  const leader = epoch === undefined ? "" : `"leader_epoch":${epoch},`;
  const topic = topicId === undefined ? "" : `,"topic_id":"${topicId}"`;
  return encodeText(
    `{"version":1,"offset":${position},${leader}"metadata":${JSON.stringify(metadata)},` +
      `"timestamp":${committedAt}${topic}}`,
  );
}

/**
 * Written by hand, the offset alone will do: `{"offset":42}`, or `42` as the consumers of the first
 * Kafka versions wrote it. It counts as committed at `modifiedAt` then.
 *
 * @throws ZoologError `ZNODE_MALFORMED`.
 */
export function decodeOffset(
  path: string,
  data: Uint8Array,
  modifiedAt: Timestamp,
): CommittedOffset {
  const text = decodeText(path, data).trim();
  if (/^[0-9]{1,16}$/.test(text)) {
    const position = asInteger(path, Number(text), "the offset", { min: 0 });
    return {
      offset: offset(position),
      leaderEpoch: undefined,
      metadata: "",
      committedAt: modifiedAt,
      topicId: undefined,
    };
  }
  const znode = ZnodeObject.decode(path, data);
  return {
    offset: offset(znode.integer("offset", { min: 0 })),
    leaderEpoch: decodeLeaderEpoch(znode),
    metadata: znode.optionalText("metadata") ?? "",
    committedAt: znode.has("timestamp")
      ? timestamp(znode.integer("timestamp", { min: 0 }))
      : modifiedAt,
    topicId: znode.has("topic_id") ? asTopicId(path, znode.text("topic_id")) : undefined,
  };
}

function decodeLeaderEpoch(znode: ZnodeObject): LeaderEpoch | undefined {
  if (!znode.has("leader_epoch")) return undefined;
  const epoch = znode.integer("leader_epoch", { min: UNKNOWN_EPOCH });
  return epoch === UNKNOWN_EPOCH ? undefined : leaderEpoch(epoch);
}

const UNKNOWN_EPOCH = -1;
