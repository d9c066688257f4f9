import { ReadingPace } from "./reading-pace.ts";

function begunAt(now: number): ReadingPace {
  const pace = new ReadingPace();
  pace.setReading(true, now);
  return pace;
}

test("the pace is what came since the last look, by the time in which it was read", () => {
  const pace = begunAt(1_000);
  pace.received(30_000);
  const first = pace.look(2_000);
  pace.received(1_000);
  pace.setReading(false, 3_000);
  const second = pace.look(9_000);
  pace.setReading(true, 10_000);
  pace.setReading(true, 11_000);
  pace.received(4_000);

  expect([first, second, pace.look(12_000)]).toEqual([30, 1, 2]);
});

test("too little reading says nothing, and counts at the next look", () => {
  const pace = begunAt(0);
  pace.received(1_000);
  const early = pace.look(499);
  pace.setReading(false, 499);
  const stopped = pace.look(5_000);
  pace.setReading(true, 5_000);

  expect([early, stopped, pace.look(5_001)]).toEqual([undefined, undefined, 2]);
});

test("the time of reading is that of the whole request, looks and pauses notwithstanding", () => {
  const pace = begunAt(1_000);
  pace.look(2_000);
  pace.setReading(false, 3_000);
  const paused = pace.readMs(50_000);
  pace.setReading(true, 50_000);

  expect([paused, pace.readMs(50_500)]).toEqual([2_000, 2_500]);
});
