import { silentLogger } from "@zoolog/base";
import { ManualTime } from "@zoolog/testkit";
import { LagGauge } from "./lag-gauge.ts";

test("a round measures one group after the other, and leaves out who cannot be measured", async () => {
  const time = new ManualTime();
  const asked: string[] = [];
  const gauge = new LagGauge(
    { intervalMs: 1_000 },
    {
      groups: () => ["a", "b", "c"],
      measure: async (group) => {
        asked.push(group);
        if (group === "a") throw new Error("no leader");
        return group === "b" ? undefined : { lag: 7, lagMs: 70, unanswered: 0 };
      },
      scheduler: time.scheduler,
      logger: silentLogger,
    },
  );

  await time.advanceAndSettle(1_000);
  gauge.close();
  await time.advanceAndSettle(5_000);

  expect([...gauge.lags]).toEqual([["c", { lag: 7, lagMs: 70, unanswered: 0 }]]);
  expect(asked).toEqual(["a", "b", "c"]);
});

test("no more groups are measured than a scrape should show, and rounds do not overlap", async () => {
  const time = new ManualTime();
  let measured = 0;
  const held = new Promise<undefined>(() => {});
  const many = Array.from({ length: 1_000 }, (_, i) => `group-${i}`);
  const options = { scheduler: time.scheduler, logger: silentLogger, groups: () => many };
  const gauge = new LagGauge(
    { intervalMs: 1_000 },
    { ...options, measure: async () => ({ lag: 0, unanswered: 0 }) },
  );
  const slow = new LagGauge(
    { intervalMs: 1_000 },
    {
      ...options,
      measure: () => {
        measured += 1;
        return held;
      },
    },
  );

  await time.advanceAndSettle(3_000);
  gauge.close();
  slow.close();

  expect(gauge.lags.size).toBe(500);
  expect(measured).toBe(1);
});
