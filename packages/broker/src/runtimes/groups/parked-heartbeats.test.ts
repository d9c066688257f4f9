import { ManualTime } from "@zoolog/testkit";
import { GroupBudget } from "./group-budget.ts";
import { ParkedHeartbeats } from "./parked-heartbeats.ts";

const LISTENING = new AbortController().signal;

function setUp() {
  const time = new ManualTime();
  const budget = new GroupBudget();
  const parked = new ParkedHeartbeats({ scheduler: time.scheduler, budget });
  const outcomes: string[] = [];
  const park = (memberId: string, signal = LISTENING): void => {
    void parked.park(memberId, { waitMs: 5_000, signal }).then(
      (hasWaited) => outcomes.push(`${memberId} ${hasWaited ? "woken" : "turned away"}`),
      (error: Error) => outcomes.push(`${memberId} ${error.message}`),
    );
  };
  return { time, budget, parked, outcomes, park };
}

test("only members with news are answered before their time is up", async () => {
  const { time, parked, outcomes, park } = setUp();
  park("m1");
  park("m2");

  parked.wake((memberId) => memberId === "m2");
  await time.advanceAndSettle(4_999);
  const before = [...outcomes];
  await time.advanceAndSettle(1);

  expect([before, outcomes]).toEqual([["m2 woken"], ["m2 woken", "m1 woken"]]);
});

test("a member waits once: the older of its heartbeats is answered", async () => {
  const { time, outcomes, park } = setUp();
  park("m1");
  park("m1");
  await time.advanceAndSettle(0);
  expect(outcomes).toEqual(["m1 woken"]);
});

test("who hangs up, and whose group is given up, waits no longer and holds no place", async () => {
  const { time, budget, parked, outcomes, park } = setUp();
  const caller = new AbortController();
  park("m1", caller.signal);
  park("m2");

  caller.abort(new Error("gone"));
  parked.end(new Error("not here"));
  await time.advanceAndSettle(0);

  expect(outcomes).toEqual(["m1 gone", "m2 not here"]);
  expect(budget.parked).toBe(0);
});

test("beyond the broker's places heartbeats are answered at once", async () => {
  const { time, budget, outcomes, park } = setUp();
  let places = 0;
  while (budget.park()) places += 1;

  park("m1");
  await time.advanceAndSettle(0);

  expect(outcomes).toEqual(["m1 turned away"]);
  expect(budget.parked).toBe(places);
});
