/**
 * CRC-32C (Castagnoli, reflected polynomial 0x82F63B78), the checksum of record batches.
 *
 * Native code is several times faster on long input, this table code on short input, where the
 * call into native code costs more than the sum itself. Both give the same number for every input.
 */

/** Below this many bytes the tables beat the call into native code. */
const NATIVE_BYTES_MIN = 256;

type NativeCrc32c = (bytes: Uint8Array, seed?: number) => number;

let nativeCrc32c: NativeCrc32c | undefined;

/**
 * @param seed the checksum of the bytes before these, to carry on with; 0 at the beginning.
 * @returns an unsigned 32-bit number.
 */
export function crc32c(bytes: Uint8Array, seed = 0): number {
  if (nativeCrc32c !== undefined && bytes.length >= NATIVE_BYTES_MIN) {
    return nativeCrc32c(bytes, seed);
  }
  return crc32cInJavaScript(bytes, seed);
}

/**
 * Makes `crc32c` use the native module from now on, where it is installed. Results do not change;
 * without this call, or where the module is missing, everything runs in JavaScript. Broker and
 * clients call it once when they start, so that importing this package costs nothing.
 *
 * @returns which implementation long input takes from now on.
 */
export async function loadNativeCrc32c(): Promise<"native" | "javascript"> {
  if (nativeCrc32c !== undefined) return "native";
  try {
    const { crc32c: native } = await import("@node-rs/crc32");
    // A binary for another machine could load and compute nonsense; the standard check value tells.
    if (native(Buffer.from("123456789")) === 0xe306_9283) nativeCrc32c = native;
  } catch {
    // An optional dependency: absent on platforms without a prebuilt binary.
  }
  return nativeCrc32c === undefined ? "javascript" : "native";
}

/** Slicing-by-16: `TABLES[k * 256 + b]` is the effect of byte `b` followed by `k` zero bytes. */
const TABLES = buildTables();

function buildTables(): Int32Array {
  const tables = new Int32Array(16 * 256);
  for (let byte = 0; byte < 256; byte++) {
    let sum = byte;
    for (let bit = 0; bit < 8; bit++) sum = sum & 1 ? (sum >>> 1) ^ 0x82f6_3b78 : sum >>> 1;
    tables[byte] = sum;
  }
  for (let index = 256; index < tables.length; index++) {
    const before = tables[index - 256] as number;
    tables[index] = (before >>> 8) ^ (tables[before & 0xff] as number);
  }
  return tables;
}

/** The implementation without native code; `crc32c` chooses between the two. */
export function crc32cInJavaScript(bytes: Uint8Array, seed = 0): number {
  const length = bytes.length;
  const slicedEnd = length - 15;
  let sum = ~seed;
  let i = 0;
  for (; i < slicedEnd; i += 16) {
    sum ^= byte(bytes, i) | (byte(bytes, i + 1) << 8) | (byte(bytes, i + 2) << 16);
    sum ^= byte(bytes, i + 3) << 24;
    sum =
      entry(0xf00 | (sum & 0xff)) ^
      entry(0xe00 | ((sum >>> 8) & 0xff)) ^
      entry(0xd00 | ((sum >>> 16) & 0xff)) ^
      entry(0xc00 | (sum >>> 24)) ^
      entry(0xb00 | byte(bytes, i + 4)) ^
      entry(0xa00 | byte(bytes, i + 5)) ^
      entry(0x900 | byte(bytes, i + 6)) ^
      entry(0x800 | byte(bytes, i + 7)) ^
      entry(0x700 | byte(bytes, i + 8)) ^
      entry(0x600 | byte(bytes, i + 9)) ^
      entry(0x500 | byte(bytes, i + 10)) ^
      entry(0x400 | byte(bytes, i + 11)) ^
      entry(0x300 | byte(bytes, i + 12)) ^
      entry(0x200 | byte(bytes, i + 13)) ^
      entry(0x100 | byte(bytes, i + 14)) ^
      entry(byte(bytes, i + 15));
  }
  for (; i < length; i++) sum = (sum >>> 8) ^ entry((sum ^ byte(bytes, i)) & 0xff);
  return ~sum >>> 0;
}

// The loop bounds prove what the casts say; V8 inlines both, so they cost nothing.
const byte = (bytes: Uint8Array, index: number): number => bytes[index] as number;
const entry = (index: number): number => TABLES[index] as number;
