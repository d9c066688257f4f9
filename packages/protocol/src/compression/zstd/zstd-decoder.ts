import { corruptMessage } from "../../errors.ts";
import { InflatedBytes } from "../inflated-bytes.ts";
import { LiteralsDecoder } from "./literals.ts";
import { ReverseBits } from "./reverse-bits.ts";
import { SequencesDecoder } from "./sequences.ts";

/**
 * A Zstandard decoder (RFC 8878). It works synchronously and never trusts a size: output is bounded
 * while it is made, work is bounded by input and output.
 *
 *     frame: magic | descriptor | [window] | [dictionary id] | [content size] | block* | [checksum]
 *     block: int24 (last 1 bit, type 2 bits, size 21 bits) | content
 *
 * Left out: dictionaries, and checking the content checksum, as a batch's CRC covers all of it.
 */
const MAGIC = 0xfd2f_b528;
/** Frames for applications of their own, to be stepped over: 0x184D2A50 to 0x184D2A5F. */
const SKIPPABLE_MAGIC = 0x184d_2a5;
const DESCRIPTOR = { singleSegment: 1 << 5, reserved: 1 << 3, checksum: 1 << 2 } as const;
const BLOCK = { raw: 0, repeatedByte: 1, compressed: 2 } as const;
const BLOCK_BYTES_MAX = 128 * 1024;
/** Bit readers read whole words, also at the end. */
const PADDING = 8;

/** Several frames in a row are read as one. */
export function decodeZstd(bytes: Buffer, maxBytes: number): Buffer {
  const padded = withPadding(bytes);
  const inflated = new InflatedBytes({ codec: "zstd", maxBytes });
  let at = 0;
  while (at < bytes.length) {
    need(bytes.length, at, 4);
    const magic = bytes.readUInt32LE(at);
    if (magic === MAGIC) {
      at = decodeFrame({ bytes: padded, end: bytes.length }, at + 4, inflated);
    } else if (magic >>> 4 === SKIPPABLE_MAGIC) {
      need(bytes.length, at, 8);
      at += 8 + bytes.readUInt32LE(at + 4);
      if (at > bytes.length) throw corruptMessage("a zstd frame is cut off");
    } else {
      throw corruptMessage("the zstd block does not start with a frame");
    }
  }
  return inflated.finish();
}

/** Whatever stands in memory behind the bytes will do, as no more than their bits is used. */
function withPadding(bytes: Buffer): Buffer {
  const end = bytes.byteOffset + bytes.length + PADDING;
  if (end <= bytes.buffer.byteLength) {
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length + PADDING);
  }
  const padded = Buffer.alloc(bytes.length + PADDING);
  bytes.copy(padded);
  return padded;
}

/** The bytes without their padding end at `end`. */
type Source = { readonly bytes: Buffer; readonly end: number };

type FrameHeader = {
  readonly contentSize: number | undefined;
  readonly blockBytesMax: number;
  readonly hasChecksum: boolean;
  readonly end: number;
};

/** @returns the position after the frame. */
function decodeFrame(source: Source, start: number, inflated: InflatedBytes): number {
  const header = readFrameHeader(source, start);
  const frame = new BlockDecoder(source, header, inflated);
  let at = header.end;
  for (let isLast = false; !isLast; ) {
    need(source.end, at, 3);
    const block = source.bytes.readUIntLE(at, 3);
    isLast = (block & 1) === 1;
    at = frame.decode((block >>> 1) & 0b11, block >>> 3, at + 3);
  }
  frame.close();
  if (!header.hasChecksum) return at;
  need(source.end, at, 4);
  return at + 4;
}

function readFrameHeader(source: Source, start: number): FrameHeader {
  const { bytes, end } = source;
  need(end, start, 1);
  const descriptor = bytes.readUInt8(start);
  if (descriptor & DESCRIPTOR.reserved) throw corruptMessage("a zstd frame sets reserved bits");
  const isSingleSegment = (descriptor & DESCRIPTOR.singleSegment) !== 0;
  const windowBytes = isSingleSegment ? 0 : 1;
  const dictionaryBytes = [0, 1, 2, 4][descriptor & 0b11] as number;
  const sizeBytes = [isSingleSegment ? 1 : 0, 2, 4, 8][descriptor >>> 6] as number;
  need(end, start, 1 + windowBytes + dictionaryBytes + sizeBytes);
  let at = start + 1;
  let windowSize = Number.POSITIVE_INFINITY;
  if (!isSingleSegment) {
    const byte = bytes.readUInt8(at);
    windowSize = 2 ** (10 + (byte >>> 3)) * (1 + (byte & 0b111) / 8);
    at += windowBytes;
  }
  if (dictionaryBytes > 0 && bytes.readUIntLE(at, dictionaryBytes) !== 0) {
    throw corruptMessage("a zstd frame asks for a dictionary");
  }
  at += dictionaryBytes;
  const contentSize = readContentSize(bytes, at, sizeBytes);
  if (isSingleSegment && contentSize !== undefined) windowSize = contentSize;
  return {
    contentSize,
    blockBytesMax: Math.min(windowSize, BLOCK_BYTES_MAX),
    hasChecksum: (descriptor & DESCRIPTOR.checksum) !== 0,
    end: at + sizeBytes,
  };
}

function readContentSize(bytes: Buffer, position: number, size: number): number | undefined {
  switch (size) {
    case 0:
      return undefined;
    case 1:
      return bytes.readUInt8(position);
    case 2:
      return bytes.readUInt16LE(position) + 256;
    case 4:
      return bytes.readUInt32LE(position);
    default:
      return bytes.readUInt32LE(position + 4) * 0x1_0000_0000 + bytes.readUInt32LE(position);
  }
}

/** The blocks of one frame; later ones refer to the output and tables of former ones. */
class BlockDecoder {
  readonly #source: Source;
  readonly #inflated: InflatedBytes;
  readonly #frameStart: number;
  readonly #contentSize: number | undefined;
  readonly #blockBytesMax: number;
  readonly #literals: LiteralsDecoder;
  readonly #sequences: SequencesDecoder;

  constructor(source: Source, header: FrameHeader, inflated: InflatedBytes) {
    const { bytes } = source;
    const reader = new ReverseBits(bytes);
    this.#source = source;
    this.#inflated = inflated;
    this.#frameStart = inflated.position;
    this.#contentSize = header.contentSize;
    this.#blockBytesMax = header.blockBytesMax;
    this.#literals = new LiteralsDecoder({ bytes, reader, inflatedBytesMax: header.blockBytesMax });
    this.#sequences = new SequencesDecoder({ bytes, reader });
    if (header.contentSize !== undefined) inflated.checkRoom(header.contentSize);
  }

  /** @returns the position after the block. */
  decode(type: number, size: number, start: number): number {
    if (size > this.#blockBytesMax) throw corruptMessage("a zstd block is too large");
    const inflated = this.#inflated;
    if (type === BLOCK.repeatedByte) {
      need(this.#source.end, start, 1);
      inflated.reserveAll(size);
      const byte = this.#source.bytes.readUInt8(start);
      inflated.bytes.fill(byte, inflated.position, inflated.position + size);
      inflated.position += size;
      return start + 1;
    }
    need(this.#source.end, start, size);
    if (type === BLOCK.raw) {
      inflated.reserveAll(size);
      this.#source.bytes.copy(inflated.bytes, inflated.position, start, start + size);
      inflated.position += size;
    } else if (type === BLOCK.compressed) {
      this.#inflate(start, start + size);
    } else {
      throw corruptMessage("a zstd block is of an unknown kind");
    }
    return start + size;
  }

  /** Checks what the frame's header promised. */
  close(): void {
    const size = this.#inflated.position - this.#frameStart;
    if (this.#contentSize !== undefined && this.#contentSize !== size) {
      throw corruptMessage("a zstd frame does not have the size that it says");
    }
  }

  #inflate(start: number, end: number): void {
    const inflated = this.#inflated;
    const position = inflated.position;
    const promised = this.#contentSize ?? Number.POSITIVE_INFINITY;
    const wanted = Math.min(this.#blockBytesMax, this.#frameStart + promised - position);
    const room = inflated.reserve(wanted);
    const literals = this.#literals.decode({ start, end });
    const section = { start: literals.sectionEnd, end };
    const place = { position, lowest: this.#frameStart, room };
    const after = this.#sequences.execute(section, literals, inflated.bytes, place);
    if (after < 0) {
      if (room < position + wanted) throw inflated.tooLarge();
      throw corruptMessage("a zstd block inflates to more than its frame allows");
    }
    inflated.position = after;
  }
}

function need(end: number, position: number, count: number): void {
  if (end - position < count) throw corruptMessage("a zstd frame is cut off");
}
