import fc from "fast-check";
import { LatencyHistogram } from "./latency-histogram.ts";

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
