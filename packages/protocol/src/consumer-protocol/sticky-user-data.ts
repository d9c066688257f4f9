/**
 * The user data that Java's sticky assignors put into subscriptions.
 *
 * ```
 * sticky:              [topic, [int32]] previous assignment, int32 generation (missing in version 0)
 * cooperative-sticky:  int32 generation
 * ```
 *
 * Neither has a version field: the sticky one is told apart by what is left after the partitions.
 */
import { type DecodedPayload, decodePayload } from "./decoded-payload.ts";
import { PayloadReader } from "./payload-reader.ts";
import { PayloadWriter } from "./payload-writer.ts";
import {
  readTopicPartitions,
  type TopicPartitions,
  writeTopicPartitions,
} from "./topic-partitions.ts";

export type StickyUserData = {
  readonly owned: readonly TopicPartitions[];
  readonly generation?: number;
};

export function encodeStickyUserData({ generation = -1, owned }: StickyUserData): Buffer {
  const writer = new PayloadWriter();
  writeTopicPartitions(writer, owned);
  return writer.int32(generation).done();
}

export function decodeStickyUserData(bytes: Uint8Array): DecodedPayload<StickyUserData> {
  return decodePayload(() => {
    const reader = new PayloadReader(bytes);
    const owned = readTopicPartitions(reader);
    return { owned, ...generationOf(reader) };
  });
}

export function encodeCooperativeStickyUserData(generation: number | undefined): Buffer {
  return new PayloadWriter().int32(generation ?? -1).done();
}

export function decodeCooperativeStickyUserData(
  bytes: Uint8Array,
): DecodedPayload<{ readonly generation?: number }> {
  return decodePayload(() => generationOf(new PayloadReader(bytes)));
}

function generationOf(reader: PayloadReader): { readonly generation?: number } {
  const generation = reader.ended ? -1 : reader.int32();
  return generation < 0 ? {} : { generation };
}
