import type { CompressionCodec } from "./codecs.ts";
import { decompress } from "./compression.ts";
import { xxhash32 } from "./xxhash32.ts";

/** Blocks written by hand, each wrong in one thing; beside them sound ones that differ little. */
type Verdict = string | "CORRUPT_MESSAGE" | "MESSAGE_TOO_LARGE";

const MAX_BYTES = 100_000;

function verdictOn(codec: CompressionCodec, bytes: Buffer): Verdict {
  try {
    return decompress(codec, bytes, { maxBytes: MAX_BYTES }).toString("latin1");
  } catch (error) {
    return (error as { code: string }).code;
  }
}

const ascii = (text: string) => [...Buffer.from(text)];
const CORRUPT = "CORRUPT_MESSAGE";

describe("lz4", () => {
  const INDEPENDENT = 0x60;
  const LINKED = 0x40;

  function frame(flags: number, blocks: readonly (readonly number[])[], sizes = 0x40): Buffer {
    const descriptor = Buffer.from([flags, sizes]);
    const parts = [
      Buffer.from([0x04, 0x22, 0x4d, 0x18]),
      descriptor,
      Buffer.from([(xxhash32(descriptor, 0, 2) >>> 8) & 0xff]),
    ];
    for (const block of blocks) {
      const size = Buffer.alloc(4);
      size.writeUInt32LE(block.length);
      parts.push(size, Buffer.from(block));
    }
    return Buffer.concat([...parts, Buffer.alloc(4)]);
  }

  const LITERALS = [0x50, ...ascii("tail!")];
  /** "abcd" and a match of so many bytes from so far back. */
  const match = (distance: number, length = 4) => [
    0x40 | (length - 4),
    ...ascii("abcd"),
    distance & 0xff,
    distance >> 8,
    ...LITERALS,
  ];

  test.each([
    ["a match within reach", frame(INDEPENDENT, [match(4)]), "abcdabcdtail!"],
    ["a match that overlaps itself", frame(INDEPENDENT, [match(1, 7)]), "abcddddddddtail!"],
    ["a match from before the beginning", frame(INDEPENDENT, [match(5)]), CORRUPT],
    ["a match from far before the beginning", frame(INDEPENDENT, [match(65_535)]), CORRUPT],
    ["a match at no distance", frame(INDEPENDENT, [match(0)]), CORRUPT],
    [
      "a match into the block before, where blocks are linked",
      frame(LINKED, [LITERALS, match(9)]),
      "tail!abcdtail" + "tail!",
    ],
    [
      "a match into the block before, where they are not",
      frame(INDEPENDENT, [LITERALS, match(9)]),
      CORRUPT,
    ],
    ["literals beyond the block", frame(INDEPENDENT, [[0x60, ...ascii("short")]]), CORRUPT],
    ["a block that ends with a match", frame(INDEPENDENT, [match(4).slice(0, 7)]), CORRUPT],
    ["a block that ends in a distance", frame(INDEPENDENT, [match(4).slice(0, 6)]), CORRUPT],
    ["a literal length that never ends", frame(INDEPENDENT, [[0xf0, 255, 255, 255]]), CORRUPT],
    [
      "a match length that never ends",
      frame(INDEPENDENT, [[0x1f, 0x61, 1, 0, ...Array<number>(200).fill(255)]]),
      CORRUPT,
    ],
    [
      "a match longer than a block may be",
      frame(INDEPENDENT, [[0x1f, 0x61, 1, 0, ...Array<number>(258).fill(255), 0, 0x10, 0x62]]),
      CORRUPT,
    ],
    [
      "a match longer than the limit",
      frame(
        INDEPENDENT,
        [[0x1f, 0x61, 1, 0, ...Array<number>(500).fill(255), 0, 0x10, 0x62]],
        0x70,
      ),
      "MESSAGE_TOO_LARGE",
    ],
    ["a header of another version", frame(0xa0, [LITERALS]), CORRUPT],
    ["a header that asks for a dictionary", frame(INDEPENDENT | 1, [LITERALS]), CORRUPT],
    ["a header with a block size that does not exist", frame(INDEPENDENT, [], 0x30), CORRUPT],
    ["an empty frame", frame(INDEPENDENT, []), ""],
  ])("%s", (_, bytes, expected) => {
    expect(verdictOn("lz4", bytes)).toBe(expected);
  });

  test("a wrong header checksum", () => {
    const bytes = frame(INDEPENDENT, [LITERALS]);
    bytes[6] = (bytes[6] as number) ^ 1;

    expect(verdictOn("lz4", bytes)).toBe(CORRUPT);
  });

  test("a block larger than its frame's block size", () => {
    const stored = frame(INDEPENDENT, [Array<number>(65_537).fill(0x61)]);
    stored.writeUInt32LE((0x8000_0000 | 65_537) >>> 0, 7);

    expect(verdictOn("lz4", stored)).toBe(CORRUPT);
  });
});

describe("snappy", () => {
  const FRAME = [0x82, ...ascii("SNAPPY"), 0, 0, 0, 0, 1, 0, 0, 0, 1];
  const ABCD = [0x0c, ...ascii("abcd")];

  test.each([
    ["a literal", [4, ...ABCD], "abcd"],
    ["a copy within reach", [8, ...ABCD, 0x01, 4], "abcdabcd"],
    ["a copy with two bytes of distance", [8, ...ABCD, 0x0e, 4, 0], "abcdabcd"],
    ["a copy with four bytes of distance", [8, ...ABCD, 0x0f, 4, 0, 0, 0], "abcdabcd"],
    ["a copy from before the beginning", [8, ...ABCD, 0x01, 5], CORRUPT],
    ["a copy at no distance", [8, ...ABCD, 0x01, 0], CORRUPT],
    ["a copy with a distance beyond 2^31", [8, ...ABCD, 0x0f, 4, 0, 0, 0x80], CORRUPT],
    ["a copy without its distance", [8, ...ABCD, 0x0f, 4, 0, 0], CORRUPT],
    ["more than was said", [3, ...ABCD], CORRUPT],
    ["a copy of more than was said", [7, ...ABCD, 0x01, 4], CORRUPT],
    ["less than was said", [5, ...ABCD], CORRUPT],
    ["a literal beyond the block", [5, 0x10, ...ascii("abcd")], CORRUPT],
    ["a literal length beyond 2^31", [5, 0xfc, 0xfa, 0xff, 0xff, 0xff, 0x61], CORRUPT],
    ["a literal length that is cut off", [5, 0xfc, 0xfa, 0xff], CORRUPT],
    ["a length of more than 32 bits", [0x84, 0x80, 0x80, 0x80, 0x10, ...ABCD], CORRUPT],
    ["a length without its end", [0x84, 0x80], CORRUPT],
    ["a length that the bytes cannot inflate to", [0xff, 0x7f, ...ABCD], CORRUPT],
    ["a frame without blocks", FRAME, ""],
    ["a frame with a block", [...FRAME, 0, 0, 0, 6, 4, ...ABCD], "abcd"],
    ["a frame with an empty block", [...FRAME, 0, 0, 0, 0], CORRUPT],
    ["a frame with a block of negative length", [...FRAME, 0xff, 0xff, 0xff, 0xff], CORRUPT],
    ["a frame with a block beyond its end", [...FRAME, 0, 0, 0, 7, 4, ...ABCD], CORRUPT],
    ["a frame with half a length", [...FRAME, 0, 0], CORRUPT],
    ["a frame with half a header", FRAME.slice(0, 12), CORRUPT],
  ])("%s", (_, bytes, expected) => {
    expect(verdictOn("snappy", Buffer.from(bytes))).toBe(expected);
  });
});

describe("zstd", () => {
  const RAW = 0;
  const COMPRESSED = 2;
  const MAGIC = [0x28, 0xb5, 0x2f, 0xfd];

  const block = (type: number, content: readonly number[], isLast = true) => {
    const header = (isLast ? 1 : 0) | (type << 1) | (content.length << 3);
    return [header & 0xff, (header >> 8) & 0xff, header >> 16, ...content];
  };
  /** No content size, a window of 128 KiB. */
  const frame = (...blocks: readonly number[][]) => [...MAGIC, 0x00, 0x38, ...blocks.flat()];
  /** A single segment that says its size in one byte. */
  const sized = (size: number, ...blocks: readonly number[][]) => [
    ...MAGIC,
    0x20,
    size,
    ...blocks.flat(),
  ];
  const LITERALS = [4 << 3, ...ascii("abcd")];
  /** One sequence; every table has one symbol. The match's length code 0 means 3 bytes. */
  const sequence = (codes: { length: number; offset: number; match: number }, bits: number[]) => [
    ...LITERALS,
    1,
    0b01_01_01_00,
    codes.length,
    codes.offset,
    codes.match,
    ...bits,
  ];
  const matching = (offset: number, bits: number[], length = 4, match = 0) =>
    block(COMPRESSED, sequence({ length, offset, match }, bits));

  /** A match of 131 bytes: length code 43 with seven more bits, all zero. */
  const LONG = matching(2, [0, 0b10], 4, 43);

  test.each([
    ["a raw block", frame(block(RAW, ascii("abcd"))), "abcd"],
    ["literals without sequences", frame(block(COMPRESSED, [...LITERALS, 0])), "abcd"],
    ["a match within reach", frame(matching(2, [0b111])), "abcdabc"],
    ["a match from before the beginning", frame(matching(3, [0b1000])), CORRUPT],
    [
      "a match into the block before",
      frame(block(RAW, [0x7a], false), matching(3, [0b1000])),
      "zabcdzab",
    ],
    [
      "a match into the frame before",
      [...frame(block(RAW, [0x7a])), ...frame(matching(3, [0b1000]))],
      CORRUPT,
    ],
    ["a match at the last offset, which is 1 at first", frame(matching(0, [0b1])), "abcdddd"],
    ["a repeated offset less one, which is 0", frame(matching(1, [0b11], 0)), CORRUPT],
    ["an offset beyond any window", frame(matching(31, [0, 0, 0, 0, 1])), CORRUPT],
    ["a stream with bits left over", frame(matching(2, [0b1111])), CORRUPT],
    ["a stream that ends early", frame(matching(2, [0b11])), CORRUPT],
    ["a stream without its end mark", frame(matching(2, [0b111, 0])), CORRUPT],
    ["more literals than there are", frame(matching(2, [0b111], 5)), CORRUPT],
    ["an unknown length code", frame(matching(2, [0b111], 36)), CORRUPT],
    ["an unknown match code", frame(matching(2, [0b111], 4, 53)), CORRUPT],
    [
      "tables that were never given",
      frame(block(COMPRESSED, [...LITERALS, 1, 0b11_11_11_00, 1])),
      CORRUPT,
    ],
    [
      "reserved bits in the modes",
      frame(block(COMPRESSED, [...LITERALS, 1, 0b01_01_01_01, 4, 2, 0, 7])),
      CORRUPT,
    ],
    [
      "a huffman tree that was never given",
      frame(block(COMPRESSED, [0x43, 0x40, 0, 0x61, 0])),
      CORRUPT,
    ],
    [
      "bytes behind literals without sequences",
      frame(block(COMPRESSED, [...LITERALS, 0, 0])),
      CORRUPT,
    ],
    ["a compressed block without content", frame(block(COMPRESSED, [])), CORRUPT],
    ["a block of the reserved type", frame(block(3, [1])), CORRUPT],
    ["a frame of its promised size", sized(135, LONG), `abcd${"d".repeat(131)}`],
    ["a frame shorter than promised", sized(136, LONG), CORRUPT],
    ["a frame longer than promised", sized(134, LONG), CORRUPT],
    ["a raw block longer than promised", sized(3, block(RAW, ascii("abcd"))), CORRUPT],
    ["a frame without blocks", frame(), CORRUPT],
    ["a frame without its last block", frame(block(RAW, [1], false)), CORRUPT],
    ["reserved bits in the frame's header", [...MAGIC, 0x28, 1, ...block(RAW, [1])], CORRUPT],
    ["a dictionary", [...MAGIC, 0x21, 9, 1, ...block(RAW, [1])], CORRUPT],
    [
      "a content checksum that is cut off",
      [...MAGIC, 0x24, 1, ...block(RAW, [0x61]), 1, 2],
      CORRUPT,
    ],
    [
      "a content checksum, which is not looked at",
      [...MAGIC, 0x24, 1, ...block(RAW, [0x61]), 1, 2, 3, 4],
      "a",
    ],
    ["a skippable frame that is cut off", [0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2], CORRUPT],
    ["something else behind a frame", [...frame(block(RAW, [0x61])), 1, 2, 3, 4], CORRUPT],
  ])("%s", (_, bytes, expected) => {
    expect(verdictOn("zstd", Buffer.from(bytes))).toBe(expected);
  });

  test("a block of more than 128 KiB, even of one byte repeated", () => {
    const repeated = (size: number) => {
      const header = 1 | (1 << 1) | (size << 3);
      return Buffer.from([
        ...MAGIC,
        0x00,
        0x58,
        header & 0xff,
        (header >> 8) & 0xff,
        header >> 16,
        0x61,
      ]);
    };

    expect(decompress("zstd", repeated(131_072)).length).toBe(131_072);
    expect(verdictOn("zstd", repeated(131_072))).toBe("MESSAGE_TOO_LARGE");
    expect(verdictOn("zstd", repeated(131_073))).toBe(CORRUPT);
  });
});
