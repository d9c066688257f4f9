import fc from "fast-check";
import { InboundFrames } from "./inbound-frames.ts";

const FRAME_BYTES_MAX = 1_000;

function frame(body: Uint8Array): Buffer {
  const length = Buffer.alloc(4);
  length.writeInt32BE(body.length);
  return Buffer.concat([length, body]);
}

test("however the bytes are cut into chunks, the same frames come out", () => {
  const bodies = fc.array(fc.uint8Array({ minLength: 16, maxLength: 200 }), { maxLength: 8 });
  const cuts = fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1 });

  fc.assert(
    fc.property(bodies, cuts, (bodiesSent, sizes) => {
      const frames = new InboundFrames({ frameBytesMax: FRAME_BYTES_MAX });
      const bytes = Buffer.concat(bodiesSent.map(frame));
      const received: Buffer[] = [];

      for (let at = 0, i = 0; at < bytes.length; i++) {
        const size = sizes[i % sizes.length]!;
        received.push(...frames.push(bytes.subarray(at, at + size)));
        at += size;
      }

      expect(received).toEqual(bodiesSent.map(frame));
    }),
  );
});

test("after a reset half a frame of the past is not in front of the next one", () => {
  const frames = new InboundFrames({ frameBytesMax: FRAME_BYTES_MAX });
  const whole = frame(Buffer.alloc(20, 7));

  frames.push(whole.subarray(0, 11));
  frames.reset();

  expect(frames.push(whole)).toEqual([whole]);
});

test.each([-1, 0, 15, FRAME_BYTES_MAX + 1, 0x7fff_ffff, -0x8000_0000])(
  "a length of %d is refused before anything is kept for it",
  (length) => {
    const frames = new InboundFrames({ frameBytesMax: FRAME_BYTES_MAX });
    const bytes = Buffer.alloc(4);
    bytes.writeInt32BE(length);

    expect(() => frames.push(bytes)).toThrow(expect.objectContaining({ code: "PROTOCOL_ERROR" }));
  },
);
