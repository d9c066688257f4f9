import { AssertionError } from "@zoolog/base";
import fc from "fast-check";
import { compress, loadCompression } from "../compression/compression.ts";
import { encodeRecordBatch } from "./encode-record-batch.ts";
import { RecordBatch } from "./record-batch.ts";
import { RecordBatchBuilder } from "./record-batch-builder.ts";
import { anyRecords, decodedFrom, goldenRecords } from "./sample-records.fixture.ts";

test("the size is known before every record and after it", () => {
  fc.assert(
    fc.property(anyRecords, (records) => {
      const builder = new RecordBatchBuilder();
      expect(builder.sizeInBytes).toBe(61);
      for (const record of records) {
        const foretold = builder.sizeInBytes + builder.sizeOf(record);
        builder.append(record);
        expect(builder.sizeInBytes).toBe(foretold);
      }
      const { sizeInBytes } = builder;
      expect(builder.build()).toHaveLength(sizeInBytes);
    }),
  );
});

test("texts and buffers of the same bytes give the same batch", () => {
  const texts = ["ascii", "größe", "日本語", "🦓", "", "x".repeat(300)];
  const record = (data: string | Buffer) => ({
    timestamp: 5,
    key: data,
    value: data,
    headers: [{ key: "h", value: data }],
  });

  const fromTexts = encodeRecordBatch(texts.map(record));

  expect(fromTexts).toEqual(encodeRecordBatch(texts.map((text) => record(Buffer.from(text)))));
});

test("a batch grows beyond the memory that was lent", () => {
  const records = goldenRecords(50);
  const lent = Buffer.alloc(1000);

  const builder = new RecordBatchBuilder({ buffer: lent });
  for (const record of records) builder.append(record);

  expect(builder.build()).toEqual(encodeRecordBatch(records));
});

test("a small batch is built in the memory that was lent", () => {
  const lent = Buffer.alloc(1000);
  const builder = new RecordBatchBuilder({ buffer: lent });
  builder.append({ timestamp: 1, value: "v" });

  expect(builder.build().buffer).toBe(lent.buffer);
});

test.each([Number.NaN, 1.5, -2, Number.POSITIVE_INFINITY, 2 ** 53])(
  "timestamp %d is refused, and the batch is as it was",
  (time) => {
    const builder = new RecordBatchBuilder();
    builder.append({ timestamp: 1, value: "first" });
    const { sizeInBytes } = builder;

    expect(() => builder.append({ timestamp: time, value: "second" })).toThrow(
      expect.objectContaining({ code: "INVALID_RECORD", retriable: false }),
    );

    expect(builder.sizeInBytes).toBe(sizeInBytes);
    expect([...RecordBatch.parse(builder.build()).records()]).toHaveLength(1);
  },
);

test("a builder is used once and for one record at least", () => {
  expect(() => new RecordBatchBuilder().build()).toThrow(AssertionError);

  const builder = new RecordBatchBuilder();
  builder.append({ timestamp: 1 });
  builder.build();

  expect(() => builder.build()).toThrow(AssertionError);
  expect(() => builder.append({ timestamp: 1 })).toThrow(AssertionError);
});

test("a codec that has to be loaded says so, and works afterwards", async () => {
  const block = Buffer.from("some text, some text, some text");
  const hasNativeZstd = "zstdCompressSync" in (await import("node:zlib"));
  if (!hasNativeZstd) {
    expect(() => compress("zstd", block)).toThrow(
      expect.objectContaining({
        code: "UNSUPPORTED_COMPRESSION_TYPE",
        hint: expect.stringContaining("loadCompression"),
      }),
    );
  }

  await loadCompression("zstd");

  const bytes = encodeRecordBatch(goldenRecords(3), { compression: "zstd" });
  expect([...RecordBatch.parse(bytes).records()]).toEqual(decodedFrom(goldenRecords(3)));
});
