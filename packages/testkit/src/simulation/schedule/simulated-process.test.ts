import { seededRandom } from "../../seeded-random.ts";
import { Schedule } from "./schedule.ts";
import { SimulatedProcess } from "./simulated-process.ts";
import { Trace } from "./trace.ts";

function given() {
  const schedule = new Schedule({ random: seededRandom(1), trace: new Trace() });
  const process = new SimulatedProcess("p", { schedule, random: seededRandom(2) });
  const seen: number[] = [];
  return { schedule, process, seen, note: () => void seen.push(schedule.nowMs) };
}

test("what falls due while a process is paused happens in a burst when it goes on", async () => {
  const { schedule, process, seen, note } = given();
  for (const ms of [10, 20, 300]) process.scheduler.after(ms, note);
  process.pause();
  await schedule.run({ atMs: 100 });
  expect(seen).toEqual([]);
  process.resume();
  await schedule.run({});
  expect(seen).toEqual([100, 100, 300]);
});

test("what was cancelled by the first of a burst does not happen", async () => {
  const { schedule, process, seen, note } = given();
  process.scheduler.after(10, () => later.cancel());
  const later = process.scheduler.after(20, note);
  process.pause();
  await schedule.run({ atMs: 100 });
  process.resume();
  await schedule.run({});
  expect(seen).toEqual([]);
});

test("nothing of a killed process happens, whether it was paused or not", async () => {
  const { schedule, process, seen, note } = given();
  process.scheduler.every(10, note);
  process.pause();
  await schedule.run({ atMs: 100 });
  process.kill();
  process.resume();
  process.receive(note);
  await schedule.run({ atMs: 200 });
  expect([seen, process.isAlive]).toEqual([[], false]);
});

test("a clock that runs fast lets its timers fire early by true time", async () => {
  const { schedule, process, seen, note } = given();
  process.drift(2);
  process.scheduler.after(100, note);
  await schedule.run({});
  expect(seen).toEqual([50]);
  expect(process.clock.monotonic()).toBe(100);
});

test("a jump of the wall clock leaves the monotonic clock and timers alone", async () => {
  const { schedule, process, seen, note } = given();
  const before = process.clock.now();
  process.scheduler.after(100, note);
  process.jumpWallClock(-3_600_000);
  await schedule.run({});
  expect(seen).toEqual([100]);
  expect(process.clock.monotonic()).toBe(100);
  expect(process.clock.now() - before).toBe(100 - 3_600_000);
});
