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

/** Calls that go to the coordinator. */
const GROUP_CALL = /group|heartbeat|offsets$/u;

describe.each(["consumer", "classic"] as const)(
  "members of a group by the %s protocol",
  (protocol) => {
    test("shares partitions; who gives one up has committed what it handled of it", async () => {
      const { consumer, groups, time, write } = setUp({ protocol, partitions: 4 });
      for (const partition of [0, 1, 2, 3]) await write([`p${partition}`], { partition });
      const first: string[] = [];
      const revoked: string[] = [];
      const a = consumer({
        commitIntervalMs: 3_600_000,
        onRevoked: (partitions) => {
          for (const { partition, topic } of partitions) {
            revoked.push(
              `${topic}-${partition} at ${groups.committed("g")[`${topic}-${partition}`]}`,
            );
          }
        },
      });
      void collect(a, first);
      await time.advanceAndSettle(2_000);
      expect(first.sort()).toEqual(["p0", "p1", "p2", "p3"]);

      const second: string[] = [];
      const b = consumer();
      void collect(b, second);
      await time.advanceAndSettle(5_000);

      expect([a.assignment().length, b.assignment().length]).toEqual([2, 2]);
      expect(revoked).toHaveLength(2);
      for (const line of revoked) expect(line).toMatch(/ at 1$/);
      for (const partition of [0, 1, 2, 3]) await write([`q${partition}`], { partition });
      await time.advanceAndSettle(2_000);
      expect([...first, ...second].sort()).toEqual("p0 p1 p2 p3 q0 q1 q2 q3".split(" "));
    });

    test("a slow loop body keeps its heartbeats, and its partition until it ends", async () => {
      const { consumer, groups, time, write } = setUp({ protocol, partitions: 2 });
      for (const partition of [0, 1]) await write([`p${partition}`], { partition });
      const gate = deferred<void>();
      const first: string[] = [];
      const a = consumer();
      void collect(a, first, () => gate.promise);
      await time.advanceAndSettle(100_000);
      expect(groups.members("g")).toHaveLength(1);

      const second: string[] = [];
      void collect(consumer(), second);
      await time.advanceAndSettle(20_000);
      // The record in hand may be of the partition that goes; then it waits.
      const busy = first[0] === "p0" ? "p0" : "p1";
      expect(second).not.toContain(busy);

      gate.resolve();
      await time.advanceAndSettle(5_000);
      expect([...first, ...second].sort()).toEqual(["p0", "p1"]);
    });

    test("who is fenced has lost everything, commits nothing of it, and joins again", async () => {
      const { consumer, groups, time, write } = setUp({ protocol });
      await write(["a", "b"]);
      const lost: number[] = [];
      const gate = deferred<void>();
      const values: string[] = [];
      void collect(
        consumer({ onLost: (partitions) => void lost.push(partitions.length) }),
        values,
        ({ value }) => (value === "b" && values.length === 2 ? gate.promise : undefined),
      );
      await time.advanceAndSettle(3_000);
      expect(groups.committed("g")).toEqual({ "texts-0": 1 });

      groups.fence("g");
      groups.setCommitted("g", "texts-0", 2);
      await time.advanceAndSettle(3_000);
      gate.resolve();
      await time.advanceAndSettle(3_000);

      expect(lost).toEqual([1]);
      expect(values).toEqual(["a", "b"]);
      expect(groups.committed("g")).toEqual({ "texts-0": 2 });
    });

    test("nothing is handed out once the coordinator was silent for a session", async () => {
      const { brokers, consumer, groups, time, write } = setUp({ protocol, brokers: 2 });
      groups.coordinator = 1;
      groups.sessionTimeoutMs = 10_000;
      await write(["a"]);
      const values: string[] = [];
      const lost: number[] = [];
      const a = consumer({
        sessionTimeoutMs: 10_000,
        onLost: () => void lost.push(time.clock.monotonic()),
      });
      void collect(a, values);
      await time.advanceAndSettle(2_000);
      const silentSince = time.clock.monotonic();
      brokers.fault = ({ call }) => (GROUP_CALL.test(call) ? "hang" : undefined);

      await time.advanceAndSettle(10_500);
      brokers.fault = ({ call }) => (GROUP_CALL.test(call) ? "refuse" : undefined);
      await write(["b"]);
      await time.advanceAndSettle(5_000);

      expect(lost).toHaveLength(1);
      expect(lost[0]! - silentSince).toBeLessThanOrEqual(10_000);
      expect(values).toEqual(["a"]);
      expect(a.assignment()).toEqual([]);
      brokers.fault = () => undefined;
      // A join that nobody answers is given up when the rebalance would be over.
      await time.advanceAndSettle(100_000);
      expect(values).toEqual(["a", "b"]);
    });

    test("a coordinator that moves costs neither a member nor a partition", async () => {
      const { brokers, consumer, errors, groups, logged, time, write } = setUp({
        protocol,
        brokers: 3,
      });
      await write(["a"]);
      const events: string[] = [];
      const values: string[] = [];
      void collect(
        consumer({
          onRevoked: () => void events.push("revoked"),
          onLost: () => void events.push("lost"),
        }),
        values,
      );
      await time.advanceAndSettle(2_000);
      const [member] = groups.members("g");

      groups.coordinator = undefined;
      brokers.fault = ({ endpoint, call }) =>
        endpoint.endsWith(":0") && GROUP_CALL.test(call) ? "refuse" : undefined;
      await time.advanceAndSettle(3_000);
      groups.coordinator = 2;
      await write(["b"]);
      await time.advanceAndSettle(3_000);

      expect(groups.members("g")).toEqual([member]);
      expect(events).toEqual([]);
      expect(values).toEqual(["a", "b"]);
      expect(groups.committed("g")).toEqual({ "texts-0": 2 });
      // Routine: whoever watches for errors is not woken.
      expect(errors).toEqual([]);
      expect(logged.filter((line) => line.includes("coordinator"))).toEqual([
        "info: group coordinator is away, which is routine when it moves",
        "info: group coordinator answers again",
      ]);
    });

    test("a coordinator that stays away is told of, once", async () => {
      const { brokers, consumer, errors, time, write } = setUp({ protocol });
      await write(["a"]);
      void collect(consumer({ commitIntervalMs: 3_600_000 }), []);
      await time.advanceAndSettle(2_000);

      brokers.fault = ({ call }) => (GROUP_CALL.test(call) ? "refuse" : undefined);
      await time.advanceAndSettle(30_000);

      expect(errors).toMatchObject([
        { message: expect.stringMatching(/coordinator of group g has not answered for 1\d s/u) },
      ]);
    });

    test("a commit that waited out a loss does not go out under the next epoch", async () => {
      const { brokers, consumer, groups, time, write } = setUp({ protocol });
      await write(["a", "b"]);
      const one = consumer({ commit: "manual" });
      const reading = collect(one, []);
      await time.advanceAndSettle(1_000);
      brokers.fault = ({ call }) => (call === "commit-offsets" ? "refuse" : undefined);
      const commit = one.commit([{ topic: "texts", partition: 0, offset: 1 }]);
      const refused = commit.catch((error: { code: string }) => error.code);
      await time.advanceAndSettle(1_000);

      groups.fence("g");
      groups.setCommitted("g", "texts-0", 2);
      await time.advanceAndSettle(3_000);
      brokers.fault = () => undefined;
      await time.advanceAndSettle(3_000);

      expect(await refused).toBe("MEMBER_LOST");
      expect(groups.committed("g")).toEqual({ "texts-0": 2 });
      void reading;
    });
  },
);

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

describe("the classic protocol", () => {
  test.each([["range"], ["roundrobin"], ["sticky"], ["cooperative-sticky"]] as const)(
    "%s: members come and go, each record is read, none is skipped",
    async (assignor) => {
      const { consumer, groups, time, write } = setUp({ protocol: "classic", partitions: 6 });
      const values: string[] = [];
      const written: string[] = [];
      const writeRound = async (round: string) => {
        for (let partition = 0; partition < 6; partition++) {
          written.push(`${round}${partition}`);
          await write([`${round}${partition}`], { partition });
        }
      };
      await writeRound("a");
      const members = [consumer({ assignor })];
      void collect(members[0]!, values);
      await time.advanceAndSettle(2_000);
      for (const round of ["b", "c"]) {
        const next = consumer({ assignor });
        members.push(next);
        void collect(next, values);
        await writeRound(round);
        await time.advanceAndSettle(12_000);
      }
      expect(members.map((member) => member.assignment().length)).toEqual([2, 2, 2]);
      await outcome(time, members[0]!.close());
      await writeRound("d");
      await time.advanceAndSettle(12_000);

      expect(new Set(values)).toEqual(new Set(written));
      expect(members.slice(1).map((member) => member.assignment().length)).toEqual([3, 3]);
      expect(Object.values(groups.committed("g"))).toEqual([4, 4, 4, 4, 4, 4]);
    },
  );

  test("cooperative members give up only what moves", async () => {
    const { consumer, time } = setUp({ protocol: "classic", partitions: 4 });
    const revoked: number[] = [];
    const one = consumer({
      onRevoked: (partitions) => void revoked.push(partitions.length),
    });
    void collect(one, []);
    await time.advanceAndSettle(2_000);
    void collect(consumer(), []);
    await time.advanceAndSettle(12_000);

    expect(revoked).toEqual([2]);
    expect(one.assignment()).toHaveLength(2);
  });

  test("a static member that comes back takes what it had, and nobody else notices", async () => {
    const { consumer, groups, time } = setUp({ protocol: "classic", partitions: 4 });
    const events: string[] = [];
    const watch = {
      onAssigned: () => void events.push("assigned"),
      onRevoked: () => void events.push("revoked"),
    };
    void collect(consumer({ instanceId: "a", ...watch }), []);
    const first = consumer({ instanceId: "b" });
    void collect(first, []);
    await time.advanceAndSettle(12_000);
    const before = first.assignment().map(({ partition }) => partition);
    const eventsBefore = events.length;

    await outcome(time, first.close());
    expect(groups.members("g")).toHaveLength(2);
    const back = consumer({ instanceId: "b" });
    void collect(back, []);
    await time.advanceAndSettle(12_000);

    expect(back.assignment().map(({ partition }) => partition)).toEqual(before);
    expect(events).toHaveLength(eventsBefore);
  });

  test("partitions that are added are found and given out, also of a pattern's topics", async () => {
    const { brokers, consumer, time } = setUp({ protocol: "classic" });
    const { key, value } = texts;
    const one = consumer({ topics: { pattern: "text.*", key, value } });
    void collect(one, []);
    await time.advanceAndSettle(2_000);

    brokers.addPartitions("texts", 2);
    brokers.createTopic("texture", 1);
    await time.advanceAndSettle(45_000);

    expect(one.assignment().map(({ partition, topic }) => `${topic}-${partition}`)).toEqual([
      "texts-0",
      "texts-1",
      "texture-0",
    ]);
  });

  test.each(["join-group", "sync-group"])(
    "a coordinator that is frozen while %s is parked is left when another one has the group",
    async (parked) => {
      const { brokers, consumer, groups, time, write } = setUp({ protocol: "classic", brokers: 3 });
      await write(["a"]);
      const values: string[] = [];
      brokers.fault = ({ endpoint, call }) =>
        endpoint.endsWith(":0") && call === parked ? "hang" : undefined;
      void collect(consumer(), values);
      await time.advanceAndSettle(2_000);

      groups.coordinator = 2;
      await time.advanceAndSettle(12_000);

      expect(values).toEqual(["a"]);
    },
  );

  test("a member that shares no assignor with the others fails", async () => {
    const { consumer, time } = setUp({ protocol: "classic" });
    void collect(consumer({ assignor: "range" }), []);
    await time.advanceAndSettle(2_000);

    await expect(outcome(time, take(consumer({ assignor: "sticky" }), 1))).rejects.toMatchObject({
      code: "INCONSISTENT_GROUP_PROTOCOL",
    });
  });
});
