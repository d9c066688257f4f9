import { Coverage } from "./coverage.ts";

const LOGS = [
  {
    key: "0",
    records: [
      [0, "a"],
      [1, "b"],
      [2, "c"],
    ],
  },
  { key: "1", records: [[0, "d"]] },
] as const;

test("a reader that was handed out everything, some of it twice, lacks nothing", () => {
  const coverage = new Coverage();
  coverage.add("0", [
    [0, "k", "a"],
    [1, "k", "b"],
  ]);
  coverage.add("0", [
    [1, "k", "b"],
    [2, "k", "c"],
  ]);
  coverage.add("1", [[0, "k", "d"]]);
  expect(coverage.gaps(LOGS)).toEqual([]);
  expect(coverage.covers(LOGS)).toBe(true);
});

test("what nobody was handed out is said, partition by partition", () => {
  const coverage = new Coverage();
  coverage.add("0", [
    [0, "k", "a"],
    [2, "k", "c"],
  ]);
  expect(coverage.gaps(LOGS)).toEqual([
    "1 of 3 in partition 0, from 1 on",
    "1 of 1 in partition 1, from 0 on",
  ]);
});

test("as many offsets as a log has records are not yet all of them", () => {
  const coverage = new Coverage();
  coverage.add("0", [
    [0, "k", "a"],
    [1, "k", "b"],
    [7, "k", "h"],
  ]);
  coverage.add("1", [[0, "k", "d"]]);
  expect(coverage.covers(LOGS)).toBe(false);
});
