import fc from "fast-check";
import { isMalformedJute, JuteReader } from "./jute-reader.ts";
import { JuteWriter } from "./jute-writer.ts";

function written(write: (writer: JuteWriter) => void): JuteReader {
  const writer = new JuteWriter();
  write(writer);
  return new JuteReader(writer.finish());
}

function faultOf(read: () => unknown): unknown {
  try {
    read();
  } catch (error) {
    return error;
  }
  return undefined;
}

test("what was written is read back", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
      fc.maxSafeInteger(),
      fc.boolean(),
      fc.option(fc.string({ unit: "grapheme" }), { nil: undefined }),
      fc.option(fc.uint8Array(), { nil: undefined }),
      fc.array(fc.string()),
      (int, long, boolean, string, buffer, strings) => {
        const reader = written((writer) => {
          writer.int(int);
          writer.long(long);
          writer.boolean(boolean);
          writer.string(string);
          writer.buffer(buffer);
          writer.vector(strings, (element) => writer.string(element));
        });

        expect(reader.int()).toBe(int);
        expect(reader.long()).toBe(long);
        expect(reader.boolean()).toBe(boolean);
        expect(reader.string()).toBe(string);
        expect([...(reader.buffer() ?? [null])]).toEqual([...(buffer ?? [null])]);
        expect(reader.vector(4, (element) => element.requiredString())).toEqual(strings);
        expect(reader.remaining).toBe(0);
      },
    ),
  );
});

test("a frame grows as far as it must, wherever its buffer ends", () => {
  for (let offset = 0; offset < 9; offset++) {
    const reader = written((writer) => {
      for (let i = 0; i < offset; i++) writer.boolean(true);
      for (let i = 0; i < 3000; i++) writer.int(i);
    });

    for (let i = 0; i < offset; i++) expect(reader.boolean()).toBe(true);
    for (let i = 0; i < 3000; i++) expect(reader.int()).toBe(i);
  }
});

test.each([
  ["a string longer than the bytes that are there", 100, (r: JuteReader) => r.string()],
  ["a string of 2 GiB", 2 ** 31 - 1, (r: JuteReader) => r.string()],
  ["a buffer of negative length", -2, (r: JuteReader) => r.buffer()],
  ["a vector of negative length", -7, (r: JuteReader) => r.vector(4, (e) => e.int())],
  ["a vector of 2 milliard elements", 2 ** 31 - 1, (r: JuteReader) => r.vector(4, (e) => e.int())],
])("%s is refused before anything is allocated", (_, length, read) => {
  const reader = written((writer) => {
    writer.int(length);
    writer.raw(new Uint8Array(16));
  });

  expect(isMalformedJute(faultOf(() => read(reader)))).toBe(true);
});

test("bytes that end in the middle of a number are refused", () => {
  const reader = new JuteReader(new Uint8Array(7));

  expect(isMalformedJute(faultOf(() => reader.long()))).toBe(true);
});

test("a buffer is a copy that does not keep the chunk alive it was read from", () => {
  const chunk = Buffer.alloc(64 * 1024);
  chunk.writeInt32BE(3, 0);

  const buffer = new JuteReader(chunk).buffer();

  expect(buffer?.buffer.byteLength).toBeLessThan(chunk.length);
});

test("a frame that was large does not keep the writer large", () => {
  const writer = new JuteWriter();
  writer.raw(new Uint8Array(1024 * 1024));
  writer.finish();

  writer.int(1);

  expect(writer.view().buffer.byteLength).toBeLessThan(64 * 1024);
});
