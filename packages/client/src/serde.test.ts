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
