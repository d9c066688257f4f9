import type { TopicId } from "@zoolog/base";
import { type MessageBody, messageBody } from "./compile-message.ts";
import {
  array,
  bytes,
  error,
  int32,
  int64,
  records,
  string,
  struct,
  uuid,
} from "./message-schema.ts";
import { WireReader } from "./wire-reader.ts";
import { WireWriter } from "./wire-writer.ts";

const VERSIONS = { versions: [0, 3], flexibleFrom: 2 } as const;

function piecesOf<W>(body: MessageBody<unknown, W>, version: number, value: W): Uint8Array[] {
  const writer = new WireWriter();
  body.write(writer, version, value);
  return writer.finish();
}

function hexOf<W>(body: MessageBody<unknown, W>, version: number, value: W): string {
  return Buffer.concat(piecesOf(body, version, value)).toString("hex");
}

function readFrom<R>(body: MessageBody<R, never>, version: number, hex: string): R {
  return body.read(new WireReader(Buffer.from(hex, "hex")), version);
}

const malformed = expect.objectContaining({ code: "MALFORMED_MESSAGE" });

test("record bytes are pieces of an answer, and views of a request", () => {
  const body = messageBody({ first: int32(), records: records(), last: int32() }, VERSIONS);
  const batches = [Buffer.from("one"), Buffer.from("two")];

  const pieces = piecesOf(body, 0, { first: 1, records: batches, last: 2 });
  const frame = Buffer.concat(pieces);
  const read = body.read(new WireReader(frame), 0);

  expect(pieces).toHaveLength(4);
  expect(pieces[1]).toBe(batches[0]);
  expect(pieces[2]).toBe(batches[1]);
  expect(read).toEqual({ first: 1, records: Buffer.from("onetwo"), last: 2 });
  expect(read.records.buffer).toBe(frame.buffer);
});

test("other bytes are copied, so that they keep nothing of the request", () => {
  const body = messageBody({ metadata: bytes() }, VERSIONS);
  const frame = Buffer.from("0000000178", "hex");

  const { metadata } = body.read(new WireReader(frame), 0);
  frame.fill(0);

  expect(metadata.toString()).toBe("x");
});

test("an answer of many chunks is read as it was written", () => {
  const body = messageBody({ names: array(string()), text: string() }, VERSIONS);
  const names = Array.from({ length: 40_000 }, (_, index) => `name ${index}`);
  const value = { names, text: "ä".repeat(100_000) };

  const pieces = piecesOf(body, 2, value);

  expect(pieces.length).toBeGreaterThan(3);
  expect(body.read(new WireReader(Buffer.concat(pieces)), 2)).toEqual(value);
});

test("what is left out is written as its default, and none as what stands for it", () => {
  const body = messageBody(
    {
      epoch: int32({ absent: -1 }),
      timeoutMs: int32({ default: 16 }),
      text: string({ nullFrom: 1 }),
      memberId: string({ absent: "" }),
      id: uuid(),
      errorCode: error(),
    },
    VERSIONS,
  );

  const [zeros, none] = ["00".repeat(16), "ffffffff"];
  expect(hexOf(body, 0, {})).toBe(`${none}00000010${"0000"}${"0000"}${zeros}0000`);
  expect(hexOf(body, 1, {})).toBe(`${none}00000010${"ffff"}${"0000"}${zeros}0000`);
  expect(readFrom(body, 1, hexOf(body, 1, {}))).toEqual({ timeoutMs: 16 });
});

test("a field of another version is not written, and read as its default", () => {
  const body = messageBody(
    { old: int32({ to: 0 }), added: int32({ from: 1, default: 9 }) },
    VERSIONS,
  );

  expect(hexOf(body, 0, { old: 1, added: 2 })).toBe("00000001");
  expect(hexOf(body, 1, { old: 1, added: 2 })).toBe("00000002");
  expect(readFrom(body, 0, "00000001")).toEqual({ old: 1, added: 9 });
});

test("a 64-bit integer that a number cannot hold is read as the nearest that it can", () => {
  const body = messageBody({ timestamp: int64() }, VERSIONS);

  expect(readFrom(body, 0, "7fffffffffffffff").timestamp).toBe(Number.MAX_SAFE_INTEGER);
  expect(readFrom(body, 0, "8000000000000000").timestamp).toBe(Number.MIN_SAFE_INTEGER);
  expect(readFrom(body, 0, "001fffffffffffff").timestamp).toBe(2 ** 53 - 1);
  expect(readFrom(body, 0, "ffffffffffffffff").timestamp).toBe(-1);
});

test("tagged fields of newer senders are passed over, and only what differs is sent", () => {
  const body = messageBody(
    { epoch: int32({ from: 2, tag: 1, absent: -1 }), name: string({ from: 2 }) },
    VERSIONS,
  );

  expect(hexOf(body, 2, { name: "a" })).toBe("026100");
  expect(hexOf(body, 2, { epoch: 5, name: "a" })).toBe("0261" + "01" + "0104" + "00000005");
  const newer = "0261" + "03" + "0003aabbcc" + "0106" + "00000005ffff" + "0700";
  expect(readFrom(body, 2, newer)).toEqual({ epoch: 5, name: "a" });
});

test("a tagged field that is longer than it says is refused", () => {
  const body = messageBody({ epoch: int32({ from: 2, tag: 1 }) }, VERSIONS);

  expect(() => readFrom(body, 2, "0101030000000500")).toThrow(malformed);
  expect(() => readFrom(body, 2, "0101090000000500")).toThrow(malformed);
});

test("null is refused where the version has none", () => {
  const body = messageBody({ names: array(string({ nullFrom: 1 }), { nullFrom: 1 }) }, VERSIONS);

  expect(() => readFrom(body, 0, "ffffffff")).toThrow(malformed);
  expect(() => readFrom(body, 0, "00000001ffff")).toThrow(malformed);
  expect(readFrom(body, 1, "ffffffff")).toEqual({ names: undefined });
  expect(readFrom(body, 1, "00000001ffff")).toEqual({ names: [undefined] });
});

test("a varint of more than 32 bits is refused", () => {
  expect(new WireReader(Buffer.from("ffffffff0f", "hex")).unsignedVarint()).toBe(2 ** 32 - 1);
  expect(() => new WireReader(Buffer.from("ffffffff10", "hex")).unsignedVarint()).toThrow(
    malformed,
  );
});

test("a text that the version has no place for is refused by name", () => {
  const body = messageBody({ reason: string() }, VERSIONS);
  const reason = "x".repeat(0x8000);

  expect(() => hexOf(body, 1, { reason })).toThrow(
    expect.objectContaining({ code: "MESSAGE_TOO_LARGE" }),
  );
  expect(readFrom(body, 2, hexOf(body, 2, { reason }))).toEqual({ reason });
});

test("a length of two bytes begins where texts need it, in whatever letters", () => {
  const body = messageBody({ text: string() }, VERSIONS);

  for (const letter of ["x", "ä", "€"]) {
    for (let units = 38; units <= 130; units++) {
      const text = letter.repeat(units);
      expect(readFrom(body, 2, hexOf(body, 2, { text }))).toEqual({ text });
    }
  }
});

test("a topic id is its 22 letters inside", () => {
  const body = messageBody({ topics: array(struct({ id: uuid() })) }, VERSIONS);
  const id = "AAECAwQFBgcICQoLDA0ODw" as TopicId;

  const hex = hexOf(body, 2, { topics: [{ id }] });

  expect(hex).toBe("02000102030405060708090a0b0c0d0e0f0000");
  expect(readFrom(body, 2, hex)).toEqual({ topics: [{ id }] });
});

test("a version that does not exist is a mistake of the caller", () => {
  const body = messageBody({}, VERSIONS);

  expect(() => hexOf(body, 4, {})).toThrow("there is no version 4");
});
