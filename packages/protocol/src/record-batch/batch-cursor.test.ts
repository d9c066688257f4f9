import fc from "fast-check";
import { BatchCursor } from "./batch-cursor.ts";
import { BATCH_LAYOUT, RECORD_BATCH_OVERHEAD } from "./batch-layout.ts";
import { encodeRecordBatch } from "./encode-record-batch.ts";
import { goldenBatch } from "./sample-records.fixture.ts";
import { splitBatches } from "./split-batches.ts";

const batchOf = (...values: string[]) =>
  encodeRecordBatch(values.map((value, index) => ({ timestamp: 1000 + index, value })));

test("a cursor walks batches and tells about each", () => {
  const bytes = Buffer.concat([batchOf("a", "b"), batchOf("c"), goldenBatch("java-emptied")]);
  const cursor = new BatchCursor();

  const seen: object[] = [];
  for (let at = 0; cursor.look(bytes, at) === "whole"; at += cursor.sizeInBytes) {
    const { sizeInBytes, baseOffset, lastOffset, recordCount, maxTimestamp } = cursor;
    expect(cursor.checksumMatches()).toBe(true);
    seen.push({ sizeInBytes, baseOffset, lastOffset, recordCount, maxTimestamp });
  }

  expect(seen).toEqual([
    { sizeInBytes: 77, baseOffset: 0, lastOffset: 1, recordCount: 2, maxTimestamp: 1001 },
    { sizeInBytes: 69, baseOffset: 0, lastOffset: 0, recordCount: 1, maxTimestamp: 1000 },
    {
      sizeInBytes: 61,
      baseOffset: 500,
      lastOffset: 519,
      recordCount: 0,
      maxTimestamp: 1_700_000_000_000,
    },
  ]);
  expect(cursor.fault).toBeUndefined();
});

test("bytes that end early say how many are needed", () => {
  const bytes = batchOf("some value");
  const cursor = new BatchCursor();
  for (let length = 0; length < bytes.length; length++) {
    expect(cursor.look(bytes.subarray(0, length), 0)).toBe("partial");
    expect(cursor.bytesNeeded).toBe(length < 12 ? RECORD_BATCH_OVERHEAD : bytes.length);
    expect(cursor.look(bytes, 0, length)).toBe("partial");
  }
});

test("a torn write of zeros is corrupt wherever it begins in a batch's first bytes", () => {
  const cursor = new BatchCursor();

  expect(cursor.look(Buffer.alloc(4096), 0)).toBe("corrupt");
  expect(cursor.fault).toBe("lengthOutOfRange");
});

/** Header fields, what is written there, and the fault that names it. */
const FAULTS = [
  ["lengthOutOfRange", BATCH_LAYOUT.batchLength, [0xff, 0xff, 0xff, 0xff]],
  ["lengthOutOfRange", BATCH_LAYOUT.batchLength, [0x80, 0, 0, 0]],
  ["lengthOutOfRange", BATCH_LAYOUT.batchLength, [0, 0, 0, 48]],
  ["lengthOutOfRange", BATCH_LAYOUT.batchLength, [0x7f, 0xff, 0xff, 0xff]],
  ["unknownMagic", BATCH_LAYOUT.magic, [1]],
  ["unknownMagic", BATCH_LAYOUT.magic, [3]],
  ["offsetOutOfRange", BATCH_LAYOUT.baseOffset, [0xff]],
  ["offsetOutOfRange", BATCH_LAYOUT.baseOffset, [0, 0x20]],
  ["offsetOutOfRange", BATCH_LAYOUT.baseOffset, [0, 0x1f, ...Array(6).fill(0xff)]],
  ["offsetOutOfRange", BATCH_LAYOUT.lastOffsetDelta, [0xff, 0xff, 0xff, 0xff]],
  ["recordCountOutOfRange", BATCH_LAYOUT.recordCount, [0xff, 0xff, 0xff, 0xff]],
  ["recordCountOutOfRange", BATCH_LAYOUT.recordCount, [0, 0, 0, 3]],
  ["recordCountOutOfRange", BATCH_LAYOUT.recordCount, [0x7f, 0xff, 0xff, 0xff]],
  ["timestampOutOfRange", BATCH_LAYOUT.baseTimestamp, [0x80]],
  ["timestampOutOfRange", BATCH_LAYOUT.maxTimestamp, [0, 0x20]],
  ["producerStateOutOfRange", BATCH_LAYOUT.producerId, [0x80]],
  ["producerStateOutOfRange", BATCH_LAYOUT.producerId, [0x7f]],
  ["producerStateOutOfRange", BATCH_LAYOUT.producerEpoch, [0x80, 0]],
  ["producerStateOutOfRange", BATCH_LAYOUT.baseSequence, [0x80, 0, 0, 0]],
] as const;

test.each(FAULTS)("%s is seen at byte %i: %p", (fault, position, value) => {
  const bytes = batchOf("a", "b");
  bytes.set(value, position);
  const cursor = new BatchCursor({ batchBytesMax: 1_000_000 });

  expect(cursor.look(bytes, 0)).toBe("corrupt");
  expect(cursor.fault).toBe(fault);
});

test("a batch above the scanner's limit is corrupt before its bytes are asked for", () => {
  const bytes = batchOf("x".repeat(1000));

  expect(new BatchCursor({ batchBytesMax: bytes.length }).look(bytes, 0)).toBe("whole");
  const strict = new BatchCursor({ batchBytesMax: bytes.length - 1 });
  expect(strict.look(bytes.subarray(0, 100), 0)).toBe("corrupt");
});

test("splitting leaves out a last batch that is cut off anywhere", () => {
  const one = batchOf("a", "b", "c");
  for (let cut = 0; cut < one.length; cut++) {
    const bytes = Buffer.concat([one, one, one.subarray(0, cut)]);
    expect([...splitBatches(bytes)].map((batch) => batch.bytes)).toEqual([one, one]);
  }
});

test("splitting gives the batches before damage, then says where it is", () => {
  const bytes = Buffer.concat([batchOf("a"), batchOf("b")]);
  bytes[69 + BATCH_LAYOUT.magic] = 1;
  const batches = splitBatches(bytes);

  expect(batches.next().value?.recordCount).toBe(1);
  expect(() => batches.next()).toThrow(
    expect.objectContaining({
      code: "CORRUPT_MESSAGE",
      message: expect.stringContaining("byte 69"),
    }),
  );
});

test("any bytes split without a defect, and only into sound headers", () => {
  const start = batchOf("some", "records");
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 }),
      fc.uint8Array({ maxLength: 80 }),
      (changes, tail) => {
        const bytes = Buffer.concat([start, start, tail]);
        for (const [at, value] of changes) bytes[at % bytes.length] = value;
        try {
          let end = 0;
          for (const batch of splitBatches(bytes)) {
            expect(batch.sizeInBytes).toBeGreaterThanOrEqual(RECORD_BATCH_OVERHEAD);
            expect(Number.isSafeInteger(batch.nextOffset)).toBe(true);
            end += batch.sizeInBytes;
          }
          expect(end).toBeLessThanOrEqual(bytes.length);
        } catch (error) {
          expect(error).toMatchObject({ code: "CORRUPT_MESSAGE" });
        }
      },
    ),
    { numRuns: 1000 },
  );
});
