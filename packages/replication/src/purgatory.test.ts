import { ManualTime } from "@zoolog/testkit";
import { type ParkedOperation, Purgatory } from "./purgatory.ts";

function setUp(options: { operationsMax?: number } = {}) {
  const time = new ManualTime();
  const purgatory = new Purgatory({ operationsMax: options.operationsMax ?? 100 }, time);
  return { time, purgatory };
}

/** Completes as soon as `ready` is set; remembers how it ended. */
class Waiting implements ParkedOperation {
  ready = false;
  answers: string[] = [];

  tryComplete(): boolean {
    if (this.ready) this.answers.push("completed");
    return this.ready;
  }

  expire(): void {
    this.answers.push("expired");
  }
}

test("an operation whose condition holds is answered without being parked", () => {
  const { purgatory, time } = setUp();
  const operation = new Waiting();
  operation.ready = true;

  expect(purgatory.park(operation, { keys: ["t-0"], deadline: 100 })).toBe("completed");

  expect(operation.answers).toEqual(["completed"]);
  expect(purgatory.size).toBe(0);
  expect(time.pendingTimers).toBe(0);
});

test("a parked operation is released by a check of any of its keys, once", () => {
  const { purgatory, time } = setUp();
  const operation = new Waiting();
  purgatory.park(operation, { keys: ["t-0", "t-1"], deadline: 100 });

  expect(purgatory.check("t-1")).toBe(0);
  operation.ready = true;
  expect(purgatory.check("t-2")).toBe(0);
  expect(purgatory.check("t-1")).toBe(1);
  expect(purgatory.check("t-0")).toBe(0);
  time.advance(1_000);

  expect(operation.answers).toEqual(["completed"]);
  expect(purgatory.size).toBe(0);
});

test("an operation expires at its deadline and never before", () => {
  const { purgatory, time } = setUp();
  const operation = new Waiting();
  purgatory.park(operation, { keys: ["t-0"], deadline: 100 });

  time.advance(99);
  expect(operation.answers).toEqual([]);
  time.advance(1);

  expect(operation.answers).toEqual(["expired"]);
  expect(purgatory.check("t-0")).toBe(0);
  expect(time.pendingTimers).toBe(0);
});

test("a condition that came true without an event completes at the deadline", () => {
  const { purgatory, time } = setUp();
  const operation = new Waiting();
  purgatory.park(operation, { keys: ["t-0"], deadline: 100 });
  operation.ready = true;

  time.advance(100);

  expect(operation.answers).toEqual(["completed"]);
});

test("an earlier deadline parked later fires first, and one timer serves all", () => {
  const { purgatory, time } = setUp();
  const order: string[] = [];
  for (const [name, deadline] of [
    ["late", 300],
    ["early", 50],
    ["middle", 120],
  ] as const) {
    const operation = { tryComplete: () => false, expire: () => void order.push(name) };
    purgatory.park(operation, { keys: ["t-0"], deadline });
    expect(time.pendingTimers).toBe(1);
  }

  time.advance(300);

  expect(order).toEqual(["early", "middle", "late"]);
});

test("a deadline that has passed already is answered at once", () => {
  const { purgatory, time } = setUp();
  time.advance(10);
  const operation = new Waiting();

  expect(purgatory.park(operation, { keys: ["t-0"], deadline: 10 })).toBe("completed");

  expect(operation.answers).toEqual(["expired"]);
});

test("a full purgatory leaves the operation to its caller", () => {
  const { purgatory } = setUp({ operationsMax: 1 });
  purgatory.park(new Waiting(), { keys: ["t-0"], deadline: 100 });
  const refused = new Waiting();

  expect(purgatory.park(refused, { keys: ["t-0"], deadline: 100 })).toBe("full");

  expect(refused.answers).toEqual([]);
  expect(purgatory.size).toBe(1);
});

test("a few operations that watch very much fill it, too, and make room when they go", () => {
  const { purgatory, time } = setUp({ operationsMax: 2 });
  const keys = Array.from({ length: 99 }, (_, index) => `t-${index}`);
  purgatory.park(new Waiting(), { keys, deadline: 100 });

  expect(purgatory.park(new Waiting(), { keys: ["a-0", "a-1"], deadline: 200 })).toBe("full");

  time.advance(100);
  expect(purgatory.park(new Waiting(), { keys, deadline: 200 })).toBe("parked");
});

test("closing answers everything, keeps no timer and answers latecomers at once", () => {
  const { purgatory, time } = setUp();
  const parked = new Waiting();
  const late = new Waiting();
  purgatory.park(parked, { keys: ["t-0"], deadline: 100 });

  purgatory.close();
  purgatory.park(late, { keys: ["t-0"], deadline: 100 });

  expect(parked.answers).toEqual(["expired"]);
  expect(late.answers).toEqual(["expired"]);
  expect(time.pendingTimers).toBe(0);
});
