import fc from "fast-check";
import { Unpackr } from "msgpackr/unpack";
import { countNames } from "./exact-values.ts";
import { encodeMessage } from "./message-codec.ts";
import { scanMessage } from "./message-scan.ts";
import { NOT_PLAIN, readPlainMessage } from "./plain-message.ts";

const oracle = new Unpackr({
  useRecords: false,
  mapsAsObjects: true,
  int64AsType: "number",
  copyBuffers: false,
});

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(" ", ""), "hex");

const ascii = (maxLength: number) => fc.string({ unit: "binary-ascii", maxLength });

const plainMessage = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, depthSize: "small" },
    fc.constantFrom(null, true, false),
    fc.maxSafeNat(),
    fc.integer({ min: -32, max: 300 }),
    ascii(300),
    fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
    fc.array(tie("value"), { maxLength: 20 }),
    fc.dictionary(
      ascii(20).filter((name) => name !== "__proto__"),
      tie("value"),
      { noNullPrototype: true },
    ),
  ),
})).value;

test("what our messages are made of is read as it was written", () => {
  fc.assert(
    fc.property(plainMessage, (value) => {
      expect(readPlainMessage(encodeMessage(value))).toEqual(value);
    }),
  );
});

test("whatever the bytes are, it answers what scan and decoder answer, or nothing", () => {
  const damage = fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { maxLength: 4 });
  fc.assert(
    fc.property(plainMessage, damage, fc.nat({ max: 3 }), (value, flips, cut) => {
      const bytes = Buffer.from(encodeMessage(value));
      for (const [at, byte] of flips) bytes[at % bytes.length] = byte;
      const given = bytes.subarray(0, bytes.length - cut);

      const read = readPlainMessage(given);

      if (read === NOT_PLAIN) return;
      const names = scanMessage(given);
      expect(names).toBe(countNames(read));
      expect(read).toEqual(oracle.unpack(given));
    }),
    { numRuns: 2_000 },
  );
});

test.each([
  ["a name twice in one map", "82 a1 61 01 a1 61 02"],
  ["the name __proto__", "81 a9 5f5f70726f746f5f5f 01"],
  ["a text that is not ASCII", "a2 c3a9"],
  ["a float", "cb 3ff8000000000000"],
  ["an integer beyond 2^53 - 1", "cf 0020000000000000"],
  ["an extension", "d4 00 00"],
  ["bytes behind the message", "01 02"],
  ["nothing", ""],
  ["a list whose length is cut short", "dd 0000"],
  ["a map that claims 4 billion entries", "df ffffffff 00"],
])("%s is left to those that know all of msgpack", (_what, bytes) => {
  expect(readPlainMessage(hex(bytes))).toBe(NOT_PLAIN);
});

test("more values than the limit are left to the scan", () => {
  expect(readPlainMessage(hex("93 01 02 03"), 4)).toEqual([1, 2, 3]);
  expect(readPlainMessage(hex("93 01 02 03"), 3)).toBe(NOT_PLAIN);
});

test("texts that are remembered in the same place are not taken for each other", () => {
  const texts = Array.from({ length: 20_000 }, (_, i) => `name ${i}`);
  for (const _ of [1, 2]) expect(readPlainMessage(encodeMessage(texts))).toEqual(texts);
});
