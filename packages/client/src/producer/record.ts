import type { RecordData, RecordHeaderInput } from "@zoolog/protocol";
import { serializationFailed } from "../errors.ts";
import type { Serde } from "../serde.ts";
import type { Topic } from "../topic.ts";

/** A header's value. `null` is stored as null, which is not the same as empty. */
export type HeaderValue = string | Uint8Array | null;

/** By name, or as a list where order or repeated names matter. */
export type HeadersInput =
  | Readonly<Record<string, HeaderValue>>
  | readonly { readonly key: string; readonly value: HeaderValue }[];

/** What is sent. */
export type ProducerRecord<K, V> = {
  /** Records of one key go to one partition, in order. Without it: shared over the partitions. */
  readonly key?: K | undefined;
  /** `undefined` is a tombstone: compaction removes the key. */
  readonly value: V | undefined;
  readonly headers?: HeadersInput | undefined;
  /** Milliseconds since 1970, or a Date. Without it: now. */
  readonly timestamp?: number | Date | undefined;
  /** Chosen by the caller instead of the partitioner. */
  readonly partition?: number | undefined;
};

/** A record in the bytes that will be stored, before it has a place. */
export type SerializedRecord = {
  readonly key: Uint8Array | undefined;
  readonly value: RecordData | undefined;
  readonly headers: readonly RecordHeaderInput[] | undefined;
  readonly timestamp: number;
};

/** @throws ZoologError `SERIALIZATION_FAILED` */
export function serializeRecord<K, V>(
  topic: Topic<K, V>,
  record: ProducerRecord<K, V>,
  now: number,
): SerializedRecord {
  const { key, value, headers, timestamp } = record;
  const keyData = key === undefined ? undefined : serialized(topic, "key", topic.key, key);
  return {
    // Partitioners hash bytes.
    key: typeof keyData === "string" ? Buffer.from(keyData, "utf8") : keyData,
    value: value === undefined ? undefined : serialized(topic, "value", topic.value, value),
    headers: headers === undefined ? undefined : headerList(headers),
    timestamp: timestamp === undefined ? now : Number(timestamp),
  };
}

function serialized<T>(
  topic: { readonly name: string },
  part: "key" | "value",
  serde: Serde<T>,
  value: T,
): RecordData {
  try {
    return serde.serialize(value);
  } catch (error) {
    throw serializationFailed(topic.name, part, error);
  }
}

function headerList(headers: HeadersInput): readonly RecordHeaderInput[] {
  if (Array.isArray(headers)) return headers;
  return Object.entries(headers).map(([key, value]) => ({ key, value }));
}

/** Length, attributes, both deltas, lengths of key and value, count of headers, at their longest. */
const RECORD_OVERHEAD_MAX = 5 + 1 + 10 + 5 + 5 + 5 + 5;
const HEADER_OVERHEAD_MAX = 10;
/** UTF-8 takes at most three bytes for one UTF-16 unit. */
const UTF8_BYTES_MAX = 3;

/** At least as many bytes as the record will take, found without measuring any text. */
export function recordBytesBound(record: SerializedRecord): number {
  let bound = RECORD_OVERHEAD_MAX + (record.key?.length ?? 0) + dataBytesBound(record.value);
  if (record.headers !== undefined) {
    for (const { key, value } of record.headers) {
      bound += HEADER_OVERHEAD_MAX + dataBytesBound(key) + dataBytesBound(value);
    }
  }
  return bound;
}

function dataBytesBound(data: RecordData | null | undefined): number {
  if (data === undefined || data === null) return 0;
  return typeof data === "string" ? data.length * UTF8_BYTES_MAX : data.length;
}
