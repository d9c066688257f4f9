import type { Random } from "@zoolog/base";
import fc from "fast-check";
import { backoffDelayMs } from "./backoff.ts";

const options = { backoffMs: 100, backoffMaxMs: 1_000 };
const fixed = (next: number): Random => ({
  next: () => next,
  bytes: () => new Uint8Array(),
  uuid: () => "",
});

test("the wait doubles with each failure up to its maximum", () => {
  const waits = [1, 2, 3, 4, 5, 6].map((n) => backoffDelayMs(n, options, fixed(0.5)));

  expect(waits).toEqual([100, 200, 400, 800, 1_000, 1_000]);
});

test("the wait stays within a fifth of its nominal value, however many failures", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 10_000 }),
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      (failures, chance) => {
        const delayMs = backoffDelayMs(failures, options, fixed(chance));

        expect(delayMs).toBeGreaterThanOrEqual(80);
        expect(delayMs).toBeLessThanOrEqual(1_200);
      },
    ),
  );
});

test("two clients with different chance come back at different times", () => {
  expect(backoffDelayMs(1, options, fixed(0))).toBe(80);
  expect(backoffDelayMs(1, options, fixed(0.99))).toBe(120);
});
