import { corruptMessage } from "../../errors.ts";
import type { ByteRange } from "../byte-range.ts";
import { readFseTable } from "./fse-table.ts";
import type { ReverseBits } from "./reverse-bits.ts";

/** Codes have up to 11 bits (RFC 8878 §4.2.1). */
const CODE_BITS_MAX = 11;
const WEIGHTS_ACCURACY_LOG_MAX = 6;
const WEIGHT_MAX = 11;
/** 256 symbols; the last one's weight is not written. */
const WEIGHTS_MAX = 255;
/** From this header byte on, weights are written plainly, four bits each. */
const PLAIN_WEIGHTS = 128;

/**
 * A decoding table of Huffman codes: the next `width` bits of the stream are an index; the entry
 * holds the symbol in its high byte and the number of bits to take in its low one.
 */
export type HuffmanTable = { readonly width: number; readonly entries: Uint16Array };

export type HuffmanDescription = { readonly table: HuffmanTable; readonly end: number };

/**
 * @param reader scratch, over the same bytes.
 * @throws ZoologError CORRUPT_MESSAGE.
 */
export function readHuffmanTable(
  bytes: Buffer,
  range: ByteRange,
  reader: ReverseBits,
): HuffmanDescription {
  if (range.start >= range.end) throw corruptMessage("a zstd huffman tree is cut off");
  const header = bytes.readUInt8(range.start);
  const start = range.start + 1;
  const isPlain = header >= PLAIN_WEIGHTS;
  const count = header - (PLAIN_WEIGHTS - 1);
  const end = start + (isPlain ? (count + 1) >>> 1 : header);
  if (end > range.end) throw corruptMessage("a zstd huffman tree is cut off");
  const weights = isPlain
    ? plainWeights(bytes, start, count)
    : compressedWeights(bytes, { start, end }, reader);
  return { table: tableOfWeights(weights), end };
}

function plainWeights(bytes: Buffer, start: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => {
    const pair = bytes.readUInt8(start + (index >>> 1));
    return index % 2 === 0 ? pair >>> 4 : pair & 15;
  });
}

/** Two states take turns on one stream until its bits run out (RFC 8878 §4.2.1.2). */
function compressedWeights(bytes: Buffer, range: ByteRange, reader: ReverseBits): number[] {
  const { table, end } = readFseTable(bytes, range, {
    accuracyLogMax: WEIGHTS_ACCURACY_LOG_MAX,
    symbolMax: WEIGHT_MAX,
  });
  if (!reader.open(end, range.end)) throw corruptMessage("a zstd huffman tree is cut off");
  let state = reader.read(table.accuracyLog);
  let other = reader.read(table.accuracyLog);
  if (reader.left < 0) throw corruptMessage("a zstd huffman tree is cut off");
  const weights: number[] = [];
  for (;;) {
    const entry = table.states[state] as number;
    weights.push(entry & 0xff);
    const next = (entry >>> 16) + reader.read((entry >>> 8) & 0xff);
    if (reader.left < 0) {
      weights.push((table.states[other] as number) & 0xff);
      break;
    }
    state = other;
    other = next;
    if (weights.length >= WEIGHTS_MAX) throw corruptMessage("a zstd huffman tree is too large");
  }
  if (weights.length > WEIGHTS_MAX) throw corruptMessage("a zstd huffman tree is too large");
  return weights;
}

/** Weight w > 0 stands for a share of 2^(w−1); the last symbol gets what is left of a power of 2. */
function tableOfWeights(weights: number[]): HuffmanTable {
  let total = 0;
  for (const weight of weights) {
    if (weight > WEIGHT_MAX) throw corruptMessage("a zstd huffman weight is out of range");
    if (weight > 0) total += 1 << (weight - 1);
  }
  if (total === 0) throw corruptMessage("a zstd huffman tree has no symbols");
  const width = 32 - Math.clz32(total);
  if (width > CODE_BITS_MAX) throw corruptMessage("a zstd huffman code is too long");
  const rest = (1 << width) - total;
  if ((rest & (rest - 1)) !== 0) throw corruptMessage("a zstd huffman tree is not complete");
  weights.push(32 - Math.clz32(rest));

  const entries = new Uint16Array(1 << width);
  let position = 0;
  for (let weight = 1; weight <= width; weight++) {
    const share = 1 << (weight - 1);
    weights.forEach((other, symbol) => {
      if (other !== weight) return;
      entries.fill((symbol << 8) | (width + 1 - weight), position, position + share);
      position += share;
    });
  }
  return { width, entries };
}

/**
 * Decodes one stream into `target` from `start` to before `end`.
 *
 * @returns false when the stream does not end exactly there.
 */
export function decodeHuffmanStream(
  table: HuffmanTable,
  reader: ReverseBits,
  target: Buffer,
  place: ByteRange,
): boolean {
  const { width, entries } = table;
  const { words } = reader;
  const streamStart = reader.start;
  const mask = (1 << width) - 1;
  let left = reader.left;
  let out = place.start;
  // Two symbols have 22 bits at most, and with up to 7 bits of shift still fit into one word.
  for (const pairsEnd = place.end - 1; out < pairsEnd && left >= 2 * width; out += 2) {
    const bit = left - 2 * width;
    const window = words.getInt32(streamStart + (bit >>> 3), true) >>> (bit & 7);
    const first = entries[(window >>> width) & mask] as number;
    const firstBits = first & 0xff;
    const second = entries[(window >>> (width - firstBits)) & mask] as number;
    target[out] = first >>> 8;
    target[out + 1] = second >>> 8;
    left -= firstBits + (second & 0xff);
  }
  reader.left = left;
  for (; out < place.end; out++) {
    const entry = entries[reader.peek(width)] as number;
    target[out] = entry >>> 8;
    reader.left -= entry & 0xff;
  }
  return reader.left === 0;
}
