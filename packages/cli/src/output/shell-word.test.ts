import { shellWord } from "./shell-word.ts";

test.each([
  ["billing", "billing"],
  ["größe-日本", "größe-日本"],
  ["my group", "'my group'"],
  ["it's", "'it'\\''s'"],
  ["$(rm)", "'$(rm)'"],
  ["-y", "'-y'"],
  ["", "''"],
])("%j is pasted into a shell as %s", (name, word) => {
  expect(shellWord(name)).toBe(word);
});
