import { ENCODED_NAME_LENGTH_MAX, encodedNameFault } from "./encoded-name.ts";

const MAX = ENCODED_NAME_LENGTH_MAX;

test.each([
  ["x".repeat(MAX), undefined],
  ["x".repeat(MAX + 1), `has at most ${MAX} characters, encoded as in a URL; this one ${MAX + 1}`],
  ["ü".repeat(Math.floor(MAX / 6)), undefined],
  [
    "ü".repeat(Math.floor(MAX / 6) + 1),
    `has at most ${MAX} characters, encoded as in a URL; this one 1026`,
  ],
  ["a\ud800", "is text that can be encoded; half of a surrogate pair is not"],
  ["😀", undefined],
])("%# is judged by what a znode is called", (id, fault) => {
  expect(encodedNameFault(id)).toBe(fault);
});

test("who puts more behind it has less room", () => {
  expect(encodedNameFault("abc", 3)).toBeUndefined();
  expect(encodedNameFault("abcd", 3)).toBe(
    "has at most 3 characters, encoded as in a URL; this one 4",
  );
});
