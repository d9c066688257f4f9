import { seededRandom } from "../../seeded-random.ts";
import { drawSettings } from "./draw-settings.ts";

test("no follower may wait for its leader's answer for longer than it may lag", () => {
  const drawn = Array.from({ length: 500 }, (_, seed) => drawSettings(seededRandom(seed)));

  const times = drawn.map((settings) => [
    Number(settings["replica.fetch.wait.max.ms"] ?? 500),
    Number(settings["replica.lag.time.max.ms"] ?? 30_000),
  ]);

  expect(times).toContainEqual([2_000, 3_000]);
  expect(times).toContainEqual([500, 500]);
  for (const [waitMs = 0, lagMs = 0] of times) expect(waitMs).toBeLessThanOrEqual(lagMs);
});
