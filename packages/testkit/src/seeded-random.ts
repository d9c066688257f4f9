import type { Random } from "@zoolog/base";

/**
 * Chance that repeats: equal seeds give equal sequences on every machine. (sfc32 over a splitmix32
 * seed: 32-bit integer steps only, so no rounding differs anywhere.)
 */
export function seededRandom(seed: number): Random {
  const nextWord = sfc32(seed);
  const bytes = (length: number): Uint8Array => {
    const result = new Uint8Array(length);
    for (let i = 0; i < length; i++) result[i] = nextWord() >>> 24;
    return result;
  };
  return {
    next: () => nextWord() / 2 ** 32,
    bytes,
    uuid: () => uuidOf(bytes(16)),
  };
}

function sfc32(seed: number): () => number {
  let word = seed | 0;
  const seedWord = (): number => {
    word = (word + 0x9e3779b9) | 0;
    let mixed = Math.imul(word ^ (word >>> 16), 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
    return mixed ^ (mixed >>> 16);
  };
  let [a, b, c, counter] = [seedWord(), seedWord(), seedWord(), 1];
  const step = (): number => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return sum >>> 0;
  };
  for (let i = 0; i < 12; i++) step();
  return step;
}

function uuidOf(bytes: Uint8Array): string {
  bytes[6] = (bytes[6]! & 0x0f) | 0x40;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = Buffer.from(bytes).toString("hex");
  return [8, 12, 16, 20, 32].map((end, i) => hex.slice([0, 8, 12, 16, 20][i], end)).join("-");
}
