import { corruptMessage } from "../../errors.ts";

/**
 * A decoding table of Finite State Entropy (RFC 8878 §4.1). Each state is one number: the symbol it
 * stands for in bits 0–7, and how the next state is made from a baseline (bits 16–31) and so many
 * bits of the stream (bits 8–15).
 */
export type FseTable = { readonly accuracyLog: number; readonly states: Uint32Array };

/** A table with one state: every symbol is this one. */
export function fseTableOfOne(symbol: number): FseTable {
  return { accuracyLog: 0, states: Uint32Array.of(symbol) };
}

/** @param counts share of each symbol in 2^accuracyLog states; −1 means less than one. */
export function fseTable(accuracyLog: number, counts: readonly number[]): FseTable {
  const size = 1 << accuracyLog;
  const symbols = new Uint8Array(size);
  let highest = size - 1;
  counts.forEach((count, symbol) => {
    if (count === -1) symbols[highest--] = symbol;
  });
  const step = (size >>> 1) + (size >>> 3) + 3;
  let position = 0;
  counts.forEach((count, symbol) => {
    for (let i = 0; i < count; i++) {
      symbols[position] = symbol;
      do position = (position + step) & (size - 1);
      while (position > highest);
    }
  });
  const next = counts.map((count) => (count === -1 ? 1 : count));
  const states = new Uint32Array(size);
  for (let state = 0; state < size; state++) {
    const symbol = symbols[state] as number;
    const occurrence = next[symbol] as number;
    next[symbol] = occurrence + 1;
    const count = accuracyLog - (31 - Math.clz32(occurrence));
    const baseline = (occurrence << count) - size;
    states[state] = symbol | (count << 8) | (baseline << 16);
  }
  return { accuracyLog, states };
}

export type FseDescription = { readonly table: FseTable; readonly end: number };

/**
 * Reads a table's description (RFC 8878 §4.1.1): the accuracy, then a count per symbol in as few
 * bits as the counts so far leave possible.
 *
 * @throws ZoologError CORRUPT_MESSAGE.
 */
export function readFseTable(
  bytes: Buffer,
  range: { readonly start: number; readonly end: number },
  limits: { readonly accuracyLogMax: number; readonly symbolMax: number },
): FseDescription {
  const bits = new ForwardBits(bytes, range.start, range.end);
  const accuracyLog = bits.read(4) + 5;
  if (accuracyLog > limits.accuracyLogMax) throw corruptMessage("a zstd table is too precise");
  const counts: number[] = [];
  let remaining = 1 << accuracyLog;
  while (remaining > 0) {
    if (counts.length > limits.symbolMax) throw corruptMessage("a zstd table has too many symbols");
    const count = readCount(bits, remaining);
    remaining -= Math.abs(count);
    counts.push(count);
    if (count === 0) {
      for (let repeat = 3; repeat === 3; ) {
        repeat = bits.read(2);
        for (let i = 0; i < repeat; i++) counts.push(0);
        if (counts.length > limits.symbolMax) {
          throw corruptMessage("a zstd table has too many symbols");
        }
      }
    }
  }
  return { table: fseTable(accuracyLog, counts), end: bits.end };
}

/** A value up to `remaining + 1`; small ones take a bit less. The count is the value less one. */
function readCount(bits: ForwardBits, remaining: number): number {
  const width = 32 - Math.clz32(remaining + 1);
  const shortLimit = (1 << width) - 1 - (remaining + 1);
  const short = bits.read(width - 1);
  if (short < shortLimit) return short - 1;
  const value = short + (bits.read(1) << (width - 1));
  return (value >= 1 << (width - 1) ? value - shortLimit : value) - 1;
}

/** Bits from the lowest of the first byte on. */
class ForwardBits {
  readonly #bytes: Buffer;
  readonly #endBit: number;
  #bit: number;

  constructor(bytes: Buffer, start: number, end: number) {
    this.#bytes = bytes;
    this.#bit = start * 8;
    this.#endBit = end * 8;
  }

  read(count: number): number {
    if (this.#bit + count > this.#endBit) throw corruptMessage("a zstd table is cut off");
    let value = 0;
    for (let i = 0; i < count; i++, this.#bit++) {
      const byte = this.#bytes[this.#bit >>> 3] as number;
      value |= ((byte >>> (this.#bit & 7)) & 1) << i;
    }
    return value;
  }

  /** The byte after the last one touched. */
  get end(): number {
    return (this.#bit + 7) >>> 3;
  }
}
