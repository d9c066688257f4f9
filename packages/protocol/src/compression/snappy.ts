import { corruptMessage } from "../errors.ts";
import type { ByteRange } from "./byte-range.ts";
import { inflatedTooLarge } from "./limits.ts";
import {
  decodeSnappyBlock,
  SnappyBlockEncoder,
  snappyBlockBound,
  snappyInflatedLength,
} from "./snappy-block.ts";

/**
 * Snappy as Kafka's clients exchange it. Java writes the framing of the xerial library: a header of
 * 8 magic bytes and two int32, then raw blocks, each with its length as int32 in front. Other
 * clients send one raw block. Zoolog writes the framing and reads both.
 */
const MAGIC = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00]); // \x82SNAPPY\0
const HEADER_BYTES = 16;
/** The framing's version and the oldest one that can read it. */
const VERSION = 1;
/** What Java fills a block with. */
const BLOCK_BYTES = 32 * 1024;

const encoder = new SnappyBlockEncoder();

export function snappyCompress(bytes: Buffer): Buffer {
  const blocks = Math.ceil(bytes.length / BLOCK_BYTES);
  const framed = Buffer.allocUnsafe(HEADER_BYTES + blocks * (4 + snappyBlockBound(BLOCK_BYTES)));
  MAGIC.copy(framed);
  framed.writeInt32BE(VERSION, 8);
  framed.writeInt32BE(VERSION, 12);
  let out = HEADER_BYTES;
  for (let start = 0; start < bytes.length; start += BLOCK_BYTES) {
    const end = Math.min(start + BLOCK_BYTES, bytes.length);
    const blockEnd = encoder.encode(bytes, { start, end }, framed, out + 4);
    framed.writeInt32BE(blockEnd - out - 4, out);
    out = blockEnd;
  }
  return framed.subarray(0, out);
}

export function snappyDecompress(bytes: Buffer, maxBytes: number): Buffer {
  // No raw block starts with the magic bytes: its first element would copy from before the start.
  let length = 0;
  for (const block of rawBlocks(bytes)) length += snappyInflatedLength(bytes, block);
  if (length > maxBytes) throw inflatedTooLarge("snappy", maxBytes);
  const inflated = Buffer.allocUnsafeSlow(length);
  let position = 0;
  for (const block of rawBlocks(bytes)) {
    position = decodeSnappyBlock(bytes, block, inflated, position);
  }
  return inflated;
}

/** Walked twice rather than kept: small blocks would fill a list larger than their bytes. */
function* rawBlocks(bytes: Buffer): Generator<ByteRange, void, undefined> {
  // No raw block starts with the magic bytes: its first element would copy from before the start.
  if (!startsWithMagic(bytes, 0)) {
    yield { start: 0, end: bytes.length };
    return;
  }
  for (let at = 0; at < bytes.length; ) {
    // Streams may be joined end to end, so a header may stand wherever a block may.
    if (startsWithMagic(bytes, at)) {
      at += HEADER_BYTES;
      if (at > bytes.length) throw corruptMessage("a snappy frame's header is cut off");
      continue;
    }
    if (bytes.length - at < 4) throw corruptMessage("a snappy frame is cut off");
    const length = bytes.readInt32BE(at);
    const start = at + 4;
    if (length <= 0 || length > bytes.length - start) {
      throw corruptMessage(`a snappy block's length is not possible: ${length}`);
    }
    at = start + length;
    yield { start, end: at };
  }
}

function startsWithMagic(bytes: Buffer, position: number): boolean {
  const end = position + MAGIC.length;
  return end <= bytes.length && bytes.compare(MAGIC, 0, MAGIC.length, position, end) === 0;
}
