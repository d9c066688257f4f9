import { corruptMessage } from "../errors.ts";
import type { ByteRange } from "./byte-range.ts";
import { copyLiterals, copyMatch } from "./match-copy.ts";

/**
 * LZ4 blocks: sequences of a token (literal length, match length − 4, four bits each, 15 = more
 * bytes follow), literals, a 16-bit little-endian distance, the match. The last sequence has
 * literals only. Specification: lz4_Block_format.md of the LZ4 project.
 */

/** Matches are at least this long. */
const MATCH_MIN = 4;
/** The format's end rules: the last 5 bytes are literals, … */
const LAST_LITERALS = 5;
/** … and no match starts within the last 12. */
const MATCH_START_MARGIN = 12;
const HASH_BITS = 14;
/** After 2^6 failures the search steps over two bytes, after as many again three, and so on. */
const SKIP_TRIGGER = 6;
/** A block's positions fit into 16 bits. */
export const LZ4_BLOCK_BYTES = 64 * 1024;

/** What incompressible input of `length` bytes can grow to. */
export const lz4BlockBound = (length: number): number => length + Math.ceil(length / 255) + 16;

/**
 * Decodes one block of `source` into `target` from `position` on.
 *
 * @param lowest the first byte that a match may reach back to.
 * @param room where the output must end at the latest.
 * @returns the position after the output, or −1 when it does not fit into the room.
 * @throws ZoologError CORRUPT_MESSAGE.
 */
export function decodeLz4Block(
  source: Buffer,
  range: ByteRange,
  target: Buffer,
  place: { readonly position: number; readonly lowest: number; readonly room: number },
): number {
  const { end } = range;
  const { lowest, room } = place;
  let at = range.start;
  let out = place.position;
  while (at < end) {
    const token = byte(source, at++);
    let literals = token >>> 4;
    if (literals === 15) {
      const more = moreLength(source, at, end);
      at += moreLengthBytes(more);
      literals += more;
    }
    if (literals > end - at) throw corruptMessage("an lz4 block ends inside its literals");
    if (literals > room - out) return -1;
    copyLiterals(source, at, literals, target, out);
    at += literals;
    out += literals;
    if (at === end) return out;

    if (end - at < 2) throw corruptMessage("an lz4 block ends inside a distance");
    const distance = byte(source, at) | (byte(source, at + 1) << 8);
    at += 2;
    if (distance === 0 || distance > out - lowest) {
      throw corruptMessage("an lz4 match reaches back before the beginning");
    }
    let length = token & 15;
    if (length === 15) {
      const more = moreLength(source, at, end);
      at += moreLengthBytes(more);
      length += more;
    }
    length += MATCH_MIN;
    if (length > room - out) return -1;
    copyMatch(target, out, distance, length);
    out += length;
  }
  throw corruptMessage("an lz4 block ends with a match");
}

/** A run of 255s and a smaller byte, added up. A run cut off at `end` moves the reader behind it. */
function moreLength(source: Buffer, position: number, end: number): number {
  let sum = 0;
  for (let at = position; at < end; at++) {
    const more = byte(source, at);
    sum += more;
    if (more < 255) break;
  }
  return sum;
}

const moreLengthBytes = (more: number): number => Math.floor(more / 255) + 1;

/** Finds matches by a table of where each four-byte hash was seen last. */
export class Lz4BlockEncoder {
  readonly #lastSeen = new Uint16Array(1 << HASH_BITS);

  /**
   * Encodes up to 64 KiB of `source` into `target` at `position`, where `lz4BlockBound` bytes are
   * free.
   *
   * @returns the position after the output.
   */
  encode(source: Buffer, range: ByteRange, target: Buffer, position: number): number {
    const lastSeen = this.#lastSeen.fill(0);
    // A DataView reads four bytes in one instruction, a Buffer in four.
    const words = new DataView(source.buffer, source.byteOffset, source.length);
    const { start, end } = range;
    const matchStartEnd = end - MATCH_START_MARGIN;
    const matchEnd = end - LAST_LITERALS;
    let out = position;
    let anchor = start; // Bytes from here on are not written yet.
    let at = start + 1; // Nothing can match at the beginning; 0 in the table then means `start`.
    let attempts = 1 << SKIP_TRIGGER;
    while (at < matchStartEnd) {
      const word = words.getInt32(at, true);
      const hash = hashOf(word);
      let match = start + (lastSeen[hash] as number);
      lastSeen[hash] = at - start;
      if (words.getInt32(match, true) !== word) {
        at += attempts++ >>> SKIP_TRIGGER;
        continue;
      }
      attempts = 1 << SKIP_TRIGGER;
      while (at > anchor && match > start && source[at - 1] === source[match - 1]) {
        at--;
        match--;
      }
      let matched = at + MATCH_MIN;
      const distance = at - match;
      while (matched < matchEnd && source[matched] === source[matched - distance]) matched++;
      out = writeSequence(source, { start: anchor, end: at }, target, out, {
        distance,
        length: matched - at,
      });
      at = matched;
      anchor = matched;
      if (at < matchStartEnd) lastSeen[hashOf(words.getInt32(at - 2, true))] = at - 2 - start;
    }
    return writeSequence(source, { start: anchor, end }, target, out, undefined);
  }
}

function writeSequence(
  source: Buffer,
  literals: ByteRange,
  target: Buffer,
  position: number,
  match: { readonly distance: number; readonly length: number } | undefined,
): number {
  const literalLength = literals.end - literals.start;
  const matchCode = match === undefined ? 0 : match.length - MATCH_MIN;
  let out = position;
  target[out++] = (Math.min(literalLength, 15) << 4) | Math.min(matchCode, 15);
  if (literalLength >= 15) out = writeMoreLength(target, literalLength - 15, out);
  copyLiterals(source, literals.start, literalLength, target, out);
  out += literalLength;
  if (match === undefined) return out;
  target[out++] = match.distance & 0xff;
  target[out++] = match.distance >>> 8;
  return matchCode >= 15 ? writeMoreLength(target, matchCode - 15, out) : out;
}

function writeMoreLength(target: Buffer, length: number, position: number): number {
  let out = position;
  let rest = length;
  for (; rest >= 255; rest -= 255) target[out++] = 255;
  target[out++] = rest;
  return out;
}

const hashOf = (word: number): number => Math.imul(word, 0x9e37_79b1) >>> (32 - HASH_BITS);

// Callers keep the index below the length; V8 inlines this.
const byte = (bytes: Buffer, index: number): number => bytes[index] as number;
