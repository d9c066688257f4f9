import { deferred } from "@zoolog/base";
import type { ManualTime } from "@zoolog/testkit";
import fc from "fast-check";
import { collect, outcome, setUp } from "./consumer.fixture.ts";
import type { Consumer } from "./consumer.ts";
import type { ConsumerBatch } from "./records/consumer-batch.ts";

type Batch = ConsumerBatch<string, string>;

/** The partition that a second member is given. */
const GONE = 1;

/** A member gets `a` to `d` in one batch; then a second member comes, who is given its partition. */
async function revoked(protocol: "consumer" | "classic", body: (batch: Batch) => Promise<void>) {
  const { consumer, groups, time, write } = setUp({ protocol, partitions: 2 });
  await write(["a", "b", "c", "d"], { partition: GONE });
  const first = consumer({ commitIntervalMs: 3_600_000, rebalanceTimeoutMs: 30_000 });
  const loop = async () => {
    for await (const batch of first.batches()) await body(batch);
  };
  const left = loop().catch((error: unknown) => error);
  await time.advanceAndSettle(2_000);
  const values: string[] = [];
  const second = consumer();
  void second.run(({ value }) => void values.push(`${value}`));
  return { first, groups, left, time, values };
}

const pause = (time: ManualTime, ms: number) =>
  new Promise<void>((resolve) => time.scheduler.after(ms, resolve));

describe.each(["consumer", "classic"] as const)("giving partitions up, %s protocol", (protocol) => {
  test("a batch whose loop body ends because of it counts only as far as it was marked", async () => {
    const handled: string[] = [];
    const { time, groups, values } = await revoked(protocol, async (batch) => {
      for (const { offset, value } of batch) {
        // The second record takes until the partition is asked for.
        if (offset === 1) {
          await new Promise<void>((resolve) => {
            batch.signal.addEventListener("abort", () => resolve());
          });
        }
        if (batch.signal.aborted) break;
        handled.push(`${value}`);
        batch.handled(offset);
      }
    });
    await time.advanceAndSettle(40_000);

    expect(handled).toEqual(["a"]);
    expect(values).toEqual(["b", "c", "d"]);
    expect(groups.committed("g")[`texts-${GONE}`]).toBe(4);
  });

  test("without a mark all of such a batch is read again", async () => {
    const { time, values } = await revoked(protocol, async (batch) => {
      const [, ...rest] = [...batch];
      for (const _ of rest) {
        await new Promise<void>((resolve) => {
          batch.signal.addEventListener("abort", () => resolve());
        });
        if (batch.signal.aborted) break;
      }
    });
    await time.advanceAndSettle(40_000);

    expect(values).toEqual(["a", "b", "c", "d"]);
  });
});

test("a handler that stops early throws, and its record is read again", async () => {
  const { consumer, groups, time, write } = setUp({ partitions: 2 });
  await write(["a", "b"], { partition: GONE });
  const first = consumer();
  void first.run(async (_, { signal }) => {
    await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
    signal.throwIfAborted();
  });
  await time.advanceAndSettle(2_000);
  const values: string[] = [];
  void consumer().run(({ value }) => void values.push(`${value}`));
  await time.advanceAndSettle(20_000);

  expect(values).toEqual(["a", "b"]);
  expect(groups.committed("g")[`texts-${GONE}`]).toBe(2);
});

test("a commit that comes after the partition was given up does not move the next reader back", async () => {
  const gate = deferred<void>();
  const commits: Promise<unknown>[] = [];
  const { time, groups, values } = await revoked("consumer", async (batch) => {
    await gate.promise;
    commits.push(batch.commit().catch((error: { code: string }) => error.code));
  });
  // Longer than the first is waited for.
  await time.advanceAndSettle(60_000);
  expect(values).toEqual(["a", "b", "c", "d"]);
  groups.setCommitted("g", `texts-${GONE}`, 9);

  gate.resolve();
  await time.advanceAndSettle(100);

  expect(await commits[0]).toBe("MEMBER_LOST");
  expect(groups.committed("g")[`texts-${GONE}`]).toBe(9);
});

describe("a commit that is tried again", () => {
  /** `first` has both partitions and commits nothing that arrives; then the second gets its own. */
  async function handedOver(first: Consumer<string, string>, all: ReturnType<typeof setUp>) {
    const { brokers, consumer, groups, time } = all;
    brokers.fault = ({ call }) => (call === "commit-offsets" ? "breakBefore" : undefined);
    void first.run(() => {}).catch(() => {});
    await time.advanceAndSettle(500);
    // Its next reader is further.
    groups.setCommitted("g", `texts-${GONE}`, 9);
    const commit = first.commit([{ topic: "texts", partition: GONE, offset: 1 }]);
    const refusal = commit.catch((error: { code: string }) => error.code);
    const second = consumer({ commit: "manual" });
    void second.run(() => {}).catch(() => {});
    await time.advanceAndSettle(10_000);
    expect(second.assignment()).toMatchObject([{ partition: GONE }]);
    brokers.fault = () => undefined;
    await time.advanceAndSettle(5_000);
    return { committed: groups.committed("g")[`texts-${GONE}`], refusal: await refusal };
  }

  test("says nothing of where a partition began that was given up meanwhile", async () => {
    const all = setUp({ partitions: 2 });

    const { committed } = await handedOver(all.consumer({ commit: "manual" }), all);

    expect(committed).toBe(9);
  });

  test("ends when its partition was given up meanwhile", async () => {
    const all = setUp({ partitions: 2 });
    all.groups.setCommitted("g", "texts-0", 0);
    all.groups.setCommitted("g", `texts-${GONE}`, 0);

    const { committed, refusal } = await handedOver(all.consumer({ commit: "manual" }), all);

    expect(refusal).toBe("MEMBER_LOST");
    expect(committed).toBe(9);
  });
});

test("a mark that is no offset of the batch is refused", async () => {
  const { consumer, time, write } = setUp();
  await write(["a", "b"]);
  for await (const batch of only(time, consumer().batches())) {
    for (const wrong of [-1, 2, 0.5, Number.NaN]) {
      expect(() => batch.handled(wrong)).toThrow(
        expect.objectContaining({ code: "INVALID_OPTION" }),
      );
    }
  }
});

test("a loop that is left goes on behind what was marked", async () => {
  const { consumer, groups, time, write } = setUp();
  await write(["a", "b", "c"]);
  const one = consumer();
  for await (const batch of only(time, one.batches())) batch.handled(0);

  const again: string[] = [];
  for await (const batch of only(time, one.batches())) {
    for (const { value } of batch) again.push(`${value}`);
  }
  await outcome(time, one.close());

  expect(again).toEqual(["b", "c"]);
  expect(groups.committed("g")).toEqual({ "texts-0": 1 });
});

test.each(["records", "batches"] as const)(
  "what a loop has in hand as it pauses and is left is read again: %s",
  async (way) => {
    const { consumer, groups, time, write } = setUp();
    await write(["a", "b"]);
    const one = consumer();
    const left: AsyncIterator<unknown> =
      way === "records" ? one[Symbol.asyncIterator]() : one.batches();
    await outcome(time, left.next());
    one.pause();
    await outcome(time, Promise.resolve(left.return?.(undefined)));
    one.resume();

    const values: string[] = [];
    void one.run(({ value }) => void values.push(`${value}`)).catch(() => {});
    await time.advanceAndSettle(1_000);
    await outcome(time, one.close());

    expect(values).toEqual(["a", "b"]);
    expect(groups.committed("g")).toEqual({ "texts-0": 2 });
  },
);

test("a record that is given back while its partition is paused comes when it is resumed", async () => {
  const { consumer, time, write } = setUp();
  await write(["a", "b"]);
  const one = consumer();
  const left = one[Symbol.asyncIterator]();
  await outcome(time, left.next());
  one.pause();
  await left.return?.();
  const values: string[] = [];
  void collect(one, values);
  await time.advanceAndSettle(1_000);
  expect(values).toEqual([]);

  one.resume();
  await time.advanceAndSettle(1_000);

  expect(values).toEqual(["a", "b"]);
});

/** The first of them, while time passes; leaves the loop with it in hand. */
async function* only<T>(time: ManualTime, source: AsyncGenerator<T>): AsyncGenerator<T> {
  const next = await outcome(time, source.next());
  if (next.done !== true) yield next.value;
  await outcome(time, source.return(undefined));
}

type Reading = {
  readonly member: Consumer<string, string>;
  /** Whether to leave the loop with the record of this number in hand. */
  readonly stop: (place: number) => "break" | "throw" | "goOn";
  readonly step: () => Promise<void>;
  /** The record is handled. */
  readonly done: (record: { readonly partition: number; readonly offset: number }) => void;
};

/** The ways to read, each until the loop is left or the consumer ends. */
const WAYS = {
  run: async ({ member, stop, step, done }: Reading) => {
    let place = 0;
    await member.run(
      async (record, { signal }) => {
        place += 1;
        const isQuitter = stop(place) !== "goOn";
        await step();
        if (isQuitter) signal.throwIfAborted();
        done(record);
      },
      { concurrency: 3, order: "none" },
    );
  },
  records: async ({ member, stop, step, done }: Reading) => {
    let place = 0;
    for await (const record of member) {
      await step();
      place += 1;
      if (stop(place) === "break") break;
      if (stop(place) === "throw") throw new Error("left");
      done(record);
    }
  },
  batches: async ({ member, stop, step, done }: Reading) => {
    let place = 0;
    for await (const batch of member.batches()) {
      for (const record of batch) {
        await step();
        if (batch.signal.aborted) break;
        place += 1;
        if (stop(place) === "break") return;
        if (stop(place) === "throw") throw new Error("left");
        done(record);
        if (place % 2 === 0) batch.handled(record.offset);
      }
    }
  },
};

function expectHandled(committed: Readonly<Record<string, number>>, handled: Set<number>[]): void {
  for (const [partition, offsets] of handled.entries()) {
    const mark = committed[`texts-${partition}`] ?? 0;
    const passed = Array.from({ length: mark }, (_, offset) => offset);
    expect(passed.filter((offset) => !offsets.has(offset))).toEqual([]);
  }
}

test("whatever a loop does while partitions come and go, no commit passes a record it did not handle", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom("batches", "records", "run" as const),
      fc.constantFrom<"consumer" | "classic">("consumer", "classic"),
      fc.array(fc.constantFrom("break", "throw", "goOn", "goOn", "goOn"), { minLength: 1 }),
      fc.integer({ min: 1, max: 400 }),
      fc.array(fc.integer({ min: 100, max: 3_000 }), { minLength: 1, maxLength: 3 }),
      async (way, protocol, stops, stepMs, joins) => {
        const { consumer, groups, time, write } = setUp({ protocol, partitions: 2 });
        for (const partition of [0, 1, 0, 1]) await write(["a", "b", "c"], { partition });
        const handled = [new Set<number>(), new Set<number>()];
        const stop = (place: number) => stops[place % stops.length] as "break" | "throw" | "goOn";
        const join = async () => {
          const member = consumer({ commitIntervalMs: 100, rebalanceTimeoutMs: 5_000 });
          for (let loops = 0; loops < 20; loops++) {
            const reading = WAYS[way]({
              member,
              stop,
              step: () => pause(time, stepMs),
              done: ({ offset, partition }) => void handled[partition]?.add(offset),
            });
            await reading.catch(() => {});
          }
          await member.close();
        };
        void join();
        for (const joinAfterMs of [...joins, 20_000]) {
          for (let waited = 0; waited < joinAfterMs; waited += 100) {
            await time.advanceAndSettle(100);
            expectHandled(groups.committed("g"), handled);
          }
          void join();
        }
      },
    ),
    { numRuns: 40 },
  );
});
