import { xxhash32 } from "./xxhash32.ts";

/** From the xxHash specification's sanity tests: a generated buffer, seed 0. */
const SANITY: [number, number][] = [
  [0, 0x02cc_5d05],
  [1, 0xcf65_b03e],
  [14, 0x1208_e7e2],
  [222, 0x5bd1_1dbd],
];

/** The buffer that those tests are defined over. */
function sanityBuffer(): Buffer {
  const bytes = Buffer.alloc(256);
  const prime = 11_400_714_785_074_694_797n;
  let state = 2_654_435_761n;
  for (let i = 0; i < bytes.length; i++) {
    bytes[i] = Number(state >> 56n);
    state = BigInt.asUintN(64, state * prime);
  }
  return bytes;
}

test.each(SANITY)("%i bytes have the hash of the specification", (length, expected) => {
  expect(xxhash32(sanityBuffer(), 0, length)).toBe(expected);
});
