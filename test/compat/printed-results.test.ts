import type { CheckResult } from "./check.ts";
import { printedResults } from "./printed-results.ts";

function line(check: string, ok: boolean, version = "1"): string {
  const result: CheckResult = { client: "kcat", version, check, ok, detail: "" };
  return JSON.stringify(result);
}

test("what was tried again counts as it was seen last, in its first place", () => {
  const first = [line("a", true), line("b", false), "1 passed, 1 failed, 0 not run"].join("\n");
  const second = [line("b", true), line("b", false, "2")].join("\n");

  const results = printedResults([first, second]);

  expect(results.map(({ check, version, ok }) => [check, version, ok])).toEqual([
    ["a", "1", true],
    ["b", "1", true],
    ["b", "2", false],
  ]);
});
