import { readControlRecord } from "./control-batch.ts";
import { encodeRecordBatch } from "./encode-record-batch.ts";
import { RecordBatch } from "./record-batch.ts";
import type { RecordInput } from "./record-batch-builder.ts";
import { goldenBatch } from "./sample-records.fixture.ts";

const control = (record: Omit<RecordInput, "timestamp">) =>
  RecordBatch.parse(encodeRecordBatch([{ timestamp: 1, ...record }], { isControl: true }));

const KEY = Buffer.from([0, 0, 0, 1]);
const VALUE = Buffer.from([0, 0, 0, 0, 0, 9]);

test("types of other systems stay opaque", () => {
  const batch = control({ key: Buffer.from([0, 0, 0, 2]), value: Buffer.from([1, 2, 3]) });

  expect(readControlRecord(batch)).toEqual({ type: "other", typeNumber: 2 });
});

test("fields that later versions append are left alone", () => {
  const batch = control({
    key: Buffer.from([0, 1, 0, 1, 7]),
    value: Buffer.from([0, 1, 0, 0, 0, 9, 7]),
  });

  expect(readControlRecord(batch)).toEqual({ type: "commit", coordinatorEpoch: 9 });
});

test("a control batch that compaction has emptied says nothing", () => {
  const bytes = goldenBatch("java-emptied");
  bytes.writeInt16BE(0x30, 21);

  expect(readControlRecord(RecordBatch.parse(bytes))).toBeUndefined();
});

test.each([
  ["no key", { key: null, value: VALUE }],
  ["a short key", { key: KEY.subarray(0, 3), value: VALUE }],
  ["a negative version", { key: Buffer.from([0xff, 0xff, 0, 1]), value: VALUE }],
  ["no value", { key: KEY, value: null }],
  ["a short value", { key: KEY, value: VALUE.subarray(0, 5) }],
])("a marker with %s is refused", (_, record) => {
  expect(() => readControlRecord(control(record))).toThrow(
    expect.objectContaining({ code: "CORRUPT_MESSAGE" }),
  );
});
