import { corruptMessage } from "../errors.ts";
import { InflatedBytes } from "./inflated-bytes.ts";
import { decodeLz4Block, LZ4_BLOCK_BYTES, Lz4BlockEncoder, lz4BlockBound } from "./lz4-block.ts";
import { xxhash32 } from "./xxhash32.ts";

/**
 * LZ4 frames, as Kafka has used them since message format 2 (lz4_Frame_format.md of the LZ4
 * project; KIP-57 corrected the header checksum). Written the way Java does: blocks of 64 KiB that
 * do not refer to each other, no checksum but the header's. Read in every form but dictionaries.
 */
const MAGIC = 0x184d_2204;
/** Frames for applications of their own, to be stepped over: 0x184D2A50 to 0x184D2A5F. */
const SKIPPABLE_MAGIC = 0x184d_2a5;
const VERSION = 0b01;
const FLAG = {
  independentBlocks: 1 << 5,
  blockChecksums: 1 << 4,
  contentSize: 1 << 3,
  contentChecksum: 1 << 2,
  reserved: 1 << 1,
  dictionary: 1 << 0,
} as const;
/** Block sizes by the number in bits 4–6 of the second descriptor byte. */
const BLOCK_BYTES_MAX: readonly (number | undefined)[] = [
  undefined,
  undefined,
  undefined,
  undefined,
  64 * 1024,
  256 * 1024,
  1024 * 1024,
  4 * 1024 * 1024,
];
const BLOCK_64_KIB = 4;
/** Set in a block's size when it is stored as it is. */
const STORED = 0x8000_0000;
/** A block's size field, and what `lz4BlockBound` adds to every block rather than once. */
const BLOCK_OVERHEAD_MAX = 4 + 17;
/** A byte of lz4 stands for 255 bytes at most. */
const EXPANSION_MAX = 255;

const encoder = new Lz4BlockEncoder();

export function lz4Compress(bytes: Buffer): Buffer {
  const blocks = Math.ceil(bytes.length / LZ4_BLOCK_BYTES);
  const frame = Buffer.allocUnsafe(11 + lz4BlockBound(bytes.length) + blocks * BLOCK_OVERHEAD_MAX);
  frame.writeUInt32LE(MAGIC, 0);
  frame[4] = (VERSION << 6) | FLAG.independentBlocks;
  frame[5] = BLOCK_64_KIB << 4;
  frame[6] = descriptorChecksum(frame, 4, 6);
  let out = 7;
  for (let start = 0; start < bytes.length; start += LZ4_BLOCK_BYTES) {
    const end = Math.min(start + LZ4_BLOCK_BYTES, bytes.length);
    const encodedEnd = encoder.encode(bytes, { start, end }, frame, out + 4);
    const encodedLength = encodedEnd - out - 4;
    if (encodedLength < end - start) {
      frame.writeUInt32LE(encodedLength, out);
      out = encodedEnd;
    } else {
      frame.writeUInt32LE((STORED | (end - start)) >>> 0, out);
      out += 4 + bytes.copy(frame, out + 4, start, end);
    }
  }
  out = frame.writeUInt32LE(0, out);
  return frame.subarray(0, out);
}

/** Several frames in a row are read as one. */
export function lz4Decompress(bytes: Buffer, maxBytes: number): Buffer {
  const inflated = new InflatedBytes({ codec: "lz4", maxBytes });
  let at = 0;
  while (at < bytes.length) {
    need(bytes, at, 4);
    const magic = bytes.readUInt32LE(at);
    if (magic === MAGIC) at = decodeFrame(bytes, at, inflated);
    else if (magic >>> 4 === SKIPPABLE_MAGIC) {
      need(bytes, at, 8);
      at += 8 + bytes.readUInt32LE(at + 4);
      if (at > bytes.length) throw corruptMessage("an lz4 frame is cut off");
    } else throw corruptMessage("the lz4 block does not start with a frame");
  }
  return inflated.finish();
}

type FrameDescriptor = {
  readonly flags: number;
  readonly blockBytesMax: number;
  readonly contentSize: number | undefined;
  /** Where the first block starts. */
  readonly end: number;
};

function decodeFrame(bytes: Buffer, start: number, inflated: InflatedBytes): number {
  const { flags, blockBytesMax, contentSize, end } = readDescriptor(bytes, start + 4);
  const frameStart = inflated.position;
  let at = end;
  for (;;) {
    need(bytes, at, 4);
    const sizeWord = bytes.readUInt32LE(at);
    at += 4;
    if (sizeWord === 0) break;
    const size = sizeWord & 0x7fff_ffff;
    if (size > blockBytesMax) throw corruptMessage("an lz4 block is larger than its frame allows");
    need(bytes, at, size);
    if (sizeWord >= STORED) storeBlock(bytes, at, size, inflated);
    else decodeBlock(bytes, at, size, inflated, { flags, blockBytesMax, frameStart });
    at += size;
    if (flags & FLAG.blockChecksums) at = checkHash(bytes, at, xxhash32(bytes, at - size, at));
  }
  if (contentSize !== undefined && contentSize !== inflated.position - frameStart) {
    throw corruptMessage("an lz4 frame does not have the size that it says");
  }
  if ((flags & FLAG.contentChecksum) === 0) return at;
  return checkHash(bytes, at, xxhash32(inflated.bytes, frameStart, inflated.position));
}

function readDescriptor(bytes: Buffer, start: number): FrameDescriptor {
  need(bytes, start, 3);
  const flags = bytes.readUInt8(start);
  const blockBytesMax = BLOCK_BYTES_MAX[(bytes.readUInt8(start + 1) >>> 4) & 0b111];
  if (flags >>> 6 !== VERSION || flags & FLAG.reserved || blockBytesMax === undefined) {
    throw corruptMessage("an lz4 frame's header is not of a known kind");
  }
  if (flags & FLAG.dictionary) throw corruptMessage("an lz4 frame asks for a dictionary");
  let at = start + 2;
  let contentSize: number | undefined;
  if (flags & FLAG.contentSize) {
    need(bytes, at, 9);
    contentSize = bytes.readUInt32LE(at + 4) * 0x1_0000_0000 + bytes.readUInt32LE(at);
    at += 8;
  }
  if (bytes.readUInt8(at) !== descriptorChecksum(bytes, start, at)) {
    throw corruptMessage("an lz4 frame's header checksum is wrong");
  }
  return { flags, blockBytesMax, contentSize, end: at + 1 };
}

function storeBlock(bytes: Buffer, start: number, size: number, inflated: InflatedBytes): void {
  inflated.reserveAll(size);
  inflated.position += bytes.copy(inflated.bytes, inflated.position, start, start + size);
}

function decodeBlock(
  bytes: Buffer,
  start: number,
  size: number,
  inflated: InflatedBytes,
  frame: { readonly flags: number; readonly blockBytesMax: number; readonly frameStart: number },
): void {
  const position = inflated.position;
  const wanted = Math.min(frame.blockBytesMax, size * EXPANSION_MAX);
  const room = inflated.reserve(wanted);
  const isIndependent = (frame.flags & FLAG.independentBlocks) !== 0;
  const lowest = isIndependent ? position : frame.frameStart;
  const place = { position, lowest, room };
  const after = decodeLz4Block(bytes, { start, end: start + size }, inflated.bytes, place);
  if (after < 0) {
    if (room < position + wanted) throw inflated.tooLarge();
    throw corruptMessage("an lz4 block inflates to more than its frame allows");
  }
  inflated.position = after;
}

/** The second byte of the hash, over the descriptor without the magic number. */
function descriptorChecksum(bytes: Buffer, start: number, end: number): number {
  return (xxhash32(bytes, start, end) >>> 8) & 0xff;
}

function checkHash(bytes: Buffer, position: number, expected: number): number {
  need(bytes, position, 4);
  if (bytes.readUInt32LE(position) !== expected) throw corruptMessage("an lz4 checksum is wrong");
  return position + 4;
}

function need(bytes: Buffer, position: number, count: number): void {
  if (bytes.length - position < count) throw corruptMessage("an lz4 frame is cut off");
}
