import fc from "fast-check";
import { crc32c, crc32cInJavaScript, loadNativeCrc32c } from "./crc32c.ts";

/** RFC 3720, appendix B.4: 32 bytes each, and their CRC-32C. */
const RFC_3720: [string, Buffer, number][] = [
  ["zeros", Buffer.alloc(32), 0x8a91_36aa],
  ["ones", Buffer.alloc(32, 0xff), 0x62a8_ab43],
  ["rising bytes", Buffer.from(Array.from({ length: 32 }, (_, i) => i)), 0x46dd_794e],
  ["falling bytes", Buffer.from(Array.from({ length: 32 }, (_, i) => 31 - i)), 0x113f_db5c],
];

test.each(RFC_3720)("%s have the checksum of the standard", (_, bytes, expected) => {
  expect(crc32cInJavaScript(bytes)).toBe(expected);
});

test("the check value is that of Castagnoli's polynomial, not of zlib's", () => {
  expect(crc32c(Buffer.from("123456789"))).toBe(0xe306_9283);
  expect(crc32c(Buffer.alloc(0))).toBe(0);
});

test("the native code is taken here and agrees with the tables at every length and start", async () => {
  expect(await loadNativeCrc32c()).toBe("native");

  const bytes = Buffer.from(Array.from({ length: 1100 }, (_, i) => (i * 7919) >>> 3));
  for (let length = 0; length < 1050; length++) {
    const part = bytes.subarray(length % 37, (length % 37) + length);
    expect(crc32c(part)).toBe(crc32cInJavaScript(part));
  }
});

test("a sum can be carried on from the bytes before, in either implementation", async () => {
  await loadNativeCrc32c();
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 2000 }), fc.nat(), (bytes, place) => {
      const cut = place % (bytes.length + 1);
      const [head, tail] = [bytes.subarray(0, cut), bytes.subarray(cut)];
      const whole = crc32cInJavaScript(bytes);
      expect(crc32cInJavaScript(tail, crc32cInJavaScript(head))).toBe(whole);
      expect(crc32c(tail, crc32c(head))).toBe(whole);
    }),
  );
});
