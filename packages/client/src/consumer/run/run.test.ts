import { deferred } from "@zoolog/base";
import fc from "fast-check";
import { outcome, setUp } from "../consumer.fixture.ts";

/** Records of one kind were begun in their order, where each was begun for the first time. */
function expectOrder(all: string[], begun: string[], kindOf: (value: string, i: number) => string) {
  const kinds = new Map<string, number[]>();
  for (const [i, value] of all.entries()) {
    const kind = kindOf(value, i);
    kinds.set(kind, [...(kinds.get(kind) ?? []), begun.indexOf(value)]);
  }
  for (const places of kinds.values()) expect(places).toEqual([...places].sort((a, b) => a - b));
}

describe("running a handler", () => {
  test("a slow key holds up its own records alone, and the commit stays below it", async () => {
    const { consumer, groups, time, write } = setUp();
    const gate = deferred<void>();
    await write(["slow1", "slow2"], { key: "s" });
    await write(["a1", "a2"], { key: "a" });
    const done: string[] = [];
    const one = consumer();
    const run = one.run(
      async ({ value }) => {
        if (value === "slow1") await gate.promise;
        done.push(`${value}`);
      },
      { concurrency: 4, order: "key" },
    );

    await time.advanceAndSettle(3_000);
    expect(done).toEqual(["a1", "a2"]);
    expect(groups.committed("g")).toEqual({ "texts-0": 0 });
    gate.resolve();
    await time.advanceAndSettle(3_000);

    expect(done).toEqual(["a1", "a2", "slow1", "slow2"]);
    expect(groups.committed("g")).toEqual({ "texts-0": 4 });
    await outcome(time, one.close());
    await run;
  });

  test("no more than concurrency handlers run, and records of a partition keep their order", async () => {
    const { consumer, time, write } = setUp({ partitions: 3 });
    for (const partition of [0, 1, 2]) {
      await write(
        ["1", "2", "3"].map((n) => `${partition}.${n}`),
        { partition },
      );
    }
    let running = 0;
    let most = 0;
    const done: string[] = [];
    const one = consumer();
    void one.run(
      async ({ value }) => {
        running += 1;
        most = Math.max(most, running);
        await new Promise<void>((resolve) => time.scheduler.after(50, resolve));
        done.push(`${value}`);
        running -= 1;
      },
      { concurrency: 2 },
    );
    await time.advanceAndSettle(3_000);

    expect(most).toBe(2);
    for (const partition of [0, 1, 2]) {
      const own = done.filter((value) => value.startsWith(`${partition}.`));
      expect(own).toEqual(["1", "2", "3"].map((n) => `${partition}.${n}`));
    }
  });

  test("records that wait take no more memory than prefetchBytes, and one record always goes", async () => {
    const { consumer, time, write } = setUp();
    const gate = deferred<void>();
    const large = Array.from({ length: 50 }, () => "x".repeat(1_000));
    await write(large);
    const done: string[] = [];
    const one = consumer({ prefetchBytes: 10_000 });
    const run = one.run(
      async ({ value }) => {
        await gate.promise;
        done.push(`${value}`);
      },
      { order: "none" },
    );

    await time.advanceAndSettle(3_000);
    const begun = one.position({ topic: "texts", partition: 0 });
    gate.resolve();
    await time.advanceAndSettle(3_000);
    expect(begun).toBe(10);
    expect(done).toEqual(large);
    await outcome(time, one.close());
    await run;

    const narrow = consumer({ group: "narrow", prefetchBytes: 1 });
    const again: string[] = [];
    const second = narrow.run(({ value }) => void again.push(`${value}`), { order: "none" });
    await time.advanceAndSettle(3_000);
    expect(again).toEqual(large);
    await outcome(time, narrow.close());
    await second;
  });

  test("a handler that fails is tried again, then the run ends with the record unhandled", async () => {
    const { consumer, groups, time, write } = setUp();
    await write(["a", "poison", "c"]);
    const attempts: string[] = [];
    const one = consumer();
    const handler = ({ value }: { value: string | undefined }) => {
      attempts.push(`${value}`);
      if (value === "poison") throw new Error("cannot");
    };

    await expect(outcome(time, one.run(handler, { retry: { times: 2 } }))).rejects.toMatchObject({
      code: "HANDLER_FAILED",
      message: expect.stringContaining(
        "texts-0 at offset 1 could not be handled in 3 attempts: cannot",
      ),
    });
    expect(attempts).toEqual(["a", "poison", "poison", "poison"]);
    await time.advanceAndSettle(2_000);
    expect(groups.committed("g")).toEqual({ "texts-0": 1 });

    // Another run begins with the record that was not handled.
    const again: string[] = [];
    void one.run(({ value }) => void again.push(`${value}`));
    await time.advanceAndSettle(2_000);
    expect(again).toEqual(["poison", "c"]);
  });

  test("poison goes to a dead-letter topic, with its cause, before it counts as handled", async () => {
    const { brokers, consumer, errors, groups, time, write } = setUp();
    brokers.createTopic("dead", 1);
    await write(["a", "poison", "c"], { key: "k" });
    const one = consumer();
    void one.run(
      ({ value }) => {
        if (value === "poison") throw new Error("cannot");
      },
      { retry: { times: 0 }, onPoison: { deadLetter: "dead" } },
    );
    await time.advanceAndSettle(3_000);

    const [dead] = brokers.partition("dead", 0).records();
    const headers = Object.fromEntries(dead!.headers.map((h) => [h.key, h.value?.toString()]));
    expect([dead?.key?.toString(), dead?.value?.toString()]).toEqual(["k", "poison"]);
    expect(headers).toEqual({
      "zoolog.dead-letter.topic": "texts",
      "zoolog.dead-letter.partition": "0",
      "zoolog.dead-letter.offset": "1",
      "zoolog.dead-letter.group": "g",
      "zoolog.dead-letter.attempts": "1",
      "zoolog.dead-letter.code": "UNKNOWN",
      "zoolog.dead-letter.cause": "cannot",
    });
    expect(groups.committed("g")).toEqual({ "texts-0": 3 });
    expect(errors).toMatchObject([{ code: "HANDLER_FAILED" }]);
  });

  test("a dead-letter topic that does not exist is refused before the group is joined", async () => {
    const { brokers, consumer, groups, time, write } = setUp();
    await write(["a", "poison"]);
    const values: string[] = [];
    const one = consumer();
    const run = () => {
      return one.run(
        ({ value }) => {
          values.push(`${value}`);
          if (value === "poison") throw new Error("cannot");
        },
        { retry: { times: 0 }, onPoison: { deadLetter: "app-dead" } },
      );
    };

    await expect(outcome(time, run())).rejects.toMatchObject({
      code: "DEAD_LETTER_TOPIC_MISSING",
      message:
        "dead-letter topic app-dead does not exist: group g has nowhere to put poison records",
      hint: "Create it with `zoolog topic create app-dead`.",
    });
    expect([values, one.memberId, groups.committed("g")]).toEqual([[], undefined, {}]);

    // The same consumer runs once it is there.
    brokers.createTopic("app-dead", 1);
    void run();
    await time.advanceAndSettle(3_000);
    expect(brokers.partition("app-dead", 0).records()).toHaveLength(1);
    expect(groups.committed("g")).toEqual({ "texts-0": 2 });
  });

  test("a dead-letter topic that is deleted later ends the run so, and what was handled is committed", async () => {
    const { brokers, consumer, groups, time, write } = setUp();
    brokers.createTopic("app-dead", 1);
    await write(["first poison", "a", "last poison", "b"]);
    const one = consumer();
    const run = one.run(
      ({ value }) => {
        if (value === "a") brokers.deleteTopic("app-dead");
        if (value?.endsWith("poison")) throw new Error("cannot");
      },
      { retry: { times: 0 }, onPoison: { deadLetter: "app-dead" } },
    );

    await expect(outcome(time, run)).rejects.toMatchObject({
      code: "DEAD_LETTER_TOPIC_MISSING",
      hint: "Create it with `zoolog topic create app-dead`.",
    });
    await outcome(time, one.close());
    expect(groups.committed("g")).toEqual({ "texts-0": 2 });
  });

  test("who waits to hear of its dead-letter topic is let go by an abort and by close()", async () => {
    const { brokers, consumer, time } = setUp();
    brokers.fault = ({ call }) => (call === "metadata" ? "hang" : undefined);
    const onPoison = { deadLetter: "app-dead" };
    const stop = new AbortController();
    const aborted = consumer().run(() => {}, { onPoison, signal: stop.signal });
    const closing = consumer();
    const closed = closing.run(() => {}, { onPoison });
    await time.advanceAndSettle(1_000);

    stop.abort();
    await outcome(time, aborted, 0);
    await outcome(time, closing.close());
    await outcome(time, closed, 0);
  });

  test.each(["consumer", "classic"] as const)(
    "a partition that goes is waited for, then committed, then another's: %s",
    async (protocol) => {
      const { consumer, groups, time, write } = setUp({ protocol, partitions: 2 });
      for (const partition of [0, 1]) await write([`p${partition}`], { partition });
      const aborted: string[] = [];
      const first = consumer({ commitIntervalMs: 3_600_000 });
      void first.run(
        ({ value }, { signal }) =>
          new Promise<void>((resolve) => {
            signal.addEventListener("abort", () => {
              aborted.push(`${value}`);
              time.scheduler.after(10_000, resolve);
            });
          }),
        { concurrency: 2 },
      );
      await time.advanceAndSettle(2_000);
      const values: string[] = [];
      const second = consumer();
      void second.run(({ value }) => void values.push(`${value}`));

      await time.advanceAndSettle(9_000);
      expect(aborted).toHaveLength(1);
      expect(second.assignment()).toEqual([]);
      await time.advanceAndSettle(20_000);

      const gone = Number(aborted[0]?.slice(1));
      expect(second.assignment()).toMatchObject([{ partition: gone }]);
      expect(groups.committed("g")[`texts-${gone}`]).toBe(1);
      expect(values).toEqual([]);
    },
  );

  test("a promise of another kind, that settles twice, is one record handled", async () => {
    const { consumer, groups, time, write } = setUp();
    await write(["a", "b", "c", "d", "e"]);
    const begun: string[] = [];
    const gate = deferred<void>();
    const handle = ({ value }: { value: string | undefined }) => {
      begun.push(`${value}`);
      if (value === "c") return gate.promise;
      // biome-ignore lint/suspicious/noThenProperty: that is what it is
      return { then: (done: () => void) => [done(), done()] };
    };
    // One slot: who counts a record twice believes that another one is free.
    void consumer().run(handle, { order: "none" });
    await time.advanceAndSettle(2_000);

    expect(begun).toEqual(["a", "b", "c"]);
    expect(groups.committed("g")).toEqual({ "texts-0": 2 });
  });

  test("a signal of its own ends the run, and the consumer goes on later", async () => {
    const { consumer, time, write } = setUp();
    await write(["a"]);
    const one = consumer();
    const stop = new AbortController();
    const values: string[] = [];
    const run = one.run(({ value }) => void values.push(`${value}`), { signal: stop.signal });
    await time.advanceAndSettle(1_000);
    stop.abort();
    await outcome(time, run);

    await write(["b"]);
    void one.run(({ value }) => void values.push(`${value}`));
    await time.advanceAndSettle(2_000);
    expect(values).toEqual(["a", "b"]);
  });

  test.each(["partition", "key", "none"] as const)(
    "a run that ends in the middle of a batch leaves the rest to the next one, order %s",
    async (order) => {
      const { consumer, groups, time, write } = setUp();
      await write(["a", "b", "c", "d"]);
      const one = consumer();
      const values: string[] = [];
      const ending = new AbortController();
      const handler = ({ value }: { readonly value: unknown }) => {
        values.push(`${value}`);
        if (value === "b") ending.abort();
      };
      // All that was begun is handled by then, and half of the batch is not begun.
      await outcome(time, one.run(handler, { signal: ending.signal, order }));
      await write(["e"]);
      void one.run(handler, { order });
      await time.advanceAndSettle(2_000);
      await outcome(time, one.close());

      expect(values).toEqual(["a", "b", "c", "d", "e"]);
      expect(groups.committed("g")).toEqual({ "texts-0": 5 });
    },
  );

  test("a process that was frozen for longer than its lease begins no record that waited for its turn", async () => {
    const { consumer, time, write } = setUp();
    await write(["a", "b", "c"]);
    const monotonic = time.clock.monotonic;
    let frozenMs = 0;
    jest.spyOn(time.clock, "monotonic").mockImplementation(() => monotonic() + frozenMs);
    const gate = deferred<void>();
    const values: string[] = [];
    void consumer().run(async ({ value }) => {
      values.push(`${value}`);
      await gate.promise;
    });
    await time.advanceAndSettle(2_000);

    // The handler ends before any timer has told that time is over.
    frozenMs = 60_000;
    gate.resolve();
    await time.advanceAndSettle(0);
    expect(values).toEqual(["a"]);

    await time.advanceAndSettle(60_000);
    expect(new Set(values)).toEqual(new Set(["a", "b", "c"]));
  });

  test("a process that was frozen between two attempts begins none under a dead lease", async () => {
    const { consumer, time, write } = setUp();
    await write(["a"]);
    const monotonic = time.clock.monotonic;
    let frozenMs = 0;
    jest.spyOn(time.clock, "monotonic").mockImplementation(() => monotonic() + frozenMs);
    const attempts: string[] = [];
    const handler = (_: unknown, { attempt }: { attempt: number }) => {
      attempts.push(`attempt ${attempt}`);
      if (attempts.length === 1) throw new Error("cannot yet");
    };
    void consumer({ onLost: () => void attempts.push("lost") }).run(handler, {
      retry: { backoffMs: 500, backoffMaxMs: 500 },
    });
    await time.advanceAndSettle(300);

    // The pause is over before the timer of the lease is.
    frozenMs = 60_000;
    await time.advanceAndSettle(60_000);

    expect(attempts).toEqual(["attempt 1", "lost", "attempt 1"]);
  });

  test.each([
    [{ concurrency: 0 }, "INVALID_OPTION"],
    [{ order: "random" }, "INVALID_OPTION"],
    [{ retry: { times: -1 } }, "INVALID_OPTION"],
    [{ onPoison: { deadLetter: "a/b" } }, "INVALID_TOPIC_EXCEPTION"],
  ])("%j is refused", async (options, code) => {
    const { consumer } = setUp();

    await expect(consumer().run(() => {}, options as never)).rejects.toMatchObject({ code });
  });

  test("whatever ends first, nothing is skipped and every key keeps its order", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom("partition", "key", "none" as const),
        fc.integer({ min: 1, max: 8 }),
        fc.array(fc.tuple(fc.nat({ max: 1 }), fc.nat({ max: 2 }), fc.nat({ max: 80 })), {
          minLength: 1,
          maxLength: 25,
        }),
        fc.nat({ max: 2_000 }),
        async (order, concurrency, records, closeAfterMs) => {
          const { consumer, groups, time, write } = setUp({ partitions: 2 });
          for (const [i, [partition, key, delay]] of records.entries()) {
            await write([`${i}:${key}:${delay}`], { partition, key: `k${key}` });
          }
          const begun: string[] = [];
          const handled = new Set<string>();
          const handle = async ({ value }: { value: string | undefined }) => {
            begun.push(`${value}`);
            const delay = Number(value?.split(":")[2]);
            await new Promise<void>((resolve) => time.scheduler.after(delay, resolve));
            handled.add(`${value}`);
          };
          const first = consumer({ commitIntervalMs: 50 });
          const run = first.run(handle, { concurrency, order });
          await time.advanceAndSettle(closeAfterMs);
          await outcome(time, first.close(), 30_000);
          await outcome(time, run);
          const all = records.map(([, key, delay], i) => `${i}:${key}:${delay}`);
          for (const partition of [0, 1]) {
            const own = all.filter((_, i) => records[i]![0] === partition);
            const mark = groups.committed("g")[`texts-${partition}`] ?? 0;
            // What is committed is handled, without a gap.
            for (const value of own.slice(0, mark)) expect(handled).toContain(value);
          }
          const second = consumer();
          void second.run(handle, { concurrency, order });
          await time.advanceAndSettle(8_000);

          expect([...handled].sort()).toEqual([...all].sort());
          await outcome(time, second.close(), 30_000);
          if (order === "none") return;
          expectOrder(all, begun, (_, i) => `${records[i]?.[0]} ${records[i]?.[1]}`);
        },
      ),
      { numRuns: 25 },
    );
  });
});
