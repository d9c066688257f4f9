import { gunzipSync } from "node:zlib";
import { compress, decompress, loadCompression } from "@zoolog/protocol";
import { type Door, type FuzzTarget, mustHold, type Outcome, refusal } from "../fuzz-target.ts";

const CODECS = ["gzip", "snappy", "lz4", "zstd"] as const;
/** Small, so that bombs reach it soon; a leader allows 64 MiB. */
const INFLATED_BYTES_MAX = 128 * 1024;

export const compression: FuzzTarget = {
  name: "compression",
  row: "F-04",
  about: "decoders of gzip, snappy, lz4 and zstd: bombs end at the limit, damage is named",
  inputBytesMax: 8_192,
  smokeExecutions: 3_000,
  // Output that doubles up to its limit, and the copy of what is in it.
  allocationSlackBytes: 2 * INFLATED_BYTES_MAX,
  async open(): Promise<Door> {
    await loadCompression("zstd");
    return { seeds: sampleBlocks(), words: WORDS, execute };
  },
};

const WORDS = ["1f8b0800", "82534e4150505900", "04224d18", "28b52ffd", "184d2a50", "00000080"].map(
  (hex) => Buffer.from(hex, "hex"),
);

/** Codec in front: text, noise, nothing, a bomb, a bomb within a bomb, two frames in a row. */
function sampleBlocks(): Buffer[] {
  const text = Buffer.from("partition orders-0 rolled at offset 1841\n".repeat(40));
  const noise = Buffer.from(Array.from({ length: 300 }, (_, i) => (i * 193 + (i >> 3)) & 0xff));
  const bomb = Buffer.alloc(1024 * 1024);
  return CODECS.flatMap((codec, number) => {
    const small = compress(codec, text);
    const bombs = [compress(codec, bomb), compress(codec, compress(codec, bomb))];
    const blocks = [small, compress(codec, noise), compress(codec, Buffer.alloc(0)), ...bombs];
    return [...blocks, Buffer.concat([small, small])].map((block) =>
      Buffer.concat([Buffer.of(number), block]),
    );
  });
}

function execute(input: Buffer): Outcome {
  const codec = CODECS[(input[0] ?? 0) % CODECS.length] ?? "gzip";
  const block = input.subarray(1);
  let inflated: Buffer;
  try {
    inflated = decompress(codec, block, { maxBytes: INFLATED_BYTES_MAX });
  } catch (error) {
    const outcome = `${codec} ${refusal(error)}`;
    const isExpected = /CORRUPT_MESSAGE|MESSAGE_TOO_LARGE|UNSUPPORTED_COMP/.test(outcome);
    mustHold(isExpected, () => `refused as ${outcome}`);
    return outcome;
  }
  mustHold(inflated.length <= INFLATED_BYTES_MAX, "the limit holds");
  if (codec === "gzip") compareWithNode(block, inflated);
  const again = decompress(codec, compress(codec, inflated));
  mustHold(again.equals(inflated), "what was inflated can be compressed again");
  return `${codec} inflated ${Math.min(8, inflated.length >> 10)}`;
}

function compareWithNode(block: Buffer, inflated: Buffer): void {
  const expected = gunzipSync(block, { maxOutputLength: 2 * INFLATED_BYTES_MAX });
  mustHold(expected.equals(inflated), "gzip inflates as by Node");
}
