import { isUtf8 } from "node:buffer";
import type { FormattedRecord } from "./record-format.ts";

/** Bytes as JSON has them: text where they are UTF-8, `{"base64": …}` otherwise, null for none. */
export type EnvelopeField = string | null | { readonly base64: string };

/**
 * One record as JSON: the fields of the broker's own `GET …/records`, with topic and partition.
 * `produce --input ndjson` reads it.
 */
export type RecordEnvelope = {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly timestamp?: number;
  readonly key: EnvelopeField;
  readonly value: EnvelopeField;
  readonly headers: readonly { readonly key: string; readonly value: EnvelopeField }[];
};

export function envelopeOf(record: FormattedRecord): RecordEnvelope {
  const { headers, keyBytes, offset, partition, timestamp, topic, valueBytes } = record;
  return {
    topic,
    partition,
    offset,
    ...(timestamp === undefined ? {} : { timestamp }),
    key: envelopeField(keyBytes),
    value: envelopeField(valueBytes),
    headers: headers.map(({ key, value }) => ({ key, value: envelopeField(value) })),
  };
}

export function envelopeField(bytes: Uint8Array | undefined): EnvelopeField {
  if (bytes === undefined) return null;
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return isUtf8(buffer) ? buffer.toString("utf8") : { base64: buffer.toString("base64") };
}
