import fc from "fast-check";
import { Packr } from "msgpackr";
import { decodeMessage, encodeMessage, encodeMessageChunks } from "./message-codec.ts";
import { MESSAGE_DEPTH_MAX, MESSAGE_ELEMENTS_MAX } from "./message-scan.ts";
import { ChunkedBytes } from "./message-writer.ts";

/** msgpackr's own writer, as a second opinion about the format. */
const oracle = new Packr({ useRecords: false, variableMapSize: true, int64AsType: "number" });

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(" ", ""), "hex");

function faultOf(bytes: Uint8Array): string {
  const { fault } = decodeMessage(bytes);
  expect(fault?.code).toBe("MALFORMED_BODY");
  return fault?.message ?? "";
}

describe("encoding", () => {
  test.each([
    [0, "00"],
    [127, "7f"],
    [128, "cc 80"],
    [255, "cc ff"],
    [256, "cd 0100"],
    [65_536, "ce 00010000"],
    [2 ** 32, "cf 0000000100000000"],
    [Number.MAX_SAFE_INTEGER, "cf 001fffffffffffff"],
    [-1, "ff"],
    [-32, "e0"],
    [-33, "d2 ffffffdf"],
    [-(2 ** 31) - 1, "d3 ffffffff7fffffff"],
    [1.5, "cb 3ff8000000000000"],
    [null, "c0"],
    [true, "c3"],
    ["é", "a2 c3a9"],
    [{ a: undefined, b: 1 }, "81 a162 01"],
    [Buffer.from([1, 2]), "c4 02 0102"],
  ])("%p is %s", (value, expected) => {
    expect(Buffer.from(encodeMessage(value)).toString("hex")).toBe(expected.replaceAll(" ", ""));
  });

  test("whole numbers above 32 bits stay integers, as other languages expect of offsets", () => {
    const encoded = encodeMessage(1_700_000_000_000);

    expect(encoded[0]).toBe(0xcf);
  });

  test("a large bin is the caller's own buffer, a small one a copy", () => {
    const large = Buffer.alloc(10_000, 1);
    const small = Buffer.from([1, 2, 3]);

    const chunks = encodeMessageChunks({ small, large, last: 1 });

    expect(chunks.some((chunk) => chunk === large)).toBe(true);
    expect(decodeMessage(Buffer.concat(chunks)).value).toEqual({ small, large, last: 1 });
  });

  test("bytes in several buffers become one bin", () => {
    const parts = [Buffer.alloc(5_000, 1), Buffer.from([2]), Buffer.alloc(9_000, 3)];

    const encoded = encodeMessage({ records: new ChunkedBytes(parts) });

    expect(decodeMessage(encoded).value).toEqual({ records: Buffer.concat(parts) });
  });

  test("what a message cannot hold is a fault of ours", () => {
    expect(() => encodeMessage({ offset: 1n })).toThrow("a bigint has no place in a message");
    expect(() => encodeMessage([undefined])).toThrow("undefined");
  });
});

/** Everything a message can be made of. */
const message = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 5, depthSize: "small" },
    fc.constantFrom(null, true, false, 1.25, -0.5),
    fc.maxSafeInteger(),
    fc.string({ unit: "grapheme", maxLength: 300 }),
    fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
    fc.array(tie("value"), { maxLength: 20 }),
    fc.dictionary(
      fc.string({ maxLength: 40 }).filter((name) => name !== "__proto__"),
      tie("value"),
      { noNullPrototype: true },
    ),
  ),
})).value;

test("what is encoded is decoded, and msgpackr reads and writes the same", () => {
  fc.assert(
    fc.property(message, (value) => {
      const encoded = encodeMessage(value);

      expect(decodeMessage(encoded).value).toEqual(value);
      expect(oracle.unpack(encoded)).toEqual(value);
      expect(decodeMessage(oracle.pack(value)).value).toEqual(value);
    }),
  );
});

test("bins of a decoded message are views of it", () => {
  const encoded = Buffer.from(encodeMessage({ records: Buffer.from("batch") }));

  const decoded = decodeMessage(encoded).value as { records: Buffer };
  encoded.fill(0x78);

  expect(decoded.records.toString()).toBe("xxxxx");
});

describe("a message is refused", () => {
  test.each([
    ["nothing at all", "", "ends in the middle"],
    ["bytes behind it", "01 02", "1 bytes follow"],
    ["a text cut short", "a3 6162", "ends in the middle"],
    ["a list with an entry missing", "92 01", "ends in the middle"],
    ["a length field cut short", "c6 0000", "ends in the middle"],
    ["a bin that claims 4 GiB", "c6 ffffffff 00", "ends in the middle"],
    ["a list that claims 4 billion entries", "dd ffffffff 00", "ends in the middle"],
    ["a map that claims 4 billion entries", "df ffffffff 00", "ends in the middle"],
    ["the key __proto__", "81 a9 5f5f70726f746f5f5f 01", "__proto__"],
    ["a long-form key __proto__", "81 d909 5f5f70726f746f5f5f 01", "__proto__"],
    ["a key that is a number", "81 01 01", "map key at byte 1 is not a text"],
    ["a key that is a map", "81 80 01", "map key at byte 1 is not a text"],
    ["an extension", "d4 00 00", "0xd4"],
    ["a timestamp extension", "d6 ff 00000000", "0xd6"],
    ["the byte that is never used", "c1", "0xc1"],
    ["2^53", "cf 0020000000000000", "2^53 - 1"],
    ["2^64 - 1", "cf ffffffffffffffff", "2^53 - 1"],
    ["-2^53", "d3 ffe0000000000000", "2^53 - 1"],
  ])("for %s", (_what, bytes, because) => {
    expect(faultOf(hex(bytes))).toContain(because);
  });

  test("for nesting beyond the limit, 200,000 deep as well as one too deep", () => {
    const nested = (depth: number): Buffer =>
      Buffer.concat([Buffer.alloc(depth, 0x91), Buffer.from([0xc0])]);

    expect(decodeMessage(nested(MESSAGE_DEPTH_MAX)).fault).toBeUndefined();
    expect(faultOf(nested(MESSAGE_DEPTH_MAX + 1))).toContain("nested deeper");
    expect(faultOf(nested(200_000))).toContain("nested deeper");
    expect(faultOf(Buffer.alloc(200_000, 0x81))).toContain("not a text");
  });

  test("for more values than the limit", () => {
    const list = Buffer.alloc(5 + MESSAGE_ELEMENTS_MAX, 0x80);
    list[0] = 0xdd;
    list.writeUInt32BE(MESSAGE_ELEMENTS_MAX, 1);

    expect(faultOf(list)).toContain("more than 250000 values");
  });
});

test("the limits themselves are allowed: 2^53 - 1 and its negative", () => {
  expect(decodeMessage(hex("cf 001fffffffffffff")).value).toBe(Number.MAX_SAFE_INTEGER);
  expect(decodeMessage(hex("d3 ffe0000000000001")).value).toBe(-Number.MAX_SAFE_INTEGER);
});

test("any bytes are refused or decoded to what they say, and never thrown over", () => {
  const mutated = fc
    .tuple(message, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 8 }), fc.nat(30))
    .map(([value, flips, cut]) => {
      const bytes = Buffer.from(encodeMessage(value));
      for (const [at, byte] of flips) bytes[at % bytes.length] = byte;
      return bytes.subarray(0, Math.max(0, bytes.length - Math.max(0, cut - 20)));
    });
  fc.assert(
    fc.property(fc.oneof(mutated, fc.uint8Array({ maxLength: 200 })), (bytes) => {
      const { fault, value } = decodeMessage(bytes) as { fault?: unknown; value?: unknown };

      if (fault === undefined) expect(decodeMessage(encodeMessage(value)).value).toEqual(value);
    }),
    { numRuns: 2_000 },
  );
});
