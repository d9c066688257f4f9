import fc from "fast-check";
import { decodeJsonMessage, encodeJsonMessage } from "./json-form.ts";
import { MESSAGE_DEPTH_MAX, MESSAGE_ELEMENTS_MAX } from "./message-scan.ts";
import { ChunkedBytes } from "./message-writer.ts";

const decode = (text: string) => decodeJsonMessage(Buffer.from(text));

test("bytes are base64, wherever they lie and however they are held", () => {
  const message = {
    buffer: Buffer.from([255, 254]),
    array: [new Uint8Array([1])],
    chunked: new ChunkedBytes([Buffer.from([1]), Buffer.from([2])]),
    left: undefined,
  };

  expect(encodeJsonMessage(message)).toBe('{"buffer":"//4=","array":["AQ=="],"chunked":"AQI="}');
});

test("any JSON value that is not too deep comes back", () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 6 }), (value) => {
      expect(decode(JSON.stringify(value)).value).toEqual(JSON.parse(JSON.stringify(value)));
    }),
  );
});

test.each([
  ["", "not JSON"],
  ["{", "not JSON"],
  ['{"a":1} x', "not JSON"],
  ["NaN", "not JSON"],
  ['{"a":"unfinished', "not JSON"],
])("%j is refused", (text, because) => {
  expect(decode(text).fault).toMatchObject({
    code: "MALFORMED_BODY",
    message: expect.stringContaining(because),
  });
});

test("nesting is bounded before anything is built", () => {
  const nested = (depth: number): string => "[".repeat(depth) + "]".repeat(depth);

  expect(decode(nested(MESSAGE_DEPTH_MAX)).fault).toBeUndefined();
  expect(decode(nested(MESSAGE_DEPTH_MAX + 1)).fault?.message).toContain("nested deeper");
  expect(decode("[".repeat(200_000)).fault?.message).toContain("nested deeper");
});

test("the number of values is bounded before anything is built", () => {
  const many = `[${"{},".repeat(MESSAGE_ELEMENTS_MAX / 2)}{}]`;

  expect(decode(many).fault?.message).toContain("more than 250000 values");
});

test("brackets, commas and quotes inside texts count for nothing", () => {
  const text = `${'["{,'.repeat(100_000)}\\"\\\\`;

  expect(decode(JSON.stringify({ text, other: "\\" })).value).toEqual({ text, other: "\\" });
});

test("an own field __proto__ stays a field, for the check to refuse", () => {
  const decoded = decode('{"__proto__":{"polluted":true}}').value as object;

  expect(Object.keys(decoded)).toEqual(["__proto__"]);
  expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
});
