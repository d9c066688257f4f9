import { ZoologError } from "@zoolog/base";
import fc from "fast-check";
import type { CompressionCodec } from "./codecs.ts";
import { compress, decompress, loadCompression } from "./compression.ts";
import { compressibleBytes, logLines, noise, sampleBlocks } from "./sample-bytes.fixture.ts";

const CODECS = ["gzip", "snappy", "lz4", "zstd"] as const;
const LIMIT = 8 * 1024 * 1024;

beforeAll(() => loadCompression("zstd"));

/** What a hostile or damaged block may lead to; anything else thrown is a defect. */
function codeThrownBy(action: () => unknown): string | undefined {
  try {
    action();
    return undefined;
  } catch (error) {
    if (error instanceof ZoologError) return error.code;
    throw error;
  }
}

describe.each(CODECS)("%s", (codec) => {
  test.each([...sampleBlocks()])("gives back %s", (_, bytes) => {
    const compressed = compress(codec, bytes);

    expect(decompress(codec, compressed).equals(bytes)).toBe(true);
  });

  test("gives back whatever was put in", () => {
    fc.assert(
      fc.property(compressibleBytes(12), (bytes) => {
        expect(decompress(codec, compress(codec, bytes)).equals(bytes)).toBe(true);
      }),
      { numRuns: 150 },
    );
  });

  test("output stays as it is when the next block is read", () => {
    const [one, two] = [logLines(3000), Buffer.alloc(3000, "other ")];

    const first = decompress(codec, compress(codec, one));
    decompress(codec, compress(codec, two));

    expect(first.equals(one)).toBe(true);
  });

  test("does not touch its input", () => {
    const bytes = logLines(50_000);
    const copy = Buffer.from(bytes);

    const compressed = compress(codec, bytes);
    const compressedCopy = Buffer.from(compressed);
    decompress(codec, compressed);

    expect(bytes.equals(copy)).toBe(true);
    expect(compressed.equals(compressedCopy)).toBe(true);
  });

  test("compresses text and hardly enlarges noise", () => {
    expect(compress(codec, logLines(100_000)).length).toBeLessThan(60_000);
    expect(compress(codec, noise(100_000)).length).toBeLessThan(101_000);
  });

  test.each(["text", "zeros", "noise"] as const)("stops %s exactly at the limit", (kind) => {
    const bytes = { text: logLines(300_000), zeros: Buffer.alloc(300_000), noise: noise(300_000) };
    const compressed = compress(codec, bytes[kind]);

    expect(decompress(codec, compressed, { maxBytes: 300_000 }).length).toBe(300_000);
    for (const maxBytes of [299_999, 131_072, 65_536, 1000, 1]) {
      const code = codeThrownBy(() => decompress(codec, compressed, { maxBytes }));
      expect({ maxBytes, code }).toEqual({ maxBytes, code: "MESSAGE_TOO_LARGE" });
    }
  });

  test("a block cut off anywhere is refused or gives a beginning of the original", () => {
    const bytes = Buffer.concat([logLines(3000), noise(200), Buffer.alloc(500)]);
    const compressed = compress(codec, bytes);
    for (let cut = 0; cut < compressed.length; cut++) {
      let inflated: Buffer | undefined;
      const code = codeThrownBy(() => {
        inflated = decompress(codec, compressed.subarray(0, cut));
      });
      if (code === undefined)
        expect(inflated?.equals(bytes.subarray(0, inflated.length))).toBe(true);
      else expect(code).toBe("CORRUPT_MESSAGE");
    }
  });

  test("flipped bits, spliced and overwritten bytes give a typed error or bounded output", () => {
    const originals = [logLines(4000), Buffer.alloc(5000), noise(300), logLines(200_000)].map(
      (bytes) => compress(codec, bytes),
    );
    const damage = fc.array(
      fc.record({ at: fc.nat(), value: fc.nat(255), kind: fc.constantFrom("xor", "set", "cut") }),
      { minLength: 1, maxLength: 6 },
    );
    fc.assert(
      fc.property(fc.constantFrom(...originals), damage, (original, changes) => {
        let bytes = Buffer.from(original);
        for (const { at, value, kind } of changes) {
          const index = at % bytes.length;
          if (kind === "xor") bytes[index] = (bytes[index] as number) ^ value;
          else if (kind === "set") bytes[index] = value;
          else bytes = Buffer.concat([bytes.subarray(0, index), bytes.subarray(index + 1)]);
          if (bytes.length === 0) break;
        }
        const code = codeThrownBy(() => {
          expect(decompress(codec, bytes, { maxBytes: LIMIT }).length).toBeLessThanOrEqual(LIMIT);
        });
        expect([undefined, "CORRUPT_MESSAGE", "MESSAGE_TOO_LARGE"]).toContain(code);
      }),
      { numRuns: 1500 },
    );
  });

  test("random bytes give a typed error or bounded output", () => {
    const start = compress(codec, logLines(100)).subarray(0, 7);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (tail, withStart) => {
        const bytes = Buffer.concat([withStart ? start : Buffer.alloc(0), tail]);
        const code = codeThrownBy(() => decompress(codec, bytes, { maxBytes: LIMIT }));
        expect([undefined, "CORRUPT_MESSAGE", "MESSAGE_TOO_LARGE"]).toContain(code);
      }),
      { numRuns: 2000 },
    );
  });
});

describe("bombs", () => {
  const bombs: [CompressionCodec, () => Buffer][] = [
    ["gzip", () => compress("gzip", Buffer.alloc(64 * 1024 * 1024))],
    ["zstd", () => compress("zstd", Buffer.alloc(64 * 1024 * 1024))],
    ["lz4", () => compress("lz4", Buffer.alloc(64 * 1024 * 1024))],
    ["snappy", () => compress("snappy", Buffer.alloc(64 * 1024 * 1024))],
    ["zstd", () => zstdFrameOfRuns(100_000)],
    ["zstd", () => zstdFrameClaiming(2 ** 52)],
    ["zstd", () => zstdFrameClaiming(60 * 1024 * 1024)],
    ["snappy", () => Buffer.from([0xff, 0xff, 0xff, 0xff, 0x0f, 0x00, 0x61])],
  ];

  test.each(bombs)("%s: is refused without more memory than the limit", (codec, makeBomb) => {
    const bomb = makeBomb();
    const maxBytes = 1024 * 1024;
    const before = process.memoryUsage();

    for (let i = 0; i < 100; i++) {
      expect(["MESSAGE_TOO_LARGE", "CORRUPT_MESSAGE"]).toContain(
        codeThrownBy(() => decompress(codec, bomb, { maxBytes })),
      );
    }

    // Garbage of 100 attempts may still be there; unbounded output would be gigabytes.
    const after = process.memoryUsage();
    expect(after.arrayBuffers - before.arrayBuffers).toBeLessThan(220 * 1024 * 1024);
  });
});

/** Each block of 4 bytes inflates to 128 KiB; no content size. */
function zstdFrameOfRuns(blocks: number): Buffer {
  const frame = Buffer.alloc(6 + blocks * 4);
  frame.writeUInt32LE(0xfd2f_b528, 0);
  frame[4] = 0; // No single segment, no content size.
  frame[5] = 0b1000_0000; // A window of 64 MiB.
  for (let block = 0; block < blocks; block++) {
    const isLast = block === blocks - 1 ? 1 : 0;
    frame.writeUIntLE(isLast | (1 << 1) | ((128 * 1024) << 3), 6 + block * 4, 3);
  }
  return frame;
}

/** A single empty block under a header that claims so many bytes. */
function zstdFrameClaiming(contentSize: number): Buffer {
  const frame = Buffer.alloc(16);
  frame.writeUInt32LE(0xfd2f_b528, 0);
  frame[4] = 0b1110_0000; // Single segment, 8 bytes of content size.
  frame.writeBigUInt64LE(BigInt(contentSize), 5);
  frame.writeUIntLE(1, 13, 3);
  return frame;
}
