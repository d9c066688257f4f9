import type { CheckResult } from "./check.ts";

/** Of what runs have printed, one after the other: what was tried again counts as it was seen last. */
export function printedResults(runs: readonly string[]): CheckResult[] {
  const results = runs
    .flatMap((printed) => printed.split("\n"))
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as CheckResult);
  const keyOf = ({ client, version, check }: CheckResult) => `${client} ${version} ${check}`;
  return [...new Map(results.map((result) => [keyOf(result), result])).values()];
}
