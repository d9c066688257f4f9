import { ByteWriter } from "./byte-writer.ts";
import { envelopeOf } from "./record-envelope.ts";
import { type FormattedRecord, parseRecordFormat } from "./record-format.ts";

const record: FormattedRecord = {
  topic: "orders",
  partition: 3,
  offset: 42,
  timestamp: 1_767_225_600_000,
  keyBytes: Buffer.from("k"),
  valueBytes: Buffer.from("hällo"),
  headers: [
    { key: "a", value: Buffer.from("1") },
    { key: "b", value: undefined },
  ],
};

function formatted(format: string, of: FormattedRecord = record): string {
  const out = new ByteWriter();
  parseRecordFormat(format)(of, out);
  return out.take().toString("utf8");
}

test.each([
  ["%t[%p] %o %k: %s\\n", "orders[3] 42 k: hällo\n"],
  ["%S %K", "6 1"],
  ["%T %d", "1767225600000 2026-01-01T00:00:00.000Z"],
  ["%h", "a=1,b="],
  ["100%% \\t\\\\ \\x41", "100% \t\\ A"],
  ["", ""],
  ["ünïcode", "ünïcode"],
])("%s", (format, expected) => {
  expect(formatted(format)).toBe(expected);
});

test("bytes pass unchanged, whatever they are", () => {
  const valueBytes = Uint8Array.of(0, 0xff, 0xc3, 0x28, 10);
  const out = new ByteWriter();

  parseRecordFormat("%R%s")({ ...record, valueBytes }, out);

  expect([...out.take()]).toEqual([0, 0, 0, 5, ...valueBytes]);
});

test("what is absent prints as nothing, its length as -1", () => {
  const tombstone = { ...record, keyBytes: undefined, valueBytes: undefined, timestamp: undefined };

  expect(formatted("[%k|%s|%K|%S|%T|%d]", tombstone)).toBe("[||-1|-1|-1|-]");
});

test.each(["%q", "%", "\\q", "\\", "\\xZZ"])("%s is refused, with what there is", (format) => {
  expect(() => parseRecordFormat(format)).toThrow(
    expect.objectContaining({ code: "USAGE", hint: expect.stringContaining("Use") }),
  );
});

test("many records grow the writer without mixing them up", () => {
  const out = new ByteWriter();
  const format = parseRecordFormat("%s\\n");
  const values = Array.from({ length: 3_000 }, (_, index) => `${index}`.repeat(20));
  for (const value of values) format({ ...record, valueBytes: Buffer.from(value) }, out);

  expect(out.take().toString().split("\n").slice(0, -1)).toEqual(values);
  expect(out.take()).toHaveLength(0);
});

test("the envelope has text where the bytes are text, base64 where they are not", () => {
  const envelope = envelopeOf({ ...record, keyBytes: undefined, valueBytes: Uint8Array.of(0xff) });

  expect(envelope).toEqual({
    topic: "orders",
    partition: 3,
    offset: 42,
    timestamp: 1_767_225_600_000,
    key: null,
    value: { base64: "/w==" },
    headers: [
      { key: "a", value: "1" },
      { key: "b", value: null },
    ],
  });
});
