import { errorCode } from "@zoolog/base";
import fc from "fast-check";
import { encodeRequest, readRequest, readRequestHeader } from "./frame.ts";
import { type GoldenFrame, goldenFrames, readFrame } from "./golden-frames.fixture.ts";
import { metadata } from "./messages/cluster/metadata.ts";
import { MESSAGE_ELEMENTS_MAX } from "./schema/wire-reader.ts";

const GOLDEN = goldenFrames();

/** The code of what was thrown; `undefined` when the frame was read. */
function refusalOf(call: GoldenFrame, frame: Buffer): string | undefined {
  try {
    readFrame(call, frame);
    return undefined;
  } catch (error) {
    return errorCode(error) ?? String(error);
  }
}

test("a frame that ends too early is refused, wherever it ends", () => {
  const accepted: string[] = [];
  for (const frame of GOLDEN) {
    for (let length = 0; length < frame.bytes.length; length++) {
      const refusal = refusalOf(frame, frame.bytes.subarray(0, length));
      if (refusal === "MALFORMED_MESSAGE") continue;
      accepted.push(`${frame.message.name} ${frame.version} ${length}: ${refusal}`);
    }
  }

  expect(accepted).toEqual([]);
});

const LIES = ["ffffffff0f", "ffffffffff", "7fffffff", "8000", "7f"].map((hex) =>
  Buffer.from(hex, "hex"),
);

test("lengths and counts that lie are refused by name, wherever they stand", () => {
  const others = new Set<string | undefined>();
  for (const frame of GOLDEN.filter(({ form }) => form === "filled")) {
    for (const lie of LIES) {
      for (let position = 0; position < frame.bytes.length; position++) {
        const bytes = Buffer.from(frame.bytes);
        lie.copy(bytes, position);
        const refusal = refusalOf(frame, bytes);
        if (refusal !== undefined && refusal !== "MALFORMED_MESSAGE") others.add(refusal);
      }
    }
  }

  expect([...others]).toEqual([]);
});

test("bytes changed at random are read, or refused by name", () => {
  const changes = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), {
    minLength: 1,
    maxLength: 8,
  });
  fc.assert(
    fc.property(fc.constantFrom(...GOLDEN), changes, (frame, changed) => {
      const bytes = Buffer.from(frame.bytes);
      for (const [position, value] of changed) bytes[position % bytes.length] = value;

      expect([undefined, "MALFORMED_MESSAGE"]).toContain(refusalOf(frame, bytes));
    }),
    { numRuns: 5_000 },
  );
});

const HEADER = { apiVersion: 9, correlationId: 1, clientId: undefined };

/** Two bytes each: an empty name and no tagged fields. */
function metadataOf(topics: number): Buffer {
  const request = { topics: Array.from({ length: topics }, () => ({ name: "" })) };
  return Buffer.concat(encodeRequest(metadata, HEADER, request)).subarray(4);
}

function decoded(frame: Buffer) {
  const { header, reader } = readRequestHeader(frame);
  return readRequest(metadata, header, reader);
}

test("the elements of one message are bounded, whatever the size of the frame", () => {
  expect(decoded(metadataOf(MESSAGE_ELEMENTS_MAX)).topics).toHaveLength(MESSAGE_ELEMENTS_MAX);
  expect(() => decoded(metadataOf(MESSAGE_ELEMENTS_MAX + 1))).toThrow(
    expect.objectContaining({ code: "MALFORMED_MESSAGE" }),
  );
});

test("a count that the rest cannot hold is refused before anything is read", () => {
  const frame = metadataOf(1);
  const countAt = frame.length - (1 + 2 + 4);
  expect(frame[countAt]).toBe(2);
  frame[countAt] = 6;

  expect(() => decoded(frame)).toThrow("6 bytes cannot hold 5 elements");
});
