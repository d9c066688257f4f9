import fc from "fast-check";
import { isExactNumber } from "./exact-values.ts";
import { decodeJsonMessage } from "./json-form.ts";
import { decodeMessage, encodeMessage } from "./message-codec.ts";

const json = (text: string) => decodeJsonMessage(Buffer.from(text));
const msgpack = (hex: string) => decodeMessage(Buffer.from(hex, "hex"));

test.each([
  ["1e999", "the number 1e999"],
  ["-1e999", "the number -1e999"],
  ["1e-400", "the number 1e-400"],
  ["9007199254740993", "the number 9007199254740993"],
  ["12345678901234567890", "the number 12345678901234567890"],
  ["3.14159265358979323846", "the number 3.14159265358979323846"],
  ["9".repeat(5_000), `the number ${"9".repeat(40)}…`],
  ['"\\ud800"', "half of a surrogate pair"],
  ['"\\uDC00 \\ud83d"', "half of a surrogate pair"],
  ['"\\\\\\uDBFFx"', "half of a surrogate pair"],
  ['{"\\ud800":1}', "half of a surrogate pair"],
  ['{"a":1,"a":2}', 'the name "a" comes twice'],
  ['{"x":[{"a":1},{"b":{"c":1,"\\u0063":2}}]}', 'the name "c" comes twice'],
])("%s in JSON is refused: it would not come back as it was written", (written, because) => {
  expect(json(`{"value":${written}}`).fault).toMatchObject({
    code: "MALFORMED_BODY",
    message: expect.stringContaining(because),
    hint: expect.any(String),
  });
});

test("a half of a surrogate pair is found wherever it stands, and no pair is taken for one", () => {
  const part = fc.constantFrom(
    "\\ud83d",
    "\\uDE00",
    "\\\\",
    "\\u00e9",
    "\\ud7ff",
    "ud800",
    "x",
    '\\"',
  );
  fc.assert(
    fc.property(fc.array(part, { maxLength: 8 }), (parts) => {
      const written = `"${parts.join("")}"`;
      const text = JSON.parse(written) as string;
      const survives = Buffer.from(text).toString() === text;
      expect({ written, taken: json(written).fault === undefined }).toEqual({
        written,
        taken: survives,
      });
    }),
    { numRuns: 500 },
  );
});

test("bytes that are no UTF-8 are refused in JSON", () => {
  const bytes = Buffer.concat([Buffer.from('{"a":"'), Buffer.from([0xff]), Buffer.from('"}')]);

  expect(decodeJsonMessage(bytes).fault?.message).toContain("not UTF-8");
});

test.each([
  ["0"],
  ["-0.0"],
  ["1.0"],
  ["100000000000000000000000"],
  ["1E+2"],
  ["0.1"],
  ["0.30000000000000004"],
  ["9007199254740991"],
  ["9007199254740992"],
  ["1.7976931348623157e308"],
  ["5e-324"],
  ["0.000000000000000000001"],
  ['"\\ud83d\\ude00 \\\\ud800 \\u00e9"'],
  ['[{"a":1},{"a":1},"a:a"]'],
  ['{"a":{"a":1},"b":":"}'],
])("%s in JSON is taken", (written) => {
  expect(json(`{"value":${written}}`)).toEqual({ value: { value: JSON.parse(written) } });
});

test("what a double writes of itself is exact, and no longer with other digits behind it", () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
      const written = JSON.stringify(value);
      expect(isExactNumber(written)).toBe(true);
      expect(isExactNumber(value.toExponential())).toBe(true);
      fc.pre(value !== 0);
      const [digits = "", power] = value.toExponential(16).split("e");
      expect(isExactNumber(`${digits}00000001e${power}`)).toBe(false);
    }),
  );
});

test.each([
  ["81a161a1ff", "the text at byte 3 is not UTF-8"],
  ["81a2c3284101", "the text at byte 1 is not UTF-8"],
  [`81a161d921${"41".repeat(32)}ff`, "the text at byte 3 is not UTF-8"],
  ["82a16101a16102", "a name comes twice"],
  ["81a1789281a1610182a16101a16102", "a name comes twice"],
])("msgpack %s is refused: it would not come back as it was written", (hex, because) => {
  expect(msgpack(hex).fault).toMatchObject({
    code: "MALFORMED_BODY",
    message: expect.stringContaining(because),
  });
});

test("texts of msgpack in any script, short and long, are taken", () => {
  const message = { für: "☃", long: "é".repeat(100), ascii: "a".repeat(100), "": "" };

  expect(decodeMessage(Buffer.from(encodeMessage(message))).value).toEqual(message);
});
