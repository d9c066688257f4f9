import { readFileSync } from "node:fs";
import { join } from "node:path";
import { offset, timestamp } from "@zoolog/base";
import fc from "fast-check";
import type { DecodedRecord } from "./decoded-records.ts";
import type { RecordData, RecordInput } from "./record-batch-builder.ts";

/** A batch of the golden files: see testdata/README.md. */
export function goldenBatch(name: string): Buffer {
  return readFileSync(join(__dirname, "../../testdata", `${name}.bin`));
}

/** The records that the golden files `java-<codec>-<count>` hold. */
export function goldenRecords(count: number): RecordInput[] {
  return Array.from({ length: count }, (_, index) => ({
    timestamp: 1_700_000_000_000 + (index % 2 === 0 ? index * 7 : -index * 11),
    key: index % 3 === 0 ? null : `key-${index}`,
    value: index % 5 === 0 ? null : goldenValue((index * 37) % 200),
    headers:
      index % 4 === 0
        ? [
            { key: "trace", value: `id-${index}` },
            { key: "émpty", value: null },
          ]
        : [],
  }));
}

function goldenValue(words: number): string {
  return Array.from({ length: words }, (_, index) => `välue ${index % 10}`).join("");
}

/** What decoding gives for records that were encoded with offsets from `baseOffset` on. */
export function decodedFrom(records: readonly RecordInput[], baseOffset = 0): DecodedRecord[] {
  return records.map((record, index) => ({
    offset: offset(baseOffset + index),
    timestamp: timestamp(record.timestamp),
    key: bytesOf(record.key),
    value: bytesOf(record.value),
    headers: (record.headers ?? []).map(({ key, value }) => ({ key, value: bytesOf(value) })),
  }));
}

function bytesOf(data: RecordData | null | undefined): Buffer | null {
  if (data === null || data === undefined) return null;
  return typeof data === "string" ? Buffer.from(data) : Buffer.from(data);
}

const data = fc.oneof(
  fc.constantFrom(null, undefined, "", Buffer.alloc(0)),
  fc.string({ unit: "grapheme", maxLength: 40 }),
  fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
);

const anyTimestamp = fc.oneof(
  fc.integer({ min: 1_600_000_000_000, max: 1_900_000_000_000 }),
  fc.constantFrom(-1, 0, 1, 8.64e15),
);

/** Records of every kind that the format can hold. */
export const anyRecords: fc.Arbitrary<RecordInput[]> = fc.array(
  fc.record({
    timestamp: anyTimestamp,
    key: data,
    value: data,
    headers: fc.oneof(
      fc.constant(undefined),
      fc.array(fc.record({ key: fc.string({ unit: "grapheme", maxLength: 12 }), value: data }), {
        maxLength: 5,
      }),
    ),
  }),
  { minLength: 1, maxLength: 60 },
);
