import { leaderEpoch, type Offset } from "@zoolog/base";
import { batchOf, LogFixture, readAll } from "@zoolog/testkit";
import fc from "fast-check";
import type { Log } from "./log.ts";

const EPOCH = { leaderEpoch: leaderEpoch(0) };

/**
 * Appends, rolls, flushes, deletions and reads that are under way together, while the disk ends its
 * operations in any order.
 */
const operation = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant("append" as const), records: fc.nat(3) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom("roll" as const, "flush" as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("deleteBefore" as const),
      share: fc.double({ min: 0, max: 1, noNaN: true }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom("retain" as const, "read" as const) }) },
);

type Operation = typeof operation extends fc.Arbitrary<infer T> ? T : never;

class Race {
  readonly log: Log;
  readonly #appended: string[] = [];
  #acknowledged = 0;
  /** Deleted on request, as far as was answered. */
  #deletedBefore = 0;

  constructor(log: Log) {
    this.log = log;
  }

  async run(operation: Operation): Promise<void> {
    const { log } = this;
    switch (operation.do) {
      case "append":
        return await this.#append(operation.records + 1);
      case "roll":
        return await log.roll();
      case "flush":
        return await log.flush();
      case "deleteBefore": {
        const before = Math.floor(operation.share * log.highWatermark);
        await log.deleteBefore(before as Offset);
        this.#deletedBefore = Math.max(this.#deletedBefore, before);
        return;
      }
      case "retain":
        await log.applyRetention();
        return;
      case "read":
        return await this.#read();
    }
  }

  /** What the log, this life of it or a later one, must hold. */
  async check(log: Log): Promise<void> {
    expect(log.failure).toBeUndefined();
    expect(log.logEndOffset).toBe(this.#acknowledged);
    expect(log.logStartOffset).toBeGreaterThanOrEqual(this.#deletedBefore);
    const kept = this.#appended.map((value, offset) => [offset, value]).slice(log.logStartOffset);
    expect(await readAll(log)).toEqual(kept);
  }

  async #append(records: number): Promise<void> {
    const base = this.#appended.length;
    const values = Array.from({ length: records }, (_, index) => `${base + index}`.padEnd(90, "."));
    this.#appended.push(...values);
    const { baseOffset } = await this.log.append([batchOf(values)], EPOCH);
    // Appends are written in the order in which they were asked for.
    expect(baseOffset).toBe(base);
    this.#acknowledged = Math.max(this.#acknowledged, base + records);
    this.log.updateHighWatermark(this.#acknowledged as Offset);
  }

  /** Whatever a reader finds is what was written there. */
  async #read(): Promise<void> {
    const found = await readAll(this.log);
    for (const [offset, value] of found) expect(value).toBe(this.#appended[offset]);
  }
}

test.each(["os", "fsync"] as const)(
  "in whatever order the disk answers, a log with flush %s keeps what it acknowledged",
  async (flush) => {
    const operations = fc.array(operation, { minLength: 2, maxLength: 14 });
    const property = fc.asyncProperty(fc.scheduler(), operations, async (scheduler, wanted) => {
      let isRacing = false;
      const fixture = new LogFixture({
        config: { segmentBytes: 1_024, retentionBytes: 2_048, flush },
        takesTime: async (name) => {
          if (isRacing) await scheduler.schedule(Promise.resolve(), name);
        },
      });
      const race = new Race(await fixture.open());
      isRacing = true;
      await scheduler.waitFor(Promise.all(wanted.map((one) => race.run(one))));
      isRacing = false;

      await race.check(race.log);
      await race.check(await fixture.reopenAfter("process"));
    });
    await fc.assert(property, { numRuns: fc.readConfigureGlobal().numRuns ?? 150 });
  },
);
