import { readFileSync } from "node:fs";
import { join } from "node:path";
import { compress, decompress, loadCompression } from "./compression.ts";
import { logLines, sampleBlocks } from "./sample-bytes.fixture.ts";

/** Independent implementations. They have no types, and none of them bounds hostile input. */
const snappyjs = require("snappyjs") as Codec;
const lz4js = require("lz4js") as Codec & { decompress(bytes: Uint8Array): Uint8Array };
const lz4napi = require("lz4-napi") as {
  compressFrameSync(bytes: Uint8Array): Uint8Array;
  decompressFrameSync(bytes: Uint8Array): Uint8Array;
};
const fzstd = require("fzstd") as { decompress(bytes: Uint8Array): Uint8Array };
const zstdWasm = require("@bokuweb/zstd-wasm") as {
  init(): Promise<void>;
  compress(bytes: Uint8Array, level: number): Uint8Array;
  decompress(bytes: Uint8Array): Uint8Array;
};

type Codec = {
  compress(bytes: Uint8Array): Uint8Array;
  uncompress(bytes: Uint8Array): Uint8Array;
};

const samples = [...sampleBlocks()];
/** Some of the oracles stumble over empty input. */
const filled = samples.filter(([, bytes]) => bytes.length > 0);

beforeAll(async () => {
  await loadCompression("zstd");
  await zstdWasm.init();
});

const sameBytes = (actual: Uint8Array, expected: Buffer) =>
  expect(Buffer.compare(actual, expected)).toBe(0);

describe("lz4", () => {
  test.each(filled)("%s: lz4js and lz4-napi read our frames", (_, bytes) => {
    const frame = compress("lz4", bytes);

    sameBytes(lz4js.decompress(frame), bytes);
    sameBytes(lz4napi.decompressFrameSync(frame), bytes);
  });

  test.each(filled)("%s: we read the frames of lz4js and lz4-napi", (_, bytes) => {
    sameBytes(decompress("lz4", Buffer.from(lz4js.compress(bytes))), bytes);
    sameBytes(decompress("lz4", Buffer.from(lz4napi.compressFrameSync(bytes))), bytes);
  });
});

describe("the command line tools' files", () => {
  const golden = (name: string) => readFileSync(join(__dirname, "../../testdata", `${name}.bin`));
  const bytes = logLines(70_000);

  test("lz4's linked blocks with every checksum and a content size are read", () => {
    sameBytes(decompress("lz4", golden("lz4-linked")), bytes);
  });

  test("an lz4 frame with a damaged byte anywhere is refused: a checksum covers each", () => {
    const frame = golden("lz4-linked");
    for (let at = 4; at < frame.length; at += 61) {
      const damaged = Buffer.from(frame);
      damaged[at] = (damaged[at] as number) ^ 0x10;
      expect(() => decompress("lz4", damaged)).toThrow(
        expect.objectContaining({ code: "CORRUPT_MESSAGE" }),
      );
    }
  });

  test("zstd's stream without a content size but with a checksum is read", () => {
    sameBytes(decompress("zstd", golden("zstd-streamed")), bytes);
  });
});

describe("snappy", () => {
  test.each(filled)("%s: we read snappyjs' raw block", (_, bytes) => {
    sameBytes(decompress("snappy", Buffer.from(snappyjs.compress(bytes))), bytes);
  });

  test.each(filled)("%s: snappyjs reads the blocks inside our frame", (_, bytes) => {
    const framed = compress("snappy", bytes);
    const blocks: Buffer[] = [];
    for (let at = 16; at < framed.length; ) {
      const length = framed.readInt32BE(at);
      const block = framed.subarray(at + 4, at + 4 + length);
      blocks.push(Buffer.from(snappyjs.uncompress(new Uint8Array(block))));
      at += 4 + length;
    }

    sameBytes(Buffer.concat(blocks), bytes);
    expect(blocks.slice(0, -1).every((block) => block.length === 32 * 1024)).toBe(true);
  });

  test("frames that were joined end to end are one", () => {
    const [one, two] = [Buffer.from("one, one, one, one"), Buffer.from("two, two, two, two")];
    const joined = Buffer.concat([compress("snappy", one), compress("snappy", two)]);

    sameBytes(decompress("snappy", joined), Buffer.concat([one, two]));
  });
});

describe("zstd", () => {
  test.each(filled)("%s: fzstd and the reference library read our frames", (_, bytes) => {
    const frame = compress("zstd", bytes);

    sameBytes(fzstd.decompress(frame), bytes);
    sameBytes(zstdWasm.decompress(frame), bytes);
  });

  test.each(samples)("%s: we read the reference library's frames of any level", (_, bytes) => {
    for (const level of [-5, 1, 3, 7, 12, 19]) {
      sameBytes(decompress("zstd", Buffer.from(zstdWasm.compress(bytes, level))), bytes);
    }
  });

  test("frames that were joined end to end are one, and skippable frames are skipped", () => {
    const [one, two] = [Buffer.from("one, one, one, one"), Buffer.from("two, two, two, two")];
    const skipped = Buffer.from([0x5a, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]);
    const joined = Buffer.concat([compress("zstd", one), skipped, compress("zstd", two)]);

    sameBytes(decompress("zstd", joined), Buffer.concat([one, two]));
  });
});
