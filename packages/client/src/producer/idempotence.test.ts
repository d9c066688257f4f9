import { type BrokerFault, ManualTime, ScriptedBrokers, seededRandom } from "@zoolog/testkit";
import { Client, type ClientOptions } from "../client.ts";
import { serde } from "../serde.ts";
import { topic } from "../topic.ts";

const texts = topic("texts", { value: serde.string() });

function setUp(options: { brokers?: number; client?: Partial<ClientOptions> } = {}) {
  const time = new ManualTime();
  const random = seededRandom(1);
  const { brokers: count = 1 } = options;
  const brokers = new ScriptedBrokers({ count }, { scheduler: time.scheduler, random });
  brokers.createTopic("texts", 1);
  const client = new Client(
    { brokers: brokers.endpoints, requestTimeoutMs: 5_000, ...options.client },
    { clock: time.clock, scheduler: time.scheduler, random, transport: brokers },
  );
  const log = () => brokers.partition("texts", 0);
  const stored = () =>
    log()
      .records()
      .map(({ value }) => `${value}`);
  const marks = () => log().batchMarks();
  return { time, brokers, client, log, stored, marks };
}

/** The faults of the next produce requests, one each; the rest go well. */
function scriptFaults(brokers: ScriptedBrokers, ...faults: (BrokerFault | undefined)[]): void {
  brokers.fault = ({ call }) => (call === "produce" ? faults.shift() : undefined);
}

/** What has become of a promise so far. */
function watch(promise: Promise<{ readonly offset: number }>): { state: string } {
  const seen = { state: "open" };
  promise.then(
    ({ offset }) => {
      seen.state = `at ${offset}`;
    },
    (error: { code: string }) => {
      seen.state = error.code;
    },
  );
  return seen;
}

/** A batch of its own for each of these. */
const large = (name: string) => name.padEnd(900, ".");
const ONE_EACH = { batchBytes: 1_024 };

test("a batch whose answer was lost is written once, and its place is the first one's", async () => {
  const { brokers, client, stored, time } = setUp();
  const producer = client.producer();
  scriptFaults(brokers, undefined, "breakAfter", "truncate");
  const warm = watch(producer.send(texts, { value: "warm" }));
  await time.advanceAndSettle(100);

  const sent = watch(producer.send(texts, { value: "a" }));
  await time.advanceAndSettle(1_000);

  expect([warm.state, sent.state]).toEqual(["at 0", "at 1"]);
  expect(stored()).toEqual(["warm", "a"]);
});

test("numbers count records, and one id serves all partitions", async () => {
  const { brokers, client, marks, time } = setUp();
  brokers.createTopic("texts", 2);
  const producer = client.producer();
  for (const values of [["a", "b"], ["c"]]) {
    for (const partition of [0, 1]) {
      for (const value of values) watch(producer.send(texts, { value, partition }));
    }
    await time.advanceAndSettle(100);
  }

  expect(marks()).toEqual([
    [0, 0],
    [0, 2],
  ]);
  expect(brokers.partition("texts", 1).batchMarks()).toEqual(marks());
  expect(brokers.requests.filter(({ call }) => call === "init-producer-id")).toHaveLength(1);
});

test.each(["leader", "none"] as const)(
  "with acks %s it is off, and cannot be asked for",
  async (acks) => {
    const { client, marks, time } = setUp();
    watch(client.producer({ acks }).send(texts, { value: "a" }) as Promise<{ offset: number }>);
    await time.advanceAndSettle(100);

    expect(marks()).toEqual([]);
    expect(() => client.producer({ acks, idempotence: true })).toThrow('needs acks "all"');
  },
);

describe("batches under way together", () => {
  test("are five at most, and none joins a first one that is not acknowledged yet", async () => {
    const { brokers, client, stored, time } = setUp();
    const producer = client.producer(ONE_EACH);
    scriptFaults(brokers, { late: 100 }, ...Array<BrokerFault>(5).fill({ late: 100 }));
    const names = ["0", "1", "2", "3", "4", "5", "6", "7"];
    const produced = () => brokers.requests.filter(({ call }) => call === "produce").length;

    const sends = names.map((name) => watch(producer.send(texts, { value: large(name) })));
    await time.advanceAndSettle(50);
    expect(produced()).toBe(1);
    await time.advanceAndSettle(75);
    expect(produced()).toBe(6);
    await time.advanceAndSettle(500);

    expect(sends.map(({ state }) => state)).toEqual(names.map((name) => `at ${name}`));
    expect(stored()).toEqual(names.map(large));
  });

  test.each<[string, (BrokerFault | undefined)[]]>([
    ["overtake each other", [undefined, { late: 60 }, { late: 30 }, undefined]],
    [
      "are refused by a leader that has gone",
      [undefined, { refuseWith: "NOT_LEADER_OR_FOLLOWER" }],
    ],
    ["lose an answer", [undefined, undefined, "breakAfter", undefined, "breakBefore"]],
    ["hang", [undefined, "hang", undefined, "hang"]],
  ])("are written once and in order when they %s", async (_, faults) => {
    const { brokers, client, stored, time } = setUp();
    const producer = client.producer(ONE_EACH);
    scriptFaults(brokers, ...faults);
    const names = ["0", "1", "2", "3", "4", "5", "6"];

    const sends = names.map((name) => watch(producer.send(texts, { value: large(name) })));
    await time.advanceAndSettle(20_000);

    expect(sends.map(({ state }) => state)).toEqual(names.map((name) => `at ${name}`));
    expect(stored()).toEqual(names.map(large));
  });

  test("one that is too large gives its numbers to its halves, those behind it keep theirs", async () => {
    const { brokers, client, marks, time } = setUp();
    const producer = client.producer(ONE_EACH);
    scriptFaults(brokers, undefined, { refuseWith: "MESSAGE_TOO_LARGE" });
    watch(producer.send(texts, { value: "warm" }));
    await time.advanceAndSettle(50);

    const parts = ["a", "b", "c"].map((name) => name.padEnd(300, "."));
    for (const value of [...parts, large("d"), large("e")]) watch(producer.send(texts, { value }));
    await time.advanceAndSettle(1_000);

    expect(marks()).toEqual([
      [0, 0],
      [0, 1],
      [0, 3],
      [0, 4],
      [0, 5],
    ]);
  });
});

describe("a batch that is given up", () => {
  test("keeps its place until its request has ended; those behind it go on in the next epoch", async () => {
    const { brokers, client, marks, stored, time } = setUp();
    const producer = client.producer({ deliveryTimeoutMs: 1_000 });
    scriptFaults(brokers, undefined, "hang");
    watch(producer.send(texts, { value: "warm" }));
    await time.advanceAndSettle(100);

    const given = watch(producer.send(texts, { value: "a" }));
    await time.advanceAndSettle(4_500);
    const next = watch(producer.send(texts, { value: "b" }));
    await time.advanceAndSettle(100);
    expect([given.state, next.state]).toEqual(["DELIVERY_TIMED_OUT", "open"]);
    await time.advanceAndSettle(800);

    expect(next.state).toBe("at 2");
    expect(stored()).toEqual(["warm", "a", "b"]); // It was written, only the answer was not heard.
    expect(marks().at(-1)).toEqual([1, 0]);
  });

  test("cannot arrive behind those that followed it", async () => {
    const { brokers, client, stored, time } = setUp();
    const producer = client.producer({ deliveryTimeoutMs: 1_000 });
    scriptFaults(brokers, undefined, { late: 60_000 });
    watch(producer.send(texts, { value: "warm" }));
    await time.advanceAndSettle(100);

    watch(producer.send(texts, { value: "a" }));
    await time.advanceAndSettle(4_900);
    const next = watch(producer.send(texts, { value: "b" }));
    await time.advanceAndSettle(100_000);

    expect(next.state).toBe("at 1");
    expect(stored()).toEqual(["warm", "b"]);
  });

  test("and was written after all needs no new epoch", async () => {
    const { brokers, client, marks, time } = setUp();
    const producer = client.producer({ deliveryTimeoutMs: 1_000 });
    scriptFaults(brokers, undefined, { late: 2_000 });
    for (const value of ["warm", "a", "b"]) {
      watch(producer.send(texts, { value }));
      await time.advanceAndSettle(2_200);
    }

    expect(marks()).toEqual([
      [0, 0],
      [0, 1],
      [0, 2],
    ]);
  });

  test("was written if one behind it was: those that follow stay in its epoch", async () => {
    const { brokers, client, marks, time } = setUp();
    const producer = client.producer({ ...ONE_EACH, deliveryTimeoutMs: 1_000 });
    scriptFaults(brokers, undefined, "hang", { late: 4_700 });
    watch(producer.send(texts, { value: "warm" }));
    await time.advanceAndSettle(100);

    const sends = [watch(producer.send(texts, { value: large("a") }))];
    await time.advanceAndSettle(600);
    sends.push(watch(producer.send(texts, { value: large("b") })));
    sends.push(watch(producer.send(texts, { value: large("c") })));
    await time.advanceAndSettle(20_000);
    sends.push(watch(producer.send(texts, { value: "d" })));
    await time.advanceAndSettle(100);

    expect(sends.map(({ state }) => state)).toEqual([
      "DELIVERY_TIMED_OUT",
      "DELIVERY_TIMED_OUT",
      "DELIVERY_TIMED_OUT",
      "at 3",
    ]);
    expect(marks().map(([epoch]) => epoch)).toEqual([0, 0, 0, 0]);
  });

  test("that was refused and never sent otherwise leaves its number to the next one", async () => {
    const { brokers, client, marks, time } = setUp();
    const producer = client.producer();
    scriptFaults(brokers, undefined, { refuseWith: "INVALID_RECORD" });
    const sends = [];
    for (const value of ["warm", "a", "b"]) {
      sends.push(watch(producer.send(texts, { value })));
      await time.advanceAndSettle(100);
    }

    expect(sends.map(({ state }) => state)).toEqual(["at 0", "INVALID_RECORD", "at 1"]);
    expect(marks()).toEqual([
      [0, 0],
      [0, 1],
    ]);
  });

  test("takes none with it that were not sent, and those that may be written are not sent again", async () => {
    const { brokers, client, stored, time } = setUp();
    const producer = client.producer({ ...ONE_EACH, deliveryTimeoutMs: 60_000 });
    scriptFaults(brokers, undefined, { refuseWith: "INVALID_RECORD" }, "breakBefore", {
      refuseWith: "OUT_OF_ORDER_SEQUENCE_NUMBER",
    });
    watch(producer.send(texts, { value: "warm" }));
    await time.advanceAndSettle(100);

    const sends = ["a", "b", "c", "d"].map((name) =>
      watch(producer.send(texts, { value: large(name) })),
    );
    await time.advanceAndSettle(2_000);

    expect(sends.map(({ state }) => state)).toEqual([
      "INVALID_RECORD",
      "OUT_OF_ORDER_SEQUENCE_NUMBER",
      "at 1",
      "at 2",
    ]);
    expect(stored()).toEqual(["warm", large("c"), large("d")]);
  });
});

test("a request may be given more time than brokers wait for replicas", async () => {
  const { client, time } = setUp({ client: { requestTimeoutMs: 600_000 } });
  const sent = watch(client.producer().send(texts, { value: "a" }));
  await time.advanceAndSettle(100);

  expect(sent.state).toBe("at 0");
});

describe("a broker that", () => {
  test.each(["UNKNOWN_PRODUCER_ID", "OUT_OF_ORDER_SEQUENCE_NUMBER"])(
    "answers %s though nothing is missing gets the batch in the next epoch",
    async (refuseWith) => {
      const { brokers, client, marks, time } = setUp();
      const producer = client.producer();
      scriptFaults(brokers, undefined, { refuseWith });
      watch(producer.send(texts, { value: "warm" }));
      await time.advanceAndSettle(100);

      const sent = watch(producer.send(texts, { value: "a" }));
      await time.advanceAndSettle(500);

      expect(sent.state).toBe("at 1");
      expect(marks()).toEqual([
        [0, 0],
        [1, 0],
      ]);
    },
  );

  test("knows a later epoch of our id ends the producer", async () => {
    const { brokers, client, time } = setUp();
    const producer = client.producer();
    scriptFaults(brokers, undefined, { refuseWith: "INVALID_PRODUCER_EPOCH" });
    watch(producer.send(texts, { value: "warm" }));
    await time.advanceAndSettle(100);

    const sent = watch(producer.send(texts, { value: "a" }));
    await time.advanceAndSettle(100);
    const next = watch(producer.send(texts, { value: "b" }));
    await time.advanceAndSettle(100);

    expect([sent.state, next.state]).toEqual(["INVALID_PRODUCER_EPOCH", "INVALID_PRODUCER_EPOCH"]);
  });

  test("is frozen is left for the new leader long before its request times out", async () => {
    const { brokers, client, stored, time } = setUp({
      brokers: 3,
      client: { requestTimeoutMs: 30_000 },
    });
    const producer = client.producer();
    watch(producer.send(texts, { value: "warm" }));
    await time.advanceAndSettle(100);
    brokers.fault = ({ endpoint }) => (endpoint.endsWith(":0") ? { late: 60_000 } : undefined);

    const sent = watch(producer.send(texts, { value: "a" }));
    // By then another broker is asked, as the frozen one does not answer that either.
    await time.advanceAndSettle(4_000);
    brokers.moveLeader("texts", 0);
    await time.advanceAndSettle(500);

    expect(sent.state).toBe("at 1");
    await time.advanceAndSettle(100_000);
    expect(stored()).toEqual(["warm", "a"]);
  });

  test("is dead is left for the new leader as soon as there is one", async () => {
    const { brokers, client, time } = setUp({ brokers: 3 });
    const producer = client.producer();
    watch(producer.send(texts, { value: "warm" }));
    await time.advanceAndSettle(100);
    brokers.fault = ({ endpoint }) => (endpoint.endsWith(":0") ? "refuse" : undefined);

    const sent = watch(producer.send(texts, { value: "a" }));
    await time.advanceAndSettle(900);
    brokers.moveLeader("texts", 0);
    await time.advanceAndSettle(200);

    expect(sent.state).toBe("at 1");
  });
});
