import { LargeBuffers } from "@zoolog/protocol";
import fc from "fast-check";
import { FrameReader } from "./frame-reader.ts";

const newReader = (frameBytesMax = 1_000_000) =>
  new FrameReader({ frameBytesMax }, { memory: new LargeBuffers() });

function frameOf(body: Uint8Array): Buffer {
  const length = Buffer.alloc(4);
  length.writeInt32BE(body.length);
  return Buffer.concat([length, body]);
}

function all(reader: FrameReader): Buffer[] {
  const frames: Buffer[] = [];
  for (let next = reader.next(); Buffer.isBuffer(next); next = reader.next()) frames.push(next);
  return frames;
}

test("whatever the chunks, the frames are those that were sent", () => {
  const bodies = fc.array(fc.uint8Array({ maxLength: 9_000 }), { maxLength: 6 });
  const cuts = fc.array(fc.integer({ min: 1, max: 3_000 }), { minLength: 1 });
  fc.assert(
    fc.property(bodies, cuts, (sent, lengths) => {
      const reader = newReader();
      const stream = Buffer.concat(sent.map(frameOf));
      const received: Buffer[] = [];
      for (let at = 0, turn = 0; at < stream.length; turn++) {
        const length = lengths[turn % lengths.length] ?? 1;
        reader.push(Uint8Array.from(stream.subarray(at, at + length)));
        received.push(...all(reader));
        at += length;
      }
      expect(received.map((frame) => frame.toString("hex"))).toEqual(
        sent.map((body) => Buffer.from(body).toString("hex")),
      );
      expect(reader.isInFrame).toBe(false);
    }),
  );
});

test("a frame that came in one chunk is a view of it", () => {
  const reader = newReader();
  const chunk = Buffer.from(new Uint8Array(frameOf(Buffer.alloc(8_000, 1))).buffer);
  reader.push(chunk);

  const frame = reader.next() as Buffer;

  expect(frame.buffer).toBe(chunk.buffer);
});

test("who sends a frame byte by byte costs no more than who sends it at once", () => {
  const reader = newReader();
  const sent = frameOf(Buffer.alloc(400_000, 7));
  const dripped = 90_000;
  const shift = jest.spyOn(Array.prototype, "shift");

  for (let at = 0; at < dripped; at++) {
    reader.push(sent.subarray(at, at + 1));
    reader.next();
  }
  reader.push(sent.subarray(dripped));
  const frame = reader.next() as Buffer;

  const shifted = shift.mock.calls.length;
  shift.mockRestore();
  expect(frame.equals(sent.subarray(4))).toBe(true);
  expect(shifted).toBeLessThan(dripped / 1_000);
});

test("a small frame does not keep the large chunk that it came in", () => {
  const reader = newReader();
  const small = frameOf(Buffer.from("small"));
  const chunk = new Uint8Array(64 * 1024);
  chunk.set(small);
  reader.push(chunk.subarray(0, 60_000));

  const frame = reader.next() as Buffer;

  expect(frame.toString()).toBe("small");
  expect(frame.buffer.byteLength).toBe(5);
});

test("who announces a large frame and sends little has no memory taken for it", () => {
  const taken: number[] = [];
  const memory = new LargeBuffers();
  const noting = Object.assign(Object.create(memory), {
    take: (bytes: number) => {
      taken.push(bytes);
      return memory.take(bytes);
    },
  }) as LargeBuffers;
  const reader = new FrameReader({ frameBytesMax: 1_000_000 }, { memory: noting });
  const stream = frameOf(Buffer.alloc(100_000, 7));

  reader.push(stream.subarray(0, 20_000));
  const early = [reader.next(), [...taken]];
  reader.push(stream.subarray(20_000, 40_000));
  const later = [reader.next(), [...taken]];

  expect(early).toEqual(["more", []]);
  expect(later).toEqual(["more", [100_000]]);
});

test.each([[-1], [-2_147_483_648], [1_001], [2_147_483_647]])(
  "a length of %p is a fault as soon as it is there",
  (length) => {
    const reader = newReader(1_000);
    const bytes = Buffer.alloc(4);
    bytes.writeInt32BE(length);

    reader.push(bytes.subarray(0, 3));
    const before = reader.next();
    reader.push(bytes.subarray(3));

    expect(before).toBe("more");
    expect(reader.next()).toEqual({ length });
  },
);

test("a frame is begun from its first byte to its last", () => {
  const reader = newReader();
  const stream = frameOf(Buffer.from("ab"));
  const seen: boolean[] = [reader.isInFrame];

  for (const byte of stream) {
    reader.push(Buffer.from([byte]));
    reader.next();
    seen.push(reader.isInFrame);
  }

  expect(seen).toEqual([false, true, true, true, true, true, false]);
});
