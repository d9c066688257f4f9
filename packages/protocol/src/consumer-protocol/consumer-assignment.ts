/**
 * What the leader of a classic consumer group gives a member, opaque to the broker: Kafka's
 * ConsumerProtocolAssignment, versions 0 to 3, which are all the same bytes.
 *
 * ```
 * int16 version
 * [topic, [int32]] assigned
 * bytes user data          −1 for none
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

export type ConsumerAssignment = {
  readonly assigned: readonly TopicPartitions[];
  readonly userData?: Uint8Array;
};

const ASSIGNMENT_VERSION_MAX = 3;

export function encodeConsumerAssignment(
  { assigned, userData }: ConsumerAssignment,
  version: number = ASSIGNMENT_VERSION_MAX,
): Buffer {
  const writer = new PayloadWriter().int16(version);
  writeTopicPartitions(writer, assigned);
  return writer.bytes(userData).done();
}

/** No bytes at all mean no partitions: a leader may leave a member out. */
export function decodeConsumerAssignment(bytes: Uint8Array): DecodedPayload<ConsumerAssignment> {
  if (bytes.length === 0) return { value: { assigned: [] } };
  return decodePayload(() => {
    const reader = new PayloadReader(bytes);
    reader.int16();
    const assigned = readTopicPartitions(reader);
    const userData = reader.nullableBytes();
    return { assigned, ...(userData === undefined ? {} : { userData }) };
  });
}
