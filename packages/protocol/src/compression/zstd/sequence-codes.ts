import { type FseTable, fseTable } from "./fse-table.ts";

/** What the three kinds of codes in a sequence mean (RFC 8878 §3.1.1.3.2.1.1). */
export type SequenceCodes = {
  readonly accuracyLogMax: number;
  readonly symbolMax: number;
  /** Used where a block brings no table of its own. */
  readonly defaultTable: FseTable;
};

/**
 * Lengths by code: the least one in bits 0–23, and in bits 24–31 how many bits of the stream are
 * added to it.
 */
function lengthTable(plainCodes: number, least: number, bits: readonly number[]): Uint32Array {
  const table = new Uint32Array(plainCodes + bits.length);
  let baseline = least;
  for (let code = 0; code < table.length; code++) {
    const extra = code < plainCodes ? 0 : (bits[code - plainCodes] as number);
    table[code] = baseline | (extra << 24);
    baseline += 1 << extra;
  }
  return table;
}

/** Literal lengths from 0, the first 16 codes plain. */
export const LITERAL_LENGTHS = lengthTable(
  16,
  0,
  [1, 1, 1, 1, 2, 2, 3, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16],
);

/** Match lengths from 3, the first 32 codes plain. */
export const MATCH_LENGTHS = lengthTable(
  32,
  3,
  [1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16],
);

export const LITERAL_LENGTH_CODES: SequenceCodes = {
  accuracyLogMax: 9,
  symbolMax: 35,
  defaultTable: fseTable(6, [
    ...[4, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 2, 1, 1, 1],
    ...[1, 1, -1, -1, -1, -1],
  ]),
};

export const MATCH_LENGTH_CODES: SequenceCodes = {
  accuracyLogMax: 9,
  symbolMax: 52,
  defaultTable: fseTable(6, [
    ...[1, 4, 3, 2, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1],
    ...[1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1, -1, -1],
  ]),
};

/** Offset code n: n more bits, and 2^n is added. */
export const OFFSET_CODES: SequenceCodes = {
  accuracyLogMax: 8,
  symbolMax: 31,
  defaultTable: fseTable(5, [
    ...[1, 1, 1, 1, 1, 1, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1],
  ]),
};
