import type { Row } from "./row.ts";
import { RowRecord } from "./row-record.ts";
import { formatResult, type RowResult, summaryOf } from "./row-report.ts";

function rowOf(id: string): Row {
  return {
    id,
    about: "nothing",
    expected: "0 lost",
    needs: [],
    length: { times: 1 },
    run: () => Promise.resolve(),
  };
}

function ran(id: string, fill: (record: RowRecord) => void = () => {}): RowResult {
  const record = new RowRecord();
  fill(record);
  return { row: rowOf(id), state: "ran", record, tookMs: 1_000 };
}

test("a row that was not run is not counted as passed", () => {
  const results: RowResult[] = [
    ran("P-01"),
    { row: rowOf("P-05"), state: "notRun", why: "loop volumes need root" },
  ];

  expect(summaryOf(results)).toBe(
    "1 of 2 rows passed, 0 failed, 1 not run (P-05); figures beyond the expected ones in 0",
  );
  expect(formatResult(results[1]!)).toBe("P-05: NOT RUN: loop volumes need root");
});

test("a violation fails a row, a figure beyond the expected one is only shown", () => {
  const failed = ran("P-02", (record) => record.violation("lost-write in partition 0"));
  const slow = ran("P-03", (record) =>
    record.figure({ what: "silent", value: 4_200, unit: "ms", atMost: 3_500 }),
  );

  expect(summaryOf([failed, slow])).toBe(
    "1 of 2 rows passed, 1 failed (P-02), 0 not run; figures beyond the expected ones in 1 (P-03)",
  );
  expect(formatResult(failed)).toContain("P-02: FAILED, 1 violations");
  expect(formatResult(slow)).toContain("silent: 4200 ms (expected at most 3500) BEYOND");
  expect(formatResult(slow)).toContain("P-03: passed, 0 violations, 1 figures beyond");
});

test("the largest of several values is the figure, and of none there is none", () => {
  const record = new RowRecord();

  record.worst([3, 7, 5], { what: "recovery", unit: "ms" });
  record.worst([], { what: "flaps", unit: "times" });

  expect(record.figures).toEqual([{ what: "recovery", unit: "ms", value: 7 }]);
});
