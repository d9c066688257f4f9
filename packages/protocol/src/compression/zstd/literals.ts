import { corruptMessage } from "../../errors.ts";
import type { ByteRange } from "../byte-range.ts";
import { decodeHuffmanStream, type HuffmanTable, readHuffmanTable } from "./huffman-table.ts";
import type { ReverseBits } from "./reverse-bits.ts";

/** The first two bits of a literals section (RFC 8878 §3.1.1.3.1). */
const RAW = 0;
const REPEATED_BYTE = 1;
const COMPRESSED = 2;

/** Sizes of three of the four streams, 16 bits each. */
const JUMP_TABLE_BYTES = 6;

/** Where a block's literals are now, and what of the block is left to read. */
export type Literals = {
  readonly bytes: Buffer;
  readonly start: number;
  readonly end: number;
  readonly sectionEnd: number;
};

type LiteralsHeader = {
  readonly kind: number;
  readonly inflatedSize: number;
  /** Of Huffman streams with their tree. */
  readonly storedSize: number;
  readonly streams: 1 | 4;
  readonly end: number;
};

/**
 * Decodes the literals of compressed blocks. Keeps the Huffman tree of one block for later ones of
 * the same frame, which may ask for it again.
 */
export class LiteralsDecoder {
  readonly #bytes: Buffer;
  readonly #reader: ReverseBits;
  readonly #inflatedBytesMax: number;
  #scratch: Buffer = Buffer.alloc(0);
  #table: HuffmanTable | undefined;

  constructor(options: {
    readonly bytes: Buffer;
    readonly reader: ReverseBits;
    readonly inflatedBytesMax: number;
  }) {
    this.#bytes = options.bytes;
    this.#reader = options.reader;
    this.#inflatedBytesMax = options.inflatedBytesMax;
  }

  /** @throws ZoologError CORRUPT_MESSAGE. */
  decode(block: ByteRange): Literals {
    const header = readHeader(this.#bytes, block);
    const { kind, inflatedSize, end } = header;
    if (inflatedSize > this.#inflatedBytesMax) throw corruptMessage("a zstd block is too large");
    if (kind === RAW) {
      const literalsEnd = end + inflatedSize;
      if (literalsEnd > block.end) throw corruptMessage("a zstd block ends inside its literals");
      return { bytes: this.#bytes, start: end, end: literalsEnd, sectionEnd: literalsEnd };
    }
    if (inflatedSize > this.#scratch.length) this.#scratch = Buffer.allocUnsafe(inflatedSize);
    const inflated = { bytes: this.#scratch, start: 0, end: inflatedSize };
    if (kind === REPEATED_BYTE) {
      if (end >= block.end) throw corruptMessage("a zstd block ends inside its literals");
      this.#scratch.fill(this.#bytes.readUInt8(end), 0, inflatedSize);
      return { ...inflated, sectionEnd: end + 1 };
    }
    const sectionEnd = end + header.storedSize;
    if (sectionEnd > block.end) throw corruptMessage("a zstd block ends inside its literals");
    this.#inflate(header, sectionEnd);
    return { ...inflated, sectionEnd };
  }

  #inflate(header: LiteralsHeader, sectionEnd: number): void {
    let start = header.end;
    if (header.kind === COMPRESSED) {
      const tree = readHuffmanTable(this.#bytes, { start, end: sectionEnd }, this.#reader);
      this.#table = tree.table;
      start = tree.end;
    }
    if (header.streams === 1) {
      this.#stream({ start, end: sectionEnd }, { start: 0, end: header.inflatedSize });
      return;
    }
    let from = start + JUMP_TABLE_BYTES;
    if (from > sectionEnd) throw corruptMessage("a zstd block ends inside its literals");
    const share = (header.inflatedSize + 3) >>> 2;
    for (let index = 0; index < 4; index++) {
      const isLast = index === 3;
      const to = isLast ? sectionEnd : from + this.#bytes.readUInt16LE(start + index * 2);
      const outStart = share * index;
      const outEnd = isLast ? header.inflatedSize : outStart + share;
      if (to > sectionEnd || outStart > outEnd || outEnd > header.inflatedSize) {
        throw corruptMessage("a zstd block's literal streams do not fit");
      }
      this.#stream({ start: from, end: to }, { start: outStart, end: outEnd });
      from = to;
    }
  }

  #stream(stream: ByteRange, output: ByteRange): void {
    if (this.#table === undefined) throw corruptMessage("a zstd block lacks its huffman tree");
    const isOpen = this.#reader.open(stream.start, stream.end);
    if (!isOpen || !decodeHuffmanStream(this.#table, this.#reader, this.#scratch, output)) {
      throw corruptMessage("a zstd block's literals cannot be read");
    }
  }
}

/** One to five bytes; how many and what they mean is in the lowest four bits. */
function readHeader(bytes: Buffer, block: ByteRange): LiteralsHeader {
  const { start } = block;
  if (start >= block.end) throw corruptMessage("a zstd block is empty");
  const first = bytes.readUInt8(start);
  const kind = first & 0b11;
  const sizeFormat = (first >>> 2) & 0b11;
  const isStored = kind === RAW || kind === REPEATED_BYTE;
  const length = isStored ? STORED_HEADER_BYTES[sizeFormat] : COMPRESSED_HEADER_BYTES[sizeFormat];
  const end = start + (length as number);
  if (end > block.end) throw corruptMessage("a zstd block ends inside its literals' header");
  const bits = bytes.readUIntLE(start, end - start);
  if (isStored) {
    const inflatedSize = Math.floor(bits / (sizeFormat & 1 ? 16 : 8));
    return { kind, inflatedSize, storedSize: 0, streams: 1, end };
  }
  const sizeBits = COMPRESSED_SIZE_BITS[sizeFormat] as number;
  const sizes = Math.floor(bits / 16);
  const inflatedSize = sizes % 2 ** sizeBits;
  const storedSize = Math.floor(sizes / 2 ** sizeBits);
  return { kind, inflatedSize, storedSize, streams: sizeFormat === 0 ? 1 : 4, end };
}

const STORED_HEADER_BYTES = [1, 2, 1, 3] as const;
const COMPRESSED_HEADER_BYTES = [3, 3, 4, 5] as const;
const COMPRESSED_SIZE_BITS = [10, 10, 14, 18] as const;
