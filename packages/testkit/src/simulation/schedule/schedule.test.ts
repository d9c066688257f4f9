import { seededRandom } from "../../seeded-random.ts";
import { Schedule } from "./schedule.ts";
import { Trace } from "./trace.ts";

function scheduleOf(seed: number): Schedule {
  return new Schedule({ random: seededRandom(seed), trace: new Trace() });
}

/** What happens when several actors want something at the same time. */
async function orderOf(seed: number): Promise<{ order: string[]; hash: string }> {
  const schedule = scheduleOf(seed);
  const order: string[] = [];
  for (const actor of ["a", "b", "c", "d"]) {
    for (const nth of [1, 2]) schedule.after(5, actor, "test", () => order.push(`${actor}${nth}`));
  }
  await schedule.run({});
  return { order, hash: schedule.trace.hash };
}

test("events happen at their times, whatever the order they were asked for", async () => {
  const schedule = scheduleOf(1);
  const times: number[] = [];
  for (const ms of [7, 3, 9, 1, 3]) {
    schedule.after(ms, "a", "test", () => times.push(schedule.nowMs));
  }
  await schedule.run({});
  expect(times).toEqual([1, 3, 3, 7, 9]);
});

test("a seed draws the order of actors, and the same one again", async () => {
  const runs = await Promise.all([1, 2, 3, 4, 5, 6].map(orderOf));
  expect(new Set(runs.map(({ order }) => order.join())).size).toBeGreaterThan(1);
  expect(await orderOf(1)).toEqual(runs[0]);
  for (const { order } of runs) {
    for (const actor of ["a", "b", "c", "d"]) {
      expect(order.indexOf(`${actor}1`)).toBeLessThan(order.indexOf(`${actor}2`));
    }
  }
});

test("promises go on before the next event", async () => {
  const schedule = scheduleOf(1);
  const seen: string[] = [];
  schedule.after(1, "a", "test", () => {
    void (async () => {
      for (let turn = 0; turn < 50; turn++) await undefined;
      seen.push("promise");
    })();
  });
  schedule.after(1, "a", "test", () => seen.push("event"));
  await schedule.run({});
  expect(seen).toEqual(["promise", "event"]);
});

test("a cancelled event does not happen, and leaves no trace", async () => {
  const schedule = scheduleOf(1);
  const seen: string[] = [];
  schedule.after(1, "a", "test", () => seen.push("cancelled")).cancel();
  await schedule.run({ atMs: 10 });
  expect([seen, schedule.trace.count, schedule.nowMs]).toEqual([[], 0, 10]);
});

test("thousands of cancelled events are swept, and the others happen in their order", async () => {
  const schedule = scheduleOf(1);
  const times: number[] = [];
  const timers = Array.from({ length: 5_000 }, (_, i) =>
    schedule.after((i * 7_919) % 5_000, `${i % 7}`, "test", () => times.push(schedule.nowMs)),
  );
  for (const [i, timer] of timers.entries()) if (i % 10 !== 0) timer.cancel();
  expect(schedule.pending).toBe(500);
  await schedule.run({});
  expect(times).toHaveLength(500);
  expect(times).toEqual([...times].sort((a, b) => a - b));
  expect(schedule.pending).toBe(0);
});

test("an error in an event ends the run, and the next run goes on behind it", async () => {
  const schedule = scheduleOf(1);
  const seen: string[] = [];
  schedule.after(1, "a", "test", () => {
    throw new Error("broken");
  });
  schedule.after(2, "a", "test", () => seen.push("event"));
  await expect(schedule.run({})).rejects.toThrow("broken");
  await schedule.run({});
  expect(seen).toEqual(["event"]);
});
