import { deferred } from "@zoolog/base";
import { collect, outcome, setUp, take, texts } from "./consumer.fixture.ts";

describe("where a group begins", () => {
  test("a first start without a choice is refused, and says which option makes it", async () => {
    const { consumer, time } = setUp();

    await expect(outcome(time, take(consumer({ from: undefined }), 1))).rejects.toMatchObject({
      code: "NO_COMMITTED_OFFSET",
      hint: expect.stringContaining('from: "earliest"'),
    });
  });

  test("the resolved start is committed before the first record is handled", async () => {
    const { consumer, groups, time, write } = setUp();
    await write(["a", "b"]);
    const reading = collect(consumer({ from: "latest" }), []);
    await time.advanceAndSettle(500);

    expect(groups.committed("g")).toEqual({ "texts-0": 2 });
    await write(["c"]);
    void reading;
  });

  test("a consumer names its epoch while it is a member", async () => {
    const { consumer, time, write } = setUp();
    await write(["a"]);
    const member = consumer({ from: "earliest" });
    const before = member.memberEpoch;

    await outcome(time, take(member, 1));

    expect(before).toBeUndefined();
    expect(member.memberEpoch).toBeGreaterThan(0);
  });

  test("a time begins at the first record that is not older", async () => {
    const { consumer, time, write } = setUp();
    await write(["a"]);
    await time.advanceAndSettle(10_000);
    const since = new Date(time.clock.now() - 5_000);
    await write(["b"]);

    expect(await outcome(time, take(consumer({ from: since }), 1))).toEqual(["b"]);
  });

  test("a committed offset goes before any choice", async () => {
    const { consumer, groups, time, write } = setUp();
    await write(["a", "b", "c"]);
    groups.setCommitted("g", "texts-0", 1);

    expect(await outcome(time, take(consumer({ from: "latest" }), 2))).toEqual(["b", "c"]);
  });

  test("records of a partition that was added while it reads latest are not skipped", async () => {
    const { brokers, consumer, newClient, time } = setUp();
    const values: string[] = [];
    void collect(consumer({ from: "latest" }), values);
    await time.advanceAndSettle(500);

    brokers.addPartitions("texts", 2);
    // Another process writes: it knows of the partition at once.
    const early = newClient().producer().send(texts, { value: "early", partition: 1 });
    await outcome(time, early);
    await time.advanceAndSettle(5_000);

    expect(values).toEqual(["early"]);
  });

  test("partitions that were added while the group was away begin at their start", async () => {
    const { consumer, groups, time, write } = setUp({ partitions: 2 });
    groups.setCommitted("g", "texts-0", 0);
    await write(["early"], { partition: 1 });

    expect(await outcome(time, take(consumer({ from: undefined }), 1))).toEqual(["early"]);
  });

  test.each([
    ["with a choice", "latest" as const],
    ["with a time", new Date(8.64e15)],
  ])("so they do %s, which is for the group's beginning alone", async (_, from) => {
    const { brokers, consumer, newClient, time, write } = setUp({ partitions: 2 });
    await write(["old"]);
    const first = consumer({ from });
    const values: string[] = [];
    void collect(first, values);
    await time.advanceAndSettle(2_000);
    await outcome(time, first.close());

    brokers.addPartitions("texts", 3);
    const away = newClient().producer().send(texts, { value: "while away", partition: 2 });
    await outcome(time, away);
    void collect(consumer({ from }), values);
    await time.advanceAndSettle(2_000);

    expect(values).toEqual(["while away"]);
  });

  test("a member of a first start that comes later begins where it says, like the first", async () => {
    const { consumer, groups, time, write } = setUp({ partitions: 2 });
    for (const partition of [0, 1]) await write(["old"], { partition });
    const first = consumer({ from: "latest" });
    void collect(first, []);
    await time.advanceAndSettle(2_000);
    // As if the other half of the first start were still under way.
    groups.forgetCommitted("g", "texts-1");
    await write(["new"], { partition: 0 });
    await time.advanceAndSettle(2_000);
    await outcome(time, first.close());

    const values: string[] = [];
    void collect(consumer({ from: "latest" }), values);
    await time.advanceAndSettle(2_000);
    await write(["next"], { partition: 1 });
    await time.advanceAndSettle(2_000);

    expect(values).toEqual(["next"]);
  });

  test("a commit of the user's own does not make the group forget how it began", async () => {
    const { brokers, consumer, time, write } = setUp();
    await write(["a"]);
    const first = consumer({ from: "latest", commit: "manual" });
    const reading = collect(first, []);
    await time.advanceAndSettle(2_000);
    await outcome(time, first.commit([{ topic: "texts", partition: 0, offset: 0 }]));
    await outcome(time, first.close());
    await reading;
    expect(brokers.groups.metadata("g", "texts-0")).toBe("group began with 1 partition");
  });

  test("a partition below those that the group knows was not added: where it begins is asked", async () => {
    const { consumer, groups, time } = setUp({ partitions: 3 });
    groups.setCommitted("g", "texts-1", 0);

    await expect(outcome(time, take(consumer({ from: undefined }), 1))).rejects.toMatchObject({
      code: "NO_COMMITTED_OFFSET",
      message: expect.stringContaining("texts-0"),
    });
  });

  test("a committed offset that is gone is an error, unless a place to go on was chosen", async () => {
    const { brokers, consumer, groups, time, write } = setUp();
    await write(["a", "b", "c"]);
    groups.setCommitted("g", "texts-0", 0);
    brokers.partition("texts", 0).logStartOffset = 2;

    const strict = consumer();
    await expect(outcome(time, take(strict, 1))).rejects.toMatchObject({
      code: "OFFSET_OUT_OF_RANGE",
      hint: "Stop the group, then `zoolog group reset g --to-start --execute`, or `--to-end`; the option onOffsetOutOfRange chooses by itself.",
    });
    await outcome(time, strict.close());
    const lenient = consumer({ onOffsetOutOfRange: "start" });
    expect(await outcome(time, take(lenient, 1))).toEqual(["c"]);
  });
});

describe("what is committed", () => {
  test("only records whose loop body has ended, in an interval", async () => {
    const { consumer, groups, time, write } = setUp();
    await write(["a", "b", "c"]);
    const gate = deferred<void>();
    void collect(consumer(), [], ({ value }) => (value === "b" ? gate.promise : undefined));

    await time.advanceAndSettle(5_000);
    expect(groups.committed("g")).toEqual({ "texts-0": 1 });

    gate.resolve();
    await time.advanceAndSettle(2_000);
    expect(groups.committed("g")).toEqual({ "texts-0": 3 });
  });

  test("a record that the loop is left with is read again, here or by the next member", async () => {
    const { consumer, groups, time, write } = setUp();
    await write(["a", "b", "c"]);
    const first = consumer();

    expect(await outcome(time, take(first, 2))).toEqual(["a", "b"]);
    expect(await outcome(time, take(first, 1))).toEqual(["b"]);
    await outcome(time, first.close());

    expect(groups.committed("g")).toEqual({ "texts-0": 1 });
    expect(await outcome(time, take(consumer(), 1))).toEqual(["b"]);
  });

  test("commit() counts the record in hand, at once", async () => {
    const { consumer, groups, time, write } = setUp();
    await write(["a", "b", "c"]);
    const manual = consumer({ commit: "manual" });

    await outcome(
      time,
      take(manual, 2, () => manual.commit()),
    );
    expect(groups.committed("g")).toEqual({ "texts-0": 2 });
    await outcome(time, take(manual, 1));
    await outcome(time, manual.close());

    expect(groups.committed("g")).toEqual({ "texts-0": 2 });
  });

  test("closing commits what is handled and leaves the group", async () => {
    const { consumer, groups, time, write } = setUp();
    await write(["a", "b"]);
    const values: string[] = [];
    const one = consumer({ commitIntervalMs: 60_000 });
    const reading = collect(one, values);
    await time.advanceAndSettle(1_000);

    await outcome(time, one.close());

    expect(values).toEqual(["a", "b"]);
    expect(await reading).toMatchObject({ code: "CLOSED" });
    expect(groups.committed("g")["texts-0"]).toBeGreaterThanOrEqual(1);
    expect(groups.members("g")).toEqual([]);
    await outcome(time, one.close());
  });

  test("a loop over batches may close its own consumer, and the batch is read again", async () => {
    const { consumer, groups, time, write } = setUp();
    await write(["a", "b"]);
    const one = consumer();
    const reading = async () => {
      for await (const _ of one.batches()) await one.close();
    };

    await expect(outcome(time, reading())).rejects.toMatchObject({ code: "CLOSED" });
    expect(groups.committed("g")).toEqual({ "texts-0": 0 });
    expect(groups.members("g")).toEqual([]);
  });

  test("batches count when the next is asked for, or when they are committed", async () => {
    const { consumer, groups, time, write } = setUp();
    await write(["a", "b"]);
    await write(["c"]);
    const manual = consumer({ commit: "manual" });
    const seen: string[][] = [];

    const reading = async () => {
      for await (const batch of manual.batches()) {
        seen.push([...batch].map(({ value }) => `${value}`));
        await batch.commit();
        if (seen.length === 2) break;
      }
    };
    await outcome(time, reading());

    expect(seen.flat()).toEqual(["a", "b", "c"]);
    expect(groups.committed("g")).toEqual({ "texts-0": 3 });
  });
});

describe("moving about", () => {
  test("seek, and the next commit says so", async () => {
    const { consumer, groups, time, write } = setUp();
    await write(["a", "b", "c"]);
    const values: string[] = [];
    const one = consumer();
    void collect(one, values);
    await time.advanceAndSettle(2_000);

    await outcome(time, one.seek({ topic: "texts", partition: 0 }, 1));
    await time.advanceAndSettle(2_000);
    expect(values).toEqual(["a", "b", "c", "b", "c"]);
    await outcome(time, one.rewind(new Date(0)));
    await time.advanceAndSettle(2_000);
    expect(values.slice(5)).toEqual(["a", "b", "c"]);
    one.pause();
    await outcome(time, one.seek({ topic: "texts", partition: 0 }, "start"));
    await time.advanceAndSettle(2_000);
    expect(groups.committed("g")).toEqual({ "texts-0": 0 });
    expect(() => one.position({ topic: "texts", partition: 9 })).toThrow(
      expect.objectContaining({ code: "NOT_ASSIGNED" }),
    );
  });

  test("a seek from inside of the loop is not undone by the record in hand", async () => {
    const { consumer, groups, time, write } = setUp();
    await write(["a", "b", "c"]);
    const gate = deferred<void>();
    const values: string[] = [];
    const one = consumer();
    void collect(one, values, async () => {
      if (values.length === 3) await one.seek({ topic: "texts", partition: 0 }, 1);
      if (values.length === 4) await gate.promise;
    });
    await time.advanceAndSettle(3_000);

    expect(values).toEqual(["a", "b", "c", "b"]);
    expect(groups.committed("g")).toEqual({ "texts-0": 1 });
    gate.resolve();
    await time.advanceAndSettle(3_000);
    expect(values).toEqual(["a", "b", "c", "b", "c"]);
  });

  test("a paused partition hands out nothing and keeps its place", async () => {
    const { consumer, time, write } = setUp({ partitions: 2 });
    const values: string[] = [];
    const one = consumer();
    void collect(one, values);
    await time.advanceAndSettle(1_000);

    one.pause([{ topic: "texts", partition: 0 }]);
    await write(["a"], { partition: 0 });
    await write(["b"], { partition: 1 });
    await time.advanceAndSettle(2_000);
    expect(values).toEqual(["b"]);
    one.resume();
    await time.advanceAndSettle(2_000);

    expect(values).toEqual(["b", "a"]);
    expect(one.lag).toBe(0);
  });

  test("a second loop at the same time is refused", async () => {
    const { consumer, time } = setUp();
    const one = consumer();
    void collect(one, []);
    await time.advanceAndSettle(100);

    expect(() => one[Symbol.asyncIterator]()).toThrow(
      expect.objectContaining({ code: "ALREADY_ITERATED" }),
    );
  });

  test("an abort ends the loop with its reason, and the member leaves", async () => {
    const { consumer, groups, time } = setUp();
    const controller = new AbortController();
    const reading = collect(consumer({ signal: controller.signal }), []);
    await time.advanceAndSettle(1_000);

    controller.abort(new Error("enough"));
    await time.advanceAndSettle(1_000);

    expect(await reading).toMatchObject({ message: "enough" });
    expect(groups.members("g")).toEqual([]);
    expect(time.pendingTimers).toBe(0);
  });
});
