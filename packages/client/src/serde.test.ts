import fc from "fast-check";
import { serde } from "./serde.ts";

const bytesOf = (written: Uint8Array | string): Uint8Array =>
  typeof written === "string" ? Buffer.from(written, "utf8") : written;

test("text comes back as it was written, the replacement character included", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: "grapheme" }), fc.constant("a\ufffdb")), (text) => {
      const bytes = bytesOf(serde.string().serialize(text));

      expect(serde.string().deserialize(bytes)).toBe(text);
    }),
  );
});

test("bytes that are not UTF-8 are refused instead of being replaced", () => {
  const latin1 = Uint8Array.of(0x66, 0xfc, 0x72);

  expect(() => serde.string().deserialize(latin1)).toThrow("not valid");
  expect(() => serde.json().deserialize(latin1)).toThrow();
});

test("a byte order mark is part of the text", () => {
  const bytes = Uint8Array.of(0xef, 0xbb, 0xbf, 0x61, 0xef, 0xbf, 0xbd);

  expect(serde.string().deserialize(bytes)).toBe("\ufeffa\ufffd");
});

test("JSON values come back, null is a value", () => {
  const json = serde.json<unknown>();
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const bytes = bytesOf(json.serialize(value));

      expect(json.deserialize(bytes)).toEqual(JSON.parse(JSON.stringify(value)));
    }),
  );
  expect(json.deserialize(bytesOf(json.serialize(null)))).toBeNull();
});

test("what has no JSON form is refused", () => {
  expect(() => serde.json().serialize(undefined)).toThrow("undefined has no JSON form");
  expect(() => serde.json().serialize(() => 1)).toThrow("function has no JSON form");
});

describe("msgpack", () => {
  const msgpack = serde.msgpack<unknown>();
  const roundTrip = (value: unknown) => msgpack.deserialize(bytesOf(msgpack.serialize(value)));

  test("values come back, what JSON has no form for included", () => {
    fc.assert(
      fc.property(
        fc.anything({
          maxDepth: 3,
          withDate: true,
          withBigInt: false,
          values: [
            ...[fc.string({ unit: "grapheme" }), fc.double(), fc.integer(), fc.boolean()],
            ...[fc.constant(null), fc.uint8Array()],
          ],
          // Their names are JavaScript's own business: readers must not let them through.
          key: fc.string().filter((name) => name !== "__proto__"),
        }),
        (value) => expect(plain(roundTrip(value))).toEqual(plain(value)),
      ),
    );
  });

  test("integers beyond what a number holds are bigints, the others numbers", () => {
    expect(roundTrip({ a: 2n ** 63n - 1n, b: -(2n ** 63n), c: 5n, d: 2 ** 40 })).toEqual({
      a: 2n ** 63n - 1n,
      b: -(2n ** 63n),
      c: 5,
      d: 2 ** 40,
    });
  });

  test("the bytes are the plain ones that every msgpack library writes", () => {
    const bytes = bytesOf(msgpack.serialize({ a: [1, "x", null, true] }));

    expect(Buffer.from(bytes).toString("hex")).toMatch(/^(81|de0001)a1619401a178c0c3$/);
  });

  test("what has no msgpack form, and bytes that are none, are refused", () => {
    expect(() => msgpack.serialize(undefined)).toThrow("undefined has no msgpack form");
    expect(() => msgpack.serialize(() => 1)).toThrow("function has no msgpack form");
    expect(() => msgpack.deserialize(Uint8Array.of(0xda, 0xff))).toThrow();
    expect(() => msgpack.deserialize(Uint8Array.of(1, 2, 3))).toThrow();
    expect(() => msgpack.deserialize(new Uint8Array(0))).toThrow();
  });
});

/** For comparison: bytes and dates by content (two invalid dates are equal), and -0 is 0. */
function plain(value: unknown): unknown {
  if (value === 0) return 0;
  if (value instanceof Uint8Array) return { bytes: Buffer.from(value).toString("hex") };
  if (value instanceof Date) return { date: value.getTime() };
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(plain);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
}

test("values of the wrong type are refused before they are written", () => {
  expect(() => serde.string().serialize(7 as never)).toThrow("expected a string");
  expect(() => serde.bytes().serialize("x" as never)).toThrow("expected a Uint8Array");
});

test("a custom serde is the pair of its functions", () => {
  const upper = serde.custom<string>({
    name: "upper",
    serialize: (value) => value.toUpperCase(),
    deserialize: (bytes) => Buffer.from(bytes).toString("latin1").toLowerCase(),
  });

  expect(upper.name).toBe("upper");
  expect(upper.deserialize(bytesOf(upper.serialize("abc")))).toBe("abc");
});
