import { sleep } from "@zoolog/base";
import { ManualTime } from "./manual-time.ts";

test("timers fire in the order of their due times, equal ones in the order they were set", () => {
  const time = new ManualTime();
  const fired: string[] = [];
  time.scheduler.after(20, () => fired.push("b"));
  time.scheduler.after(10, () => fired.push("a"));
  time.scheduler.after(20, () => fired.push("c"));
  time.scheduler.after(31, () => fired.push("late"));

  time.advance(30);

  expect(fired).toEqual(["a", "b", "c"]);
  expect(time.clock.monotonic()).toBe(30);
  expect(time.pendingTimers).toBe(1);
});

test("a loop that sleeps runs to the end within one settling advance", async () => {
  const time = new ManualTime({ startAt: 1_000 });
  const times: number[] = [];
  const loop = (async () => {
    for (let i = 0; i < 3; i++) {
      await sleep(time.scheduler, 10);
      times.push(time.clock.now());
    }
  })();

  await time.advanceAndSettle(100);
  await loop;

  expect(times).toEqual([1_010, 1_020, 1_030]);
  expect(time.clock.now()).toBe(1_100);
});

test("a periodic timer fires once per period until it is cancelled", () => {
  const time = new ManualTime();
  let count = 0;
  const timer = time.scheduler.every(10, () => count++);

  time.advance(35);
  timer.cancel();
  time.advance(100);

  expect(count).toBe(3);
});

test("the wall clock jumps without moving durations", () => {
  const time = new ManualTime({ startAt: 5_000 });

  time.jumpWallClock(-3_000);

  expect(time.clock.now()).toBe(2_000);
  expect(time.clock.monotonic()).toBe(0);
});
