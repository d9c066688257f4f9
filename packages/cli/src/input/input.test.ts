import fc from "fast-check";
import { envelopeOf } from "../output/record-envelope.ts";
import { linesOf } from "./lines.ts";
import { lineReader, readJsonLine } from "./record-line.ts";

async function* pieces(text: Uint8Array, cuts: readonly number[]) {
  let from = 0;
  for (const cut of [...cuts].sort((a, b) => a - b)) {
    const to = Math.min(cut, text.length);
    if (to > from) yield text.subarray(from, to);
    from = Math.max(from, to);
  }
  if (from < text.length) yield text.subarray(from);
}

async function allLines(chunks: AsyncIterable<Uint8Array>, lineBytesMax = 1_000) {
  const lines: string[] = [];
  for await (const some of linesOf(chunks, lineBytesMax)) {
    lines.push(...some.map((line) => Buffer.from(line).toString("latin1")));
  }
  return lines;
}

test("lines come out the same however the input was cut into chunks", async () => {
  const line = fc.string({ unit: fc.constantFrom("a", "\r", "\u00ff", " "), maxLength: 20 });
  await fc.assert(
    fc.asyncProperty(
      fc.array(line, { maxLength: 20 }),
      fc.array(fc.nat({ max: 400 }), { maxLength: 10 }),
      fc.boolean(),
      async (lines, cuts, ended) => {
        const text = lines.join("\n") + (ended && lines.length > 0 ? "\n" : "");
        const expected = text.split("\n");
        // What stands behind the last line end is a line only when something stands there.
        if (expected.at(-1) === "") expected.pop();

        expect(await allLines(pieces(Buffer.from(text, "latin1"), cuts))).toEqual(expected);
      },
    ),
  );
});

test("a line that never ends is refused before it fills the memory", async () => {
  let given = 0;
  async function* endless() {
    for (;;) {
      given += 100;
      yield Buffer.alloc(100, "x");
    }
  }

  await expect(allLines(endless(), 1_000)).rejects.toMatchObject({
    code: "MESSAGE_TOO_LARGE",
    message: "line 1 has more than 1000 bytes",
  });
  expect(given).toBe(1_100);
});

test("a line that is too long is named by its number", async () => {
  const text = Buffer.from(`ok\nfine\n${"x".repeat(2_000)}\n`);

  await expect(allLines(pieces(text, []))).rejects.toMatchObject({
    message: "line 3 has more than 1000 bytes",
  });
});

describe("keys in lines", () => {
  const read = (line: string, keySeparator?: string) => {
    const { key, value } = lineReader({ keySeparator })(Buffer.from(line), 3);
    return [key && Buffer.from(key).toString(), Buffer.from(value!).toString()];
  };

  test.each([
    ["k:v:w", ":", ["k", "v:w"]],
    [":v", ":", ["", "v"]],
    ["k=>v", "=>", ["k", "v"]],
    ["k:v", undefined, [undefined, "k:v"]],
  ])("%s with separator %s", (line, separator, expected) => {
    expect(read(line, separator)).toEqual(expected);
  });

  test("a line without the separator is refused by its number", () => {
    expect(() => read("no key", ":")).toThrow('line 3 has no ":" between key and value');
  });

  test("an empty separator is refused", () => {
    expect(() => lineReader({ keySeparator: "" })).toThrow("cannot be empty");
  });
});

describe("records as JSON lines", () => {
  const read = (line: unknown) =>
    readJsonLine(Buffer.from(typeof line === "string" ? line : JSON.stringify(line)), 7);

  test("what consume writes is read back as the same bytes", () => {
    const bytes = fc.option(fc.uint8Array({ maxLength: 30 }), { nil: undefined });
    fc.assert(
      fc.property(bytes, bytes, bytes, fc.nat(), (keyBytes, valueBytes, header, timestamp) => {
        const envelope = envelopeOf({
          topic: "t",
          partition: 2,
          offset: 9,
          timestamp,
          keyBytes,
          valueBytes,
          headers: [{ key: "h", value: header }],
        });

        const record = read(envelope);

        expect(record.key && [...record.key]).toEqual(keyBytes && [...keyBytes]);
        expect(record.value && [...record.value]).toEqual(valueBytes && [...valueBytes]);
        const [read0] = record.headers as { key: string; value: Uint8Array | null }[];
        expect(read0!.value === null ? undefined : [...read0!.value]).toEqual(
          header && [...header],
        );
        expect(record).toMatchObject({ partition: 2, timestamp });
      }),
    );
  });

  test("a line means what the same record means over HTTP", () => {
    const text = (line: unknown) => Buffer.from(read(line).value!).toString();
    expect(text({ value: { json: { a: [1.5] } } })).toBe('{"a":[1.5]}');
    expect(text('{"value":{"json":{"base64":"AA=="}}}')).toBe('{"base64":"AA=="}');
    expect(read({ value: { base64: "AP8=" } }).value).toEqual(Buffer.from([0, 255]));
    expect(read({ key: "k" })).toMatchObject({ key: Buffer.from("k"), value: undefined });
  });

  test("headers may be an object", () => {
    expect(read({ value: "x", headers: { a: "1", b: null } }).headers).toEqual([
      { key: "a", value: Buffer.from("1") },
      { key: "b", value: null },
    ]);
  });

  test.each([
    ["not JSON", "this is not JSON"],
    ["[1]", "this must be a map of named fields"],
    ['{"value":"a","partition":-1}', "partition must be"],
    ['{"value":"a","timestamp":"now"}', "timestamp must be"],
    ['{"value":"a","headers":3}', "headers must be"],
    ['{"value":"a","headers":[{}]}', "headers\\[0\\].key is missing"],
    ['{"value":"a","headers":{"2":"x","1":"y"}}', "whose name is a number .* would move"],
    ['{"value":{"a":[1]}}', "value"],
    ['{"value":42}', "value must be a text, null"],
    ['{"valeu":"a"}', "valeu is not a field"],
    ['{"value":{"json":12345678901234567890}}', "12345678901234567890 would not be kept"],
    ['{"value":"a","value":"b"}', "comes twice"],
  ])("%s is refused with its line number", (line, fault) => {
    expect(() => read(line)).toThrow(
      expect.objectContaining({
        code: "USAGE",
        message: expect.stringMatching(new RegExp(`^line 7: .*${fault}`)),
      }),
    );
  });
});
