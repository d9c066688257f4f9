import fc from "fast-check";
import { FrameSplitter } from "./frame-splitter.ts";

function framed(body: Uint8Array): Buffer {
  const frame = Buffer.alloc(4 + body.length);
  frame.writeInt32BE(body.length);
  frame.set(body, 4);
  return frame;
}

test("frames come out whole however the stream is cut", () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 10 }),
      fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1 }),
      (bodies, cuts) => {
        const stream = Buffer.concat(bodies.map(framed));
        const splitter = new FrameSplitter();
        const frames: string[] = [];
        for (let at = 0, i = 0; at < stream.length; i++) {
          const end = at + cuts[i % cuts.length]!;
          splitter.push(stream.subarray(at, end));
          at = end;
          for (let next = splitter.next(50); next !== "incomplete"; next = splitter.next(50)) {
            frames.push(next.toString("hex"));
          }
        }

        expect(frames).toEqual(bodies.map((body) => Buffer.from(body).toString("hex")));
      },
    ),
  );
});

test.each([-1, -(2 ** 31), 101, 2 ** 31 - 1])("a length of %d is invalid at once", (length) => {
  const splitter = new FrameSplitter();
  const prefix = Buffer.alloc(4);
  prefix.writeInt32BE(length);

  splitter.push(prefix);

  expect(splitter.next(100)).toBe("invalid");
});

test("the first word can be looked at before it is a length", () => {
  const splitter = new FrameSplitter();
  splitter.push(Buffer.from("ru"));
  expect(splitter.peekWord()).toBeUndefined();

  splitter.push(Buffer.from("ok"));

  expect(splitter.peekWord()?.toString()).toBe("ruok");
});
