import { ReadingPace } from "./reading-pace.ts";

test("the pace is what came since the last look, by the time in which it was read", () => {
  const pace = new ReadingPace(1_000);
  pace.received(30_000);
  const first = pace.look(2_000);
  pace.received(1_000);
  pace.setReading(false, 3_000);
  const second = pace.look(9_000);
  pace.setReading(true, 10_000);
  pace.received(4_000);

  expect([first, second, pace.look(12_000)]).toEqual([30, 1, 2]);
});

test("too little reading says nothing: what was said before stays", () => {
  const pace = new ReadingPace(0);
  const early = pace.look(99);
  pace.received(200);
  const said = pace.look(100);
  pace.setReading(false, 150);
  pace.setReading(false, 5_000);
  const stopped = pace.look(6_000);
  pace.setReading(true, 6_000);
  pace.setReading(true, 6_040);

  expect([early, said, stopped, pace.look(6_050)]).toEqual([undefined, 2, 2, 0]);
});
