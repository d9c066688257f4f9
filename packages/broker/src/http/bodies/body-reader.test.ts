import { Readable } from "node:stream";
import { LargeBuffers } from "@zoolog/protocol";
import { readBody } from "./body-reader.ts";

const BODY = "0123456789abcdef".repeat(20_000);

test.each([
  ["an announced", BODY.length],
  ["a chunked", undefined],
])("of %s body that comes in many pieces none is held", async (_what, declaredBytes) => {
  const stream = new Readable({ read: () => {} });
  const limits = { bytesMax: BODY.length, declaredBytes, reserve: () => true };
  const body = readBody(stream, limits, new LargeBuffers());

  const pieces: Buffer[] = [];
  for (let at = 0; at < BODY.length; at += 7) {
    const piece = Buffer.from(BODY.slice(at, at + 7));
    stream.emit("data", piece);
    // The memory of the one before serves something else now.
    pieces.at(-1)?.fill(0);
    pieces.push(piece);
  }
  stream.emit("end");

  expect((await body).toString()).toBe(BODY);
});

test.each([
  ["in one piece", ["orders"]],
  ["in two", ["ord", "ers"]],
  ["in none", []],
])("a chunked body that comes %s is read", async (_what, pieces) => {
  const stream = Readable.from(pieces.map((piece) => Buffer.from(piece)));
  const limits = { bytesMax: 100, declaredBytes: undefined, reserve: () => true };

  expect((await readBody(stream, limits, new LargeBuffers())).toString()).toBe(pieces.join(""));
});
