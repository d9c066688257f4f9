import { ZoologError } from "@zoolog/base";
import fc from "fast-check";
import { compress, loadCompression } from "../compression/compression.ts";
import { crc32c } from "../crc32c.ts";
import { BATCH_LAYOUT, LOG_OVERHEAD, RECORD_BATCH_OVERHEAD } from "./batch-layout.ts";
import { encodeRecordBatch } from "./encode-record-batch.ts";
import { validateProducedBatch } from "./produced-batch.ts";
import { RecordBatch } from "./record-batch.ts";
import { goldenRecords } from "./sample-records.fixture.ts";

const CODECS = ["none", "gzip", "snappy", "lz4", "zstd"] as const;
const TYPED = ["CORRUPT_MESSAGE", "MESSAGE_TOO_LARGE", "UNSUPPORTED_COMPRESSION_TYPE"];

beforeAll(() => loadCompression("zstd"));

/** Reads all of a batch; anything but a typed error is a defect and fails the test. */
function codeOfReading(bytes: Buffer, maxBytes = 1_000_000): string | undefined {
  try {
    for (const record of RecordBatch.parse(bytes).records({ maxBytes })) {
      if (!Number.isSafeInteger(record.offset)) throw new Error(`offset ${record.offset}`);
    }
    return undefined;
  } catch (error) {
    if (!(error instanceof ZoologError)) throw error;
    if (!TYPED.includes(error.code)) throw error;
    return error.code;
  }
}

/** A batch with these bytes where its records should be, sound in its length and checksum. */
function batchAround(records: Buffer, fields: { count?: number; codec?: number } = {}): Buffer {
  const bytes = Buffer.alloc(RECORD_BATCH_OVERHEAD + records.length);
  encodeRecordBatch(goldenRecords(1)).copy(bytes, 0, 0, RECORD_BATCH_OVERHEAD);
  records.copy(bytes, RECORD_BATCH_OVERHEAD);
  const count = fields.count ?? 1;
  bytes.writeInt32BE(bytes.length - LOG_OVERHEAD, BATCH_LAYOUT.batchLength);
  bytes.writeInt16BE(fields.codec ?? 0, BATCH_LAYOUT.attributes);
  bytes.writeInt32BE(count - 1, BATCH_LAYOUT.lastOffsetDelta);
  bytes.writeInt32BE(count, BATCH_LAYOUT.recordCount);
  return seal(bytes);
}

function seal(bytes: Buffer): Buffer {
  bytes.writeUInt32BE(crc32c(bytes.subarray(BATCH_LAYOUT.attributes)), BATCH_LAYOUT.crc);
  return bytes;
}

const INT_MAX_VARINT = [0xfe, 0xff, 0xff, 0xff, 0x0f];
const INT_MIN_VARINT = [0xff, 0xff, 0xff, 0xff, 0x0f];
/** Length 6, no attributes, no deltas, null key and value, no headers. */
const LEAST_RECORD = [0x0c, 0, 0, 0, 1, 1, 0];

describe.each(CODECS)("a %s batch", (compression) => {
  const sound = () => encodeRecordBatch(goldenRecords(9), { compression });

  test("that is cut off anywhere is refused", () => {
    const bytes = sound();
    for (let length = 0; length < bytes.length; length++) {
      expect(codeOfReading(bytes.subarray(0, length))).toBe("CORRUPT_MESSAGE");
    }
  });

  test("whose records are cut off anywhere, under a sound header, is refused", () => {
    const bytes = sound();
    for (let length = RECORD_BATCH_OVERHEAD; length < bytes.length; length++) {
      const cut = Buffer.from(bytes.subarray(0, length));
      cut.writeInt32BE(length - LOG_OVERHEAD, BATCH_LAYOUT.batchLength);
      expect(codeOfReading(seal(cut))).toBe("CORRUPT_MESSAGE");
    }
  });

  test("with any damage under a sound checksum gives a typed error or records", () => {
    const bytes = sound();
    const change = fc.tuple(fc.nat(), fc.nat(255));
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 5 }), (changes) => {
        const damaged = Buffer.from(bytes);
        for (const [at, value] of changes) damaged[at % bytes.length] = value;
        codeOfReading(seal(damaged));
        const verdict = validateProducedBatch(damaged, { batchBytesMax: 100_000, walk: "all" });
        if (verdict.error === undefined) expect(codeOfReading(damaged)).toBeUndefined();
      }),
      { numRuns: 1500 },
    );
  });
});

test.each([
  ["a record longer than the batch", [...INT_MAX_VARINT, 0, 0, 0, 1, 1, 0]],
  ["a negative record length", [...INT_MIN_VARINT, 0, 0, 0, 1, 1, 0]],
  ["a record length of zero", [0, 0, 0, 0, 1, 1, 0]],
  ["a key longer than the record", [0x14, 0, 0, 0, ...INT_MAX_VARINT, 1, 0]],
  ["a key of length -2", [0x0c, 0, 0, 0, 3, 1, 0]],
  ["a value longer than the record", [0x14, 0, 0, 0, 1, ...INT_MAX_VARINT, 0]],
  ["a value of the least length", [0x14, 0, 0, 0, 1, ...INT_MIN_VARINT, 0]],
  ["two billion headers", [0x14, 0, 0, 0, 1, 1, ...INT_MAX_VARINT]],
  ["a negative header count", [0x0c, 0, 0, 0, 1, 1, 1]],
  ["a header with a null key", [0x10, 0, 0, 0, 1, 1, 2, 1, 1]],
  ["a header beyond the record", [0x10, 0, 0, 0, 1, 1, 2, 8, 1]],
  ["an offset delta beyond the batch", [0x0c, 0, 0, 2, 1, 1, 0]],
  ["a negative offset delta", [0x0c, 0, 0, 1, 1, 1, 0]],
  ["a varint of six bytes", [0x80, 0x80, 0x80, 0x80, 0x80, 0, 0, 0, 0, 1, 1, 0]],
  ["a varint whose lower 32 bits alone would do", [0x8c, 0x80, 0x80, 0x80, 0x10, 0, 0, 0, 1, 1, 0]],
  ["a varint of 35 bits", [0x80, 0x80, 0x80, 0x80, 0x10, 0, 0, 0, 1, 1, 0]],
  ["bytes inside the record that no field has", [0x0e, 0, 0, 0, 1, 1, 0, 0]],
  ["bytes after the last record", [...LEAST_RECORD, 0]],
])("%s is refused", (_, records) => {
  expect(codeOfReading(batchAround(Buffer.from(records)))).toBe("CORRUPT_MESSAGE");
});

test("the least record of all is read", () => {
  expect(codeOfReading(batchAround(Buffer.from(LEAST_RECORD)))).toBeUndefined();
});

test("a record hidden inside another one's length is refused", () => {
  const hidden = [0x0c, 0, 0, 2, 1, 1, 0];
  const records = Buffer.from([0x1a, ...LEAST_RECORD.slice(1), ...hidden]);

  expect(codeOfReading(batchAround(records, { count: 2 }))).toBe("CORRUPT_MESSAGE");
});

test("records in the wrong order are refused", () => {
  const twice = Buffer.from([...LEAST_RECORD, ...LEAST_RECORD]);

  expect(codeOfReading(batchAround(twice, { count: 2 }))).toBe("CORRUPT_MESSAGE");
});

test("more records claimed than bytes could hold are refused without a list for them", () => {
  const bytes = batchAround(Buffer.from(LEAST_RECORD), { count: 2 ** 31 - 1 });

  expect(() => RecordBatch.parse(bytes).records()).toThrow(
    expect.objectContaining({ code: "CORRUPT_MESSAGE" }),
  );
});

test.each([5, 6, 7])("codec number %i is unsupported, not damage", (codec) => {
  const bytes = batchAround(Buffer.from(LEAST_RECORD), { codec });

  expect(codeOfReading(bytes)).toBe("UNSUPPORTED_COMPRESSION_TYPE");
});

test.each([
  ["gzip", 1],
  ["snappy", 2],
  ["lz4", 3],
  ["zstd", 4],
] as const)("a %s bomb in a batch stops at the limit", (codec, number) => {
  const bomb = batchAround(compress(codec, Buffer.alloc(30_000_000)), { codec: number });

  expect(codeOfReading(bomb, 1_000_000)).toBe("MESSAGE_TOO_LARGE");
});

test("random bytes under a sound header never do harm", () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 120 }),
      fc.nat(4),
      fc.nat(8),
      (records, codec, count) => {
        codeOfReading(batchAround(Buffer.from(records), { codec, count: count + 1 }));
      },
    ),
    { numRuns: 3000 },
  );
});
