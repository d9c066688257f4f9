import { ManualTime } from "@zoolog/testkit";
import fc from "fast-check";
import { type ParkedOperation, Purgatory } from "./purgatory.ts";

const KEYS = ["t-0", "t-1", "t-2"];

/** What waits until each of its partitions has come so far. */
class Waiting implements ParkedOperation {
  readonly #isDone: () => boolean;
  readonly answers: ("completed" | "expired")[] = [];

  constructor(isDone: () => boolean) {
    this.#isDone = isDone;
  }

  tryComplete(): boolean {
    if (this.#isDone()) this.answers.push("completed");
    return this.#isDone();
  }

  expire(): void {
    this.answers.push("expired");
  }
}

const step = fc.oneof(
  fc.record({
    do: fc.constant("park" as const),
    keys: fc.subarray(KEYS, { minLength: 1 }),
    offset: fc.nat(6),
    waitMs: fc.integer({ min: -1, max: 30 }),
  }),
  fc.record({ do: fc.constant("advance" as const), key: fc.constantFrom(...KEYS) }),
  fc.record({ do: fc.constant("wait" as const), ms: fc.nat(12) }),
);

test("in whatever order fetches, high watermarks and deadlines come, each is answered once, in time", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.scheduler(),
      fc.array(step, { maxLength: 40 }),
      async (scheduler, steps) => {
        const time = new ManualTime();
        const purgatory = new Purgatory({ operationsMax: 8 }, time);
        const highWatermarks = new Map(KEYS.map((key) => [key, 0]));
        const parked: { readonly waiting: Waiting; readonly deadline: number }[] = [];

        const run = (one: (typeof steps)[number]): void => {
          switch (one.do) {
            case "park": {
              const reached = (key: string): boolean =>
                (highWatermarks.get(key) ?? 0) >= one.offset;
              const waiting = new Waiting(() => one.keys.every(reached));
              const deadline = time.clock.monotonic() + one.waitMs;
              const outcome = purgatory.park(waiting, { keys: one.keys, deadline });
              expect(waiting.answers).toHaveLength(outcome === "completed" ? 1 : 0);
              if (outcome !== "full") parked.push({ waiting, deadline });
              break;
            }
            case "advance":
              highWatermarks.set(one.key, (highWatermarks.get(one.key) ?? 0) + 1);
              purgatory.check(one.key);
              break;
            case "wait":
              time.advance(one.ms);
          }
        };
        const tasks = steps.map((one) =>
          scheduler.schedule(Promise.resolve(), one.do).then(() => run(one)),
        );
        await scheduler.waitFor(Promise.all(tasks));

        const now = time.clock.monotonic();
        for (const { waiting, deadline } of parked) {
          expect(waiting.answers.length).toBeLessThanOrEqual(1);
          if (deadline <= now) expect(waiting.answers).toHaveLength(1);
          else expect(waiting.answers[0] ?? "completed").toBe("completed");
        }
        const waitingStill = parked.filter(({ waiting }) => waiting.answers.length === 0);
        expect(purgatory.size).toBe(waitingStill.length);
        purgatory.close();
        for (const { waiting } of parked) expect(waiting.answers).toHaveLength(1);
      },
    ),
    { numRuns: fc.readConfigureGlobal().numRuns ?? 300 },
  );
});
