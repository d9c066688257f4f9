import { corruptMessage } from "../../errors.ts";
import type { ByteRange } from "../byte-range.ts";
import { copyLiterals, copyMatch } from "../match-copy.ts";
import { type FseTable, fseTableOfOne, readFseTable } from "./fse-table.ts";
import type { Literals } from "./literals.ts";
import type { ReverseBits } from "./reverse-bits.ts";
import {
  LITERAL_LENGTH_CODES,
  LITERAL_LENGTHS,
  MATCH_LENGTH_CODES,
  MATCH_LENGTHS,
  OFFSET_CODES,
  type SequenceCodes,
} from "./sequence-codes.ts";

/** How a block tells its tables: two bits for each (RFC 8878 §3.1.1.3.2.1). */
const MODE = { predefined: 0, one: 1, described: 2, repeated: 3 } as const;

/** Up to so many offset bits fit into any window; more cannot lie inside the output. */
const OFFSET_CODE_MAX = 30;
/** As many bits as `ReverseBits` reads at once. */
const READ_BITS_MAX = 25;

export type OutputPlace = {
  readonly position: number;
  /** The first byte of the frame: matches do not reach back further. */
  readonly lowest: number;
  /** Where the output must end at the latest. */
  readonly room: number;
};

/**
 * Executes the sequences of compressed blocks: so many literals, then a match. Keeps tables and the
 * last three offsets, which later blocks of the same frame may ask for again.
 */
export class SequencesDecoder {
  readonly #bytes: Buffer;
  readonly #reader: ReverseBits;
  #literalLengths: FseTable | undefined;
  #offsets: FseTable | undefined;
  #matchLengths: FseTable | undefined;
  readonly #recent: [number, number, number] = [1, 4, 8];

  constructor(options: { readonly bytes: Buffer; readonly reader: ReverseBits }) {
    this.#bytes = options.bytes;
    this.#reader = options.reader;
  }

  /**
   * @param section what follows the literals in the block.
   * @returns the position after the output, or −1 when it does not fit into the room.
   * @throws ZoologError CORRUPT_MESSAGE.
   */
  execute(section: ByteRange, literals: Literals, target: Buffer, place: OutputPlace): number {
    const { count, end } = readCount(this.#bytes, section);
    if (count === 0) {
      if (end !== section.end) throw corruptMessage("a zstd block has bytes after its literals");
      return copyRest(literals, literals.start, target, place.position, place.room);
    }
    const streamStart = this.#readTables({ start: end, end: section.end });
    if (!this.#reader.open(streamStart, section.end)) {
      throw corruptMessage("a zstd block ends inside its sequences");
    }
    return this.#run(count, literals, target, place);
  }

  /**
   * The bit position is kept in a variable here, not in the reader: this loop is where the time
   * goes. Bits are checked once per sequence, after reading and before using them; until then at
   * most 11 bytes before the stream are read, which every frame has.
   */
  #run(count: number, literals: Literals, target: Buffer, place: OutputPlace): number {
    const { lengths, offsets, matches } = this.#tables();
    const { words, start } = this.#reader;
    let left = this.#reader.left - lengths.accuracyLog;
    let lengthState = bitsAt(words, start, left, lengths.accuracyLog);
    left -= offsets.accuracyLog;
    let offsetState = bitsAt(words, start, left, offsets.accuracyLog);
    left -= matches.accuracyLog;
    let matchState = bitsAt(words, start, left, matches.accuracyLog);
    let literal = literals.start;
    let out = place.position;
    for (let sequence = 1; ; sequence++) {
      const offsetEntry = at(offsets.states, offsetState);
      const offsetCode = offsetEntry & 0xff;
      if (offsetCode > OFFSET_CODE_MAX) throw corruptMessage("a zstd match reaches back too far");
      const lowBits = offsetCode > READ_BITS_MAX ? offsetCode - READ_BITS_MAX : 0;
      left -= offsetCode - lowBits;
      const offsetHigh = bitsAt(words, start, left, offsetCode - lowBits) << lowBits;
      left -= lowBits;
      const offsetValue = (1 << offsetCode) + offsetHigh + bitsAt(words, start, left, lowBits);

      const matchEntry = at(matches.states, matchState);
      const match = at(MATCH_LENGTHS, matchEntry & 0xff);
      left -= match >>> 24;
      const matchLength = (match & 0xff_ffff) + bitsAt(words, start, left, match >>> 24);

      const lengthEntry = at(lengths.states, lengthState);
      const length = at(LITERAL_LENGTHS, lengthEntry & 0xff);
      left -= length >>> 24;
      const literalLength = (length & 0xff_ffff) + bitsAt(words, start, left, length >>> 24);
      if (left < 0) throw corruptMessage("a zstd block ends inside its sequences");
      const distance = this.#distance(offsetValue, literalLength);

      if (literalLength > literals.end - literal) {
        throw corruptMessage("a zstd sequence takes more literals than there are");
      }
      if (literalLength + matchLength > place.room - out) return -1;
      copyLiterals(literals.bytes, literal, literalLength, target, out);
      literal += literalLength;
      out += literalLength;
      if (distance > out - place.lowest) {
        throw corruptMessage("a zstd match reaches back before the beginning");
      }
      copyMatch(target, out, distance, matchLength);
      out += matchLength;

      if (sequence === count) break;
      left -= stateBits(lengthEntry);
      lengthState = (lengthEntry >>> 16) + bitsAt(words, start, left, stateBits(lengthEntry));
      left -= stateBits(matchEntry);
      matchState = (matchEntry >>> 16) + bitsAt(words, start, left, stateBits(matchEntry));
      left -= stateBits(offsetEntry);
      offsetState = (offsetEntry >>> 16) + bitsAt(words, start, left, stateBits(offsetEntry));
    }
    if (left !== 0) throw corruptMessage("a zstd block's sequences do not end with it");
    return copyRest(literals, literal, target, out, place.room);
  }

  /** Values 1 to 3 repeat a recent offset (RFC 8878 §3.1.1.5). */
  #distance(offsetValue: number, literalLength: number): number {
    const recent = this.#recent;
    if (offsetValue > 3) {
      recent[2] = recent[1];
      recent[1] = recent[0];
      recent[0] = offsetValue - 3;
      return recent[0];
    }
    const index = literalLength === 0 ? offsetValue : offsetValue - 1;
    if (index === 0) return recent[0];
    const distance = index === 3 ? recent[0] - 1 : (recent[index] as number);
    if (distance === 0) throw corruptMessage("a zstd match has no distance");
    if (index > 1) recent[2] = recent[1];
    recent[1] = recent[0];
    recent[0] = distance;
    return distance;
  }

  #tables(): { lengths: FseTable; offsets: FseTable; matches: FseTable } {
    const [lengths, offsets, matches] = [this.#literalLengths, this.#offsets, this.#matchLengths];
    if (lengths === undefined || offsets === undefined || matches === undefined) {
      throw corruptMessage("a zstd block repeats a table that was never given");
    }
    return { lengths, offsets, matches };
  }

  /** @returns where the bit stream starts. */
  #readTables(section: ByteRange): number {
    if (section.start >= section.end)
      throw corruptMessage("a zstd block ends inside its sequences");
    const modes = this.#bytes.readUInt8(section.start);
    if ((modes & 0b11) !== 0) throw corruptMessage("a zstd block sets reserved bits");
    let start = section.start + 1;
    const read = (mode: number, codes: SequenceCodes, former: FseTable | undefined) => {
      const { table, end } = this.#readTable({ start, end: section.end }, mode, codes, former);
      start = end;
      return table;
    };
    this.#literalLengths = read(modes >>> 6, LITERAL_LENGTH_CODES, this.#literalLengths);
    this.#offsets = read((modes >>> 4) & 0b11, OFFSET_CODES, this.#offsets);
    this.#matchLengths = read((modes >>> 2) & 0b11, MATCH_LENGTH_CODES, this.#matchLengths);
    return start;
  }

  #readTable(
    range: ByteRange,
    mode: number,
    codes: SequenceCodes,
    former: FseTable | undefined,
  ): { readonly table: FseTable | undefined; readonly end: number } {
    if (mode === MODE.predefined) return { table: codes.defaultTable, end: range.start };
    if (mode === MODE.repeated) return { table: former, end: range.start };
    if (mode === MODE.described) return readFseTable(this.#bytes, range, codes);
    if (range.start >= range.end) throw corruptMessage("a zstd block ends inside its tables");
    const symbol = this.#bytes.readUInt8(range.start);
    if (symbol > codes.symbolMax) throw corruptMessage("a zstd table has an unknown symbol");
    return { table: fseTableOfOne(symbol), end: range.start + 1 };
  }
}

/** The number of sequences: one to three bytes. */
function readCount(bytes: Buffer, section: ByteRange): { count: number; end: number } {
  const { start, end } = section;
  const first = start < end ? bytes.readUInt8(start) : 0;
  const length = first < 128 ? 1 : first < 255 ? 2 : 3;
  if (end - start < length) throw corruptMessage("a zstd block ends before its sequences");
  if (length === 1) return { count: first, end: start + 1 };
  if (length === 2) {
    return { count: ((first - 128) << 8) + bytes.readUInt8(start + 1), end: start + 2 };
  }
  return { count: bytes.readUInt16LE(start + 1) + 0x7f00, end: start + 3 };
}

/** Literals that no sequence took end the block. */
function copyRest(
  literals: Literals,
  start: number,
  target: Buffer,
  position: number,
  room: number,
): number {
  const length = literals.end - start;
  if (length > room - position) return -1;
  copyLiterals(literals.bytes, start, length, target, position);
  return position + length;
}

/** `left` may be negative: the shifts are signed. */
function bitsAt(words: DataView, start: number, left: number, count: number): number {
  return (words.getInt32(start + (left >> 3), true) >>> (left & 7)) & ((1 << count) - 1);
}

const stateBits = (entry: number): number => (entry >>> 8) & 0xff;

// States and codes come out of tables that were checked; V8 inlines this.
const at = (table: Uint32Array, index: number): number => table[index] as number;
