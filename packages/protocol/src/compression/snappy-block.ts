import { corruptMessage } from "../errors.ts";
import type { ByteRange } from "./byte-range.ts";
import { copyLiterals, copyMatch } from "./match-copy.ts";

/**
 * Snappy's raw format (format_description.txt of the Snappy project): the inflated length as a
 * varint, then elements. The two low bits of an element's tag say what it is: a literal, or a copy
 * with 1, 2 or 4 bytes of distance.
 */
const LITERAL = 0;
const COPY_1 = 1;
const COPY_2 = 2;

/** A tag counts literals from 0; from 60 on, 1 to 4 bytes after it hold the count. */
const LITERAL_LENGTH_IN_TAG = 60;
const MATCH_MIN = 4;
/** A copy element covers 64 bytes at most. */
const COPY_MAX = 64;
const COPY_1_LENGTH_MAX = 11;
const COPY_1_DISTANCE_MAX = 2047;
/** The last bytes are left to literals, so that the search may read words. */
const INPUT_MARGIN = 15;
const HASH_BITS = 14;
/** After 2^5 failures the search steps over two bytes, after as many again three, and so on. */
const SKIP_TRIGGER = 5;
/** A 3-byte element stands for 64 bytes at most, so no honest length is further from the input. */
const EXPANSION_MAX = 22;

/** What incompressible input of `length` bytes can grow to, as Snappy's authors give it. */
export const snappyBlockBound = (length: number): number => 32 + length + Math.ceil(length / 6);

/**
 * The inflated length that a raw block claims, checked for plausibility.
 *
 * @throws ZoologError CORRUPT_MESSAGE.
 */
export function snappyInflatedLength(source: Buffer, range: ByteRange): number {
  const { length } = readPreamble(source, range);
  if (length > (range.end - range.start) * EXPANSION_MAX) {
    throw corruptMessage("a snappy block claims more than its bytes can inflate to");
  }
  return length;
}

function readPreamble(source: Buffer, range: ByteRange): { length: number; end: number } {
  let length = 0;
  let at = range.start;
  for (let shift = 0; shift < 35 && at < range.end; shift += 7) {
    const bits = byte(source, at++);
    if (shift === 28 && bits > 0x0f) break;
    length += (bits & 0x7f) * 2 ** shift;
    if (bits < 0x80) return { length, end: at };
  }
  throw corruptMessage("a snappy block's length cannot be read");
}

/**
 * Decodes one raw block to `position` in `target`, where as many bytes as `snappyInflatedLength`
 * says are free.
 *
 * @returns the position after the output.
 * @throws ZoologError CORRUPT_MESSAGE.
 */
export function decodeSnappyBlock(
  source: Buffer,
  range: ByteRange,
  target: Buffer,
  position: number,
): number {
  const { end } = range;
  const preamble = readPreamble(source, range);
  const outEnd = position + preamble.length;
  let at = preamble.end;
  let out = position;
  while (at < end) {
    const tag = byte(source, at++);
    const kind = tag & 0b11;
    const moreBytes = kind === LITERAL ? literalLengthBytes(tag) : distanceBytes(kind);
    if (moreBytes > end - at) throw corruptMessage("a snappy block ends inside an element");
    const length = elementLength(tag, source, at, moreBytes);
    if (length > outEnd - out) throw corruptMessage("a snappy block is longer than it says");
    if (kind === LITERAL) {
      at += moreBytes;
      if (length > end - at) throw corruptMessage("a snappy block ends inside its literals");
      copyLiterals(source, at, length, target, out);
      at += length;
    } else {
      const distance = elementDistance(tag, source, at);
      if (distance === 0 || distance > out - position) {
        throw corruptMessage("a snappy copy reaches back before the beginning");
      }
      copyMatch(target, out, distance, length);
      at += moreBytes;
    }
    out += length;
  }
  if (out !== outEnd) throw corruptMessage("a snappy block is shorter than it says");
  return out;
}

function literalLengthBytes(tag: number): number {
  const length = tag >>> 2;
  return length < LITERAL_LENGTH_IN_TAG ? 0 : length - LITERAL_LENGTH_IN_TAG + 1;
}

const distanceBytes = (kind: number): number => (kind === COPY_1 ? 1 : kind === COPY_2 ? 2 : 4);

function elementLength(tag: number, source: Buffer, at: number, moreBytes: number): number {
  const kind = tag & 0b11;
  if (kind === COPY_1) return ((tag >>> 2) & 0b111) + MATCH_MIN;
  if (kind === LITERAL && moreBytes > 0) return source.readUIntLE(at, moreBytes) + 1;
  return (tag >>> 2) + 1;
}

function elementDistance(tag: number, source: Buffer, at: number): number {
  const kind = tag & 0b11;
  if (kind === COPY_1) return byte(source, at) | ((tag >>> 5) << 8);
  if (kind === COPY_2) return byte(source, at) | (byte(source, at + 1) << 8);
  return source.readUInt32LE(at);
}

/** Finds matches by a table of where each four-byte hash was seen last. */
export class SnappyBlockEncoder {
  readonly #lastSeen = new Uint16Array(1 << HASH_BITS);

  /**
   * Encodes up to 64 KiB of `source` into `target` at `position`, where `snappyBlockBound` bytes
   * are free.
   *
   * @returns the position after the output.
   */
  encode(source: Buffer, range: ByteRange, target: Buffer, position: number): number {
    const lastSeen = this.#lastSeen.fill(0);
    // A DataView reads four bytes in one instruction, a Buffer in four.
    const words = new DataView(source.buffer, source.byteOffset, source.length);
    const { start, end } = range;
    const searchEnd = end - INPUT_MARGIN;
    let out = writePreamble(target, end - start, position);
    let anchor = start; // Bytes from here on are not written yet.
    let at = start + 1; // Nothing can match at the beginning; 0 in the table then means `start`.
    let attempts = 1 << SKIP_TRIGGER;
    while (at < searchEnd) {
      const word = words.getInt32(at, true);
      const hash = hashOf(word);
      const match = start + (lastSeen[hash] as number);
      lastSeen[hash] = at - start;
      if (words.getInt32(match, true) !== word) {
        at += attempts++ >>> SKIP_TRIGGER;
        continue;
      }
      attempts = 1 << SKIP_TRIGGER;
      const distance = at - match;
      let matched = at + MATCH_MIN;
      while (matched < end && source[matched] === source[matched - distance]) matched++;
      if (at > anchor) out = writeLiteral(source, { start: anchor, end: at }, target, out);
      out = writeCopies(target, out, distance, matched - at);
      at = matched;
      anchor = matched;
      if (at < searchEnd) lastSeen[hashOf(words.getInt32(at - 1, true))] = at - 1 - start;
    }
    return anchor < end ? writeLiteral(source, { start: anchor, end }, target, out) : out;
  }
}

function writePreamble(target: Buffer, length: number, position: number): number {
  let out = position;
  let rest = length;
  for (; rest > 0x7f; rest >>>= 7) target[out++] = (rest & 0x7f) | 0x80;
  target[out++] = rest;
  return out;
}

function writeLiteral(
  source: Buffer,
  literal: ByteRange,
  target: Buffer,
  position: number,
): number {
  const length = literal.end - literal.start;
  let out = position;
  if (length <= LITERAL_LENGTH_IN_TAG) {
    target[out++] = ((length - 1) << 2) | LITERAL;
  } else {
    const size = length <= 0x100 ? 1 : 2; // Blocks have 64 KiB at most.
    target[out++] = ((LITERAL_LENGTH_IN_TAG + size - 1) << 2) | LITERAL;
    out = target.writeUIntLE(length - 1, out, size);
  }
  copyLiterals(source, literal.start, length, target, out);
  return out + length;
}

function writeCopies(target: Buffer, position: number, distance: number, length: number): number {
  let out = position;
  let rest = length;
  // The rest of a split match must stay at 4 or more, to be a match at all.
  while (rest >= COPY_MAX + MATCH_MIN) {
    out = writeCopy2(target, out, distance, COPY_MAX);
    rest -= COPY_MAX;
  }
  if (rest > COPY_MAX) {
    out = writeCopy2(target, out, distance, COPY_MAX - MATCH_MIN);
    rest -= COPY_MAX - MATCH_MIN;
  }
  if (rest > COPY_1_LENGTH_MAX || distance > COPY_1_DISTANCE_MAX) {
    return writeCopy2(target, out, distance, rest);
  }
  target[out++] = ((distance >>> 8) << 5) | ((rest - MATCH_MIN) << 2) | COPY_1;
  target[out++] = distance & 0xff;
  return out;
}

function writeCopy2(target: Buffer, position: number, distance: number, length: number): number {
  target[position] = ((length - 1) << 2) | COPY_2;
  target[position + 1] = distance & 0xff;
  target[position + 2] = distance >>> 8;
  return position + 3;
}

const hashOf = (word: number): number => Math.imul(word, 0x1e35_a7bd) >>> (32 - HASH_BITS);

// Callers keep the index below the length; V8 inlines this.
const byte = (bytes: Buffer, index: number): number => bytes[index] as number;
