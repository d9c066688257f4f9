import fc from "fast-check";
import { compilePattern } from "./topic-pattern.ts";

const matches = (pattern: string, name: string) => {
  const { pattern: compiled } = compilePattern(pattern);
  if (compiled === undefined) throw new Error(`${pattern} cannot be read`);
  return compiled.matches(name);
};

test.each([
  ["orders", ["orders"], ["order", "orders2", "Orders", ""]],
  ["orders.*", ["orders", "orders-eu", "orders.x"], ["my-orders"]],
  ["orders-(eu|us)", ["orders-eu", "orders-us"], ["orders-uk", "orders-"]],
  ["orders-(?:eu|us)?", ["orders-", "orders-eu"], ["orders-euus"]],
  ["^a$|^b$", ["a", "b"], ["ab", "^a"]],
  ["[a-c]+[^0-9]", ["ab", "cx"], ["a1", "x", "a"]],
  ["[-_.]", ["-", "_", "."], ["a"]],
  ["\\d{2,3}", ["12", "123"], ["1", "1234"]],
  ["\\d{2}", ["12"], ["1", "123"]],
  ["a{2,}?", ["aa", "aaaa"], ["a"]],
  ["[\\w]+\\.v\\d", ["orders.v1"], ["ordersxv1", "orders.vx"]],
  ["a||b", ["a", "b", ""], ["ab"]],
  ["(a*)*b", ["b", "aaab"], ["a"]],
  ["()*", [""], ["a"]],
])("%s", (pattern, yes, no) => {
  expect(yes.filter((name) => !matches(pattern, name))).toEqual([]);
  expect(no.filter((name) => matches(pattern, name))).toEqual([]);
});

test.each([
  ["(", "closed"],
  ["a)", "closes"],
  ["[a", "closed"],
  ["*", "before"],
  ["a**", "repetition"],
  ["a\\", "follows"],
  ["(?=a)", "(?:"],
  ["(a)\\1", "\\1"],
  ["a{3,2}", "wrong way"],
  ["a{1001}", "1000"],
  ["[z-a]", "wrong way"],
  ["a$b", "only at"],
  ["(a{100}){100}", "too much"],
  ["((((){1000}){1000}){1000}){1000}", "too much"],
  ["(".repeat(200), "deep"],
  ["a".repeat(1_025), "1024"],
])("%s is refused", (pattern, why) => {
  expect(compilePattern(pattern)).toMatchObject({ fault: expect.stringContaining(why) });
});

test("matches what JavaScript's own matcher does", () => {
  const atom = fc.constantFrom("a", "b", ".", "[ab]", "[^a]", "\\.", "-", "\\w");
  const { pattern } = fc.letrec<{ pattern: string; part: string }>((tie) => ({
    pattern: fc
      .array(fc.array(tie("part"), { minLength: 0, maxLength: 3 }), { minLength: 1, maxLength: 3 })
      .map((choices) => choices.map((parts) => parts.join("")).join("|")),
    part: fc.oneof(
      { depthSize: "small" },
      atom,
      fc
        .tuple(atom, fc.constantFrom("*", "+", "?", "{2}", "{1,2}", "{1,}", "*?"))
        .map(([a, q]) => a + q),
      fc
        .tuple(tie("pattern"), fc.constantFrom("", "*", "+", "?", "{0,2}"))
        .map(([inside, q]) => `(${inside})${q}`),
    ),
  }));
  const name = fc.array(fc.constantFrom("a", "b", ".", "-", "c"), { maxLength: 6 });

  fc.assert(
    fc.property(pattern, fc.array(name, { maxLength: 20 }), (source, names) => {
      const oracle = new RegExp(`^(?:${source})$`);
      for (const each of names.map((characters) => characters.join(""))) {
        expect(matches(source, each)).toBe(oracle.test(each));
      }
    }),
  );
});

test("what makes backtracking matchers run for years is a matter of one pass", () => {
  const name = "a".repeat(249);

  expect(matches("(a|a)*(a|a)*(a+)+b", name)).toBe(false);
  expect(matches("(.*a){12}.{200}", `${name}`)).toBe(true);
});
