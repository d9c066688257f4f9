/**
 * Kafka's variable-length integers inside records: zigzag, then 7 bits a byte, lowest first, the
 * top bit set on all but the last. A varint holds 32 bits (at most 5 bytes), a varlong 64 (10).
 * Readers are in record-reader.ts, where the position lives.
 */
export const VARINT_BYTES_MAX = 5;

/** @param value a signed 32-bit integer. */
export function varintSize(value: number): number {
  const zigzag = ((value << 1) ^ (value >> 31)) >>> 0;
  if (zigzag < 0x80) return 1;
  if (zigzag < 0x4000) return 2;
  if (zigzag < 0x20_0000) return 3;
  return zigzag < 0x1000_0000 ? 4 : 5;
}

/** @param value any safe integer. */
export function varlongSize(value: number): number {
  if (value === (value | 0)) return varintSize(value);
  // Beyond 32 bits: count 7-bit groups of the zigzag number, 2v or -2v-1, by its half.
  let half = value < 0 ? -(value + 1) : value;
  let size = 1;
  for (half = Math.floor(half / 0x40); half > 0; half = Math.floor(half / 0x80)) size++;
  return size;
}

/**
 * @param value a signed 32-bit integer.
 * @returns the position after it.
 */
export function writeVarint(bytes: Uint8Array, value: number, position: number): number {
  let rest = ((value << 1) ^ (value >> 31)) >>> 0;
  let at = position;
  while (rest > 0x7f) {
    bytes[at++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  bytes[at++] = rest;
  return at;
}

/**
 * @param value any safe integer.
 * @returns the position after it.
 */
export function writeVarlong(bytes: Uint8Array, value: number, position: number): number {
  if (value === (value | 0)) return writeVarint(bytes, value, position);
  const highWord = Math.floor(value / 0x1_0000_0000);
  const lowWord = (value - highWord * 0x1_0000_0000) >>> 0;
  const sign = highWord < 0 ? -1 : 0;
  let high = (((highWord << 1) | (lowWord >>> 31)) ^ sign) >>> 0;
  let low = ((lowWord << 1) ^ sign) >>> 0;
  let at = position;
  while (high !== 0 || low > 0x7f) {
    bytes[at++] = (low & 0x7f) | 0x80;
    low = ((low >>> 7) | (high << 25)) >>> 0;
    high >>>= 7;
  }
  bytes[at++] = low;
  return at;
}
