import { readFileSync } from "node:fs";
import fc from "fast-check";
import type { FormattedRecord } from "../output/record-format.ts";
import { VERSION } from "../version.ts";
import { LatencyHistogram } from "./latency-histogram.ts";
import { NewestRecords } from "./newest-records.ts";

const recordAt = (timestamp: number, partition: number, offset: number): FormattedRecord => ({
  topic: "t",
  partition,
  offset,
  timestamp,
  keyBytes: undefined,
  valueBytes: undefined,
  headers: [],
});

test("the newest records are those that sorting all of them would give", () => {
  const records = fc.uniqueArray(
    fc.tuple(fc.nat({ max: 50 }), fc.nat({ max: 3 }), fc.nat({ max: 100 })),
    { selector: ([, partition, offset]) => `${partition}-${offset}` },
  );
  fc.assert(
    fc.property(records, fc.nat({ max: 20 }), (all, count) => {
      const newest = new NewestRecords(count);
      for (const [timestamp, partition, offset] of all) {
        newest.add(recordAt(timestamp, partition, offset));
      }

      const key = (r: FormattedRecord) => [r.timestamp, r.offset, r.partition];
      const sorted = all
        .map(([timestamp, partition, offset]) => [timestamp, offset, partition])
        .sort((a, b) => a[0]! - b[0]! || a[1]! - b[1]! || a[2]! - b[2]!);
      expect(newest.oldestFirst().map(key)).toEqual(count === 0 ? [] : sorted.slice(-count));
    }),
  );
});

test("percentiles are within one percent of the exact ones", () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 0.2, max: 60_000, noNaN: true }), { minLength: 1, maxLength: 300 }),
      fc.constantFrom(0.5, 0.95, 0.99, 1),
      (durations, share) => {
        const histogram = new LatencyHistogram();
        for (const duration of durations) histogram.record(duration);

        const sorted = [...durations].sort((a, b) => a - b);
        const exact = sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]!;
        expect(histogram.percentile(share)).toBeGreaterThanOrEqual(exact * 0.99);
        expect(histogram.percentile(share)).toBeLessThanOrEqual(exact * 1.01 + 0.001);
      },
    ),
  );
});

test("a histogram of nothing answers nothing", () => {
  expect(new LatencyHistogram().percentile(0.99)).toBe(0);
});

test("the version is that of the package", () => {
  const { version } = JSON.parse(readFileSync("packages/cli/package.json", "utf8"));

  expect(VERSION).toBe(version);
});
