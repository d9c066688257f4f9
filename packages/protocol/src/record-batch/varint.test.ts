import type { Offset, Timestamp } from "@zoolog/base";
import fc from "fast-check";
import { RecordCursor } from "./record-cursor.ts";
import { varintSize, varlongSize, writeVarint, writeVarlong } from "./varint.ts";

/** Zigzag and 7-bit groups by the book, with a bigint. */
function reference(value: number): Buffer {
  const signed = BigInt(value);
  let rest = BigInt.asUintN(64, (signed << 1n) ^ (signed >> 63n));
  const bytes: number[] = [];
  for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  bytes.push(Number(rest));
  return Buffer.from(bytes);
}

const EDGES = [0, 1, -1, 63, 64, -64, -65, 8191, 8192, -8193, 2 ** 20, 2 ** 27, -(2 ** 27) - 1];
const INT32 = [...EDGES, 2 ** 31 - 1, -(2 ** 31)];
const INT64 = [...INT32, 2 ** 31, -(2 ** 31) - 1, 2 ** 32, 2 ** 34, -(2 ** 35), 2 ** 48, 2 ** 52];
const SAFE_EDGES = [Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER];

function written(write: typeof writeVarint, value: number): Buffer {
  const bytes = Buffer.alloc(16);
  return bytes.subarray(0, write(bytes, value, 0));
}

/** A record that holds the number as its timestamp delta. */
function decodedTimestamp(delta: Buffer): number {
  const body = Buffer.concat([Buffer.from([0]), delta, Buffer.from([0, 1, 1, 0])]);
  const cursor = new RecordCursor({
    block: Buffer.concat([reference(body.length), body]),
    recordCount: 1,
    baseOffset: 0 as Offset,
    lastOffsetDelta: 0,
    baseTimestamp: 0 as Timestamp,
    appendTimestamp: undefined,
  });
  cursor.next();
  return cursor.timestamp;
}

test.each(INT32)("the varint of %i is the reference's, and of the size foretold", (value) => {
  expect(written(writeVarint, value)).toEqual(reference(value));
  expect(varintSize(value)).toBe(reference(value).length);
});

test.each([...INT64, ...SAFE_EDGES])("the varlong of %i survives writing and reading", (value) => {
  expect(written(writeVarlong, value)).toEqual(reference(value));
  expect(varlongSize(value)).toBe(reference(value).length);
  expect(decodedTimestamp(reference(value))).toBe(value);
});

test("any number survives", () => {
  fc.assert(
    fc.property(fc.maxSafeInteger(), (value) => {
      expect(written(writeVarlong, value)).toEqual(reference(value));
      expect(varlongSize(value)).toBe(reference(value).length);
      expect(decodedTimestamp(reference(value))).toBe(value);
    }),
    { numRuns: 2000 },
  );
});

test.each([
  ["a number beyond 2^53", [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x20]],
  ["64 bits", [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]],
  ["more than ten bytes", Array<number>(11).fill(0x80)],
  ["bits beyond the 64th", [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x7e]],
])("%s is refused", (_, bytes) => {
  expect(() => decodedTimestamp(Buffer.from(bytes))).toThrow(
    expect.objectContaining({ code: "CORRUPT_MESSAGE" }),
  );
});
