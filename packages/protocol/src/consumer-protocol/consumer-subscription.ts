/**
 * What a member of a classic consumer group tells the leader about itself, opaque to the broker:
 * Kafka's ConsumerProtocolSubscription, versions 0 to 3.
 *
 * ```
 * int16 version            0: topics and user data
 * [string] topics
 * bytes user data          −1 for none; the assignor's own
 * [topic, [int32]] owned   from 1: KIP-429
 * int32 generation         from 2: KIP-792, −1 for none
 * string rack              from 3: KIP-881, −1 for none
 * ```
 */

import { type DecodedPayload, decodePayload } from "./decoded-payload.ts";
import { PayloadReader } from "./payload-reader.ts";
import { PayloadWriter } from "./payload-writer.ts";
import {
  readTopicPartitions,
  type TopicPartitions,
  writeTopicPartitions,
} from "./topic-partitions.ts";

export type ConsumerSubscription = {
  readonly topics: readonly string[];
  /** The assignor's own; see `sticky-user-data.ts`. */
  readonly userData?: Uint8Array;
  readonly owned?: readonly TopicPartitions[];
  /** In which `owned` was assigned. */
  readonly generation?: number;
  readonly rack?: string;
};

const SUBSCRIPTION_VERSION_MAX = 3;

/** @param version what the oldest reader knows; newer fields are left out. */
export function encodeConsumerSubscription(
  subscription: ConsumerSubscription,
  version: number = SUBSCRIPTION_VERSION_MAX,
): Buffer {
  const { generation = -1, owned = [], rack, topics, userData } = subscription;
  const writer = new PayloadWriter().int16(version);
  writer.list([...topics].sort(), (topic) => writer.string(topic)).bytes(userData);
  if (version >= 1) writeTopicPartitions(writer, owned);
  if (version >= 2) writer.int32(generation);
  if (version >= 3) writer.string(rack);
  return writer.done();
}

/** A newer version is read as the newest that is known here, and what follows is passed over. */
export function decodeConsumerSubscription(
  bytes: Uint8Array,
): DecodedPayload<ConsumerSubscription> {
  return decodePayload(() => {
    const reader = new PayloadReader(bytes);
    const version = reader.int16();
    const topics = reader.list(2, () => reader.string());
    const userData = reader.nullableBytes();
    const owned = version >= 1 ? readTopicPartitions(reader) : undefined;
    const generation = version >= 2 ? reader.int32() : -1;
    const rack = version >= 3 ? reader.nullableString() : undefined;
    return {
      topics,
      ...(userData === undefined ? {} : { userData }),
      ...(owned === undefined ? {} : { owned }),
      ...(generation < 0 ? {} : { generation }),
      ...(rack === undefined ? {} : { rack }),
    };
  });
}
