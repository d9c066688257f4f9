import { equalInConstantTime, hmacSha256 } from "./hmac.ts";

test("is HMAC-SHA256 (RFC 4231, test case 2)", () => {
  const mac = hmacSha256(Buffer.from("Jefe"), "what do ya want for nothing?");

  expect(Buffer.from(mac).toString("hex")).toBe(
    "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
  );
});

test("bytes are equal when all of them are, and there are as many", () => {
  const bytes = Buffer.from("abc");

  expect(equalInConstantTime(bytes, Buffer.from("abc"))).toBe(true);
  expect(equalInConstantTime(bytes, Buffer.from("abd"))).toBe(false);
  expect(equalInConstantTime(bytes, Buffer.from("abcd"))).toBe(false);
});
