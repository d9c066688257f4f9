import { ManualTime, ScriptedBrokers, seededRandom } from "@zoolog/testkit";
import { Client, type ClientOptions } from "../client.ts";
import { serde } from "../serde.ts";
import { topic } from "../topic.ts";

const texts = topic("texts", { key: serde.string(), value: serde.string() });

/** Brokers, time and a client that only this test moves. */
function setUp(
  options: {
    brokers?: number;
    partitions?: number;
    batchBytesMax?: number;
    client?: Partial<ClientOptions>;
  } = {},
) {
  const time = new ManualTime();
  const random = seededRandom(1);
  const brokers = new ScriptedBrokers(
    {
      count: options.brokers ?? 1,
      ...(options.batchBytesMax === undefined ? {} : { batchBytesMax: options.batchBytesMax }),
    },
    { scheduler: time.scheduler, random },
  );
  brokers.createTopic("texts", options.partitions ?? 1);
  const client = new Client(
    { brokers: brokers.endpoints, ...options.client },
    { clock: time.clock, scheduler: time.scheduler, random, transport: brokers },
  );
  const stored = (partition = 0) =>
    brokers
      .partition("texts", partition)
      .records()
      .map((record) => `${record.value}`);
  return { time, brokers, client, stored };
}

/** Lets everything happen that needs no more than `ms` of simulated time. */
function outcome<T>(time: ManualTime, promise: Promise<T>, ms = 1_000): Promise<T> {
  return time.outcome(promise, ms);
}

const produces = (brokers: ScriptedBrokers) =>
  brokers.requests.filter(({ call }) => call === "produce");

describe("send", () => {
  test("resolves with the place of the record", async () => {
    const { client, stored, time } = setUp();
    const producer = client.producer();

    const first = await outcome(time, producer.send(texts, { key: "k", value: "a" }));
    const second = await outcome(time, producer.send(texts, { value: "b", timestamp: 42 }));

    expect(first).toEqual({ partition: 0, offset: 0, timestamp: expect.any(Number) });
    expect(second).toEqual({ partition: 0, offset: 1, timestamp: 42 });
    expect(stored()).toEqual(["a", "b"]);
    expect(producer.bufferedBytes).toBe(0);
  });

  test("what is sent in one turn of the event loop travels in one request", async () => {
    const { brokers, client, time } = setUp({ partitions: 3 });
    const producer = client.producer();
    await outcome(time, producer.send(texts, { value: "warm" }));
    const before = produces(brokers).length;

    const sends = ["a", "b", "c", "d"].map((value) => producer.send(texts, { value }));
    const places = await outcome(time, Promise.all(sends));

    expect(produces(brokers).length - before).toBe(1);
    expect(places.map(({ partition }) => partition)).toEqual([1, 2, 0, 1]);
  });

  test("lingers for more records, but no longer than told", async () => {
    const { client, stored, time } = setUp();
    const producer = client.producer({ lingerMs: 50 });
    await outcome(time, producer.send(texts, { value: "warm" }));

    const send = producer.send(texts, { value: "a" });
    await time.advanceAndSettle(49);
    expect(stored()).toEqual(["warm"]);
    await time.advanceAndSettle(1);

    await expect(outcome(time, send)).resolves.toMatchObject({ offset: 1 });
  });

  test("with acks none no offset is known", async () => {
    const { client, time } = setUp();

    const delivery = await outcome(
      time,
      client.producer({ acks: "none" }).send(texts, { value: "a" }),
    );

    expect(delivery.offset).toBeUndefined();
  });

  test("headers, tombstones and absent keys are stored as such", async () => {
    const { brokers, client, time } = setUp();
    const headers = { trace: "t-1", raw: Uint8Array.of(1, 2), none: null };

    await outcome(time, client.producer().send(texts, { value: undefined, headers }));

    const [record] = brokers.partition("texts", 0).records();
    expect(record).toMatchObject({ key: null, value: null });
    expect(record!.headers.map(({ key, value }) => [key, value && [...value]])).toEqual([
      ["trace", [...Buffer.from("t-1")]],
      ["raw", [1, 2]],
      ["none", null],
    ]);
  });

  test.each([
    ["a value the serde refuses", { value: 7 as never }, "SERIALIZATION_FAILED"],
    ["a partition that does not exist", { value: "a", partition: 9 }, "UNKNOWN_TOPIC_OR_PARTITION"],
    ["a timestamp that is none", { value: "a", timestamp: Number.NaN }, "INVALID_RECORD"],
    ["a record above the limit", { value: "x".repeat(2_000_000) }, "MESSAGE_TOO_LARGE"],
  ])("%s is refused, the records around it are sent", async (_, record, code) => {
    const { client, stored, time } = setUp();
    const producer = client.producer();

    const before = producer.send(texts, { value: "before" });
    const refused = producer.send(texts, record);
    const after = producer.send(texts, { value: "after" });

    await expect(outcome(time, refused)).rejects.toMatchObject({ code, retriable: false });
    await outcome(time, Promise.all([before, after]));
    expect(stored()).toEqual(["before", "after"]);
  });

  test("a partition that was added since is found by who sends to it", async () => {
    const { brokers, client, stored, time } = setUp();
    const producer = client.producer();
    await outcome(time, producer.send(texts, { value: "before" }));
    brokers.addPartitions("texts", 2);

    const sends = ["a", "b"].map((value) => producer.send(texts, { value, partition: 1 }));

    await outcome(time, Promise.all(sends));
    expect(stored(1)).toEqual(["a", "b"]);
  });

  test("an unknown topic is told soon, with what to do", async () => {
    const { client, time } = setUp();

    const send = client.producer().send(topic("misspelt", { value: serde.string() }), {
      value: "a",
    });

    await expect(outcome(time, send, 1_500)).rejects.toMatchObject({
      code: "UNKNOWN_TOPIC_OR_PARTITION",
      hint: expect.stringContaining("zoolog topic list"),
    });
  });
});

describe("when brokers fail", () => {
  test("a refused connection is tried again until the broker is there", async () => {
    const { brokers, client, stored, time } = setUp();
    let refusals = 3;
    brokers.fault = () => (refusals-- > 0 ? "refuse" : undefined);

    const send = client.producer().send(texts, { value: "a" });

    await expect(outcome(time, send, 5_000)).resolves.toMatchObject({ offset: 0 });
    expect(stored()).toEqual(["a"]);
  });

  test("a retry does not let later records overtake", async () => {
    const { brokers, client, stored, time } = setUp();
    const producer = client.producer({ batchBytes: 1_024 });
    await outcome(time, producer.send(texts, { value: "warm" }));
    let faults = 2;
    brokers.fault = ({ call }) => (call === "produce" && faults-- > 0 ? "breakBefore" : undefined);

    const values = Array.from({ length: 50 }, (_, i) => `${i}`.padStart(100, "0"));
    const sends = values.map((value) => producer.send(texts, { value }));
    await outcome(time, Promise.all(sends), 5_000);

    expect(stored()).toEqual(["warm", ...values]);
  });

  test("without idempotence an answer that is lost may duplicate a batch, never lose or reorder it", async () => {
    const { brokers, client, stored, time } = setUp();
    const producer = client.producer({ idempotence: false });
    await outcome(time, producer.send(texts, { value: "warm" }));
    let faults = 1;
    brokers.fault = ({ call }) => (call === "produce" && faults-- > 0 ? "breakAfter" : undefined);

    const delivery = await outcome(time, producer.send(texts, { value: "a" }), 5_000);

    expect(stored()).toEqual(["warm", "a", "a"]);
    expect(delivery.offset).toBe(2);
  });

  test("a truncated answer counts as a lost one", async () => {
    const { brokers, client, stored, time } = setUp();
    let faults = 1;
    brokers.fault = ({ call }) => (call === "produce" && faults-- > 0 ? "truncate" : undefined);

    await outcome(time, client.producer().send(texts, { value: "a" }), 5_000);

    expect(new Set(stored())).toEqual(new Set(["a"]));
  });

  test("a dead leader of many is tried by all together, and left as soon as there are others", async () => {
    const { time, brokers, client } = setUp({ brokers: 3, partitions: 30 });
    const producer = client.producer();
    const led = Array.from({ length: 30 }, (_, partition) => partition).filter(
      (partition) => brokers.partition("texts", partition).leader === 0,
    );
    expect(led.length).toBeGreaterThan(5);
    const send = (): Promise<unknown> =>
      Promise.all(
        led.map((partition) => producer.send(texts, { key: "k", value: "v", partition })),
      );
    await outcome(time, send());
    brokers.fault = ({ endpoint }) => (endpoint.endsWith(":0") ? "refuse" : undefined);
    const before = produces(brokers).length;

    const sends: Promise<unknown>[] = [];
    for (let passedMs = 0; passedMs < 1_000; passedMs += 10) {
      sends.push(send());
      await time.advanceAndSettle(10);
    }
    expect(produces(brokers).length - before).toBeLessThanOrEqual(2 + 1_000 / 120);

    for (const partition of led) brokers.moveLeader("texts", partition);
    await outcome(time, Promise.all(sends), 60);
  });

  test("a leader that moved is found by its successor's name, without asking for metadata", async () => {
    const { brokers, client, time } = setUp({ brokers: 3 });
    const producer = client.producer();
    await outcome(time, producer.send(texts, { value: "a" }));
    brokers.moveLeader("texts", 0);

    const delivery = await outcome(time, producer.send(texts, { value: "b" }), 2_000);

    expect(delivery.offset).toBe(1);
    expect(produces(brokers).map(({ endpoint }) => endpoint)).toEqual([
      "http://broker:0",
      "http://broker:0",
      "http://broker:1",
    ]);
  });

  test("a broker that hangs is given up at the delivery timeout, and the error says so", async () => {
    const { brokers, client, time } = setUp({ client: { requestTimeoutMs: 5_000 } });
    const producer = client.producer({ deliveryTimeoutMs: 3_000 });
    await outcome(time, producer.send(texts, { value: "warm" }));
    brokers.fault = ({ call }) => (call === "produce" ? "hang" : undefined);

    const send = producer.send(texts, { value: "a" });

    await expect(outcome(time, send, 3_100)).rejects.toMatchObject({
      code: "DELIVERY_TIMED_OUT",
      hint: expect.stringContaining("may have been written"),
    });
    expect(producer.bufferedBytes).toBeGreaterThan(0); // The connection still holds the bytes.
    await time.advanceAndSettle(2_000);
    expect(producer.bufferedBytes).toBe(0);
  });

  test("records behind a batch under way time out on their own clock", async () => {
    const { brokers, client, time } = setUp();
    const producer = client.producer({ deliveryTimeoutMs: 60_000 });
    await outcome(time, producer.send(texts, { value: "warm" }));
    brokers.fault = ({ call }) => (call === "produce" ? "breakBefore" : undefined);
    const first = producer.send(texts, { value: "a" });
    const second = producer.send(texts, { value: "b" });

    const results = await outcome(time, Promise.allSettled([first, second]), 61_500);

    expect(results.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  });

  test("an error that no retry can mend fails its batch only", async () => {
    const { brokers, client, stored, time } = setUp();
    const producer = client.producer();
    await outcome(time, producer.send(texts, { value: "warm" }));
    let faults = 1;
    brokers.fault = ({ call }) =>
      call === "produce" && faults-- > 0 ? { refuseWith: "INVALID_RECORD" } : undefined;

    const refused = producer.send(texts, { value: "a" });
    await expect(outcome(time, refused)).rejects.toMatchObject({ code: "INVALID_RECORD" });
    await outcome(time, producer.send(texts, { value: "b" }));

    expect(stored()).toEqual(["warm", "b"]);
  });

  test("a topic deleted under way fails its records soon instead of at the timeout", async () => {
    const { brokers, client, time } = setUp();
    const producer = client.producer();
    await outcome(time, producer.send(texts, { value: "a" }));
    brokers.deleteTopic("texts");

    const send = producer.send(texts, { value: "b" });

    await expect(outcome(time, send, 3_000)).rejects.toMatchObject({
      code: "UNKNOWN_TOPIC_OR_PARTITION",
    });
  });

  test("a batch that is too large is split until its parts fit", async () => {
    const { brokers, client, stored, time } = setUp({ batchBytesMax: 3_000 });
    const producer = client.producer({ batchBytes: 64 * 1024 });
    const values = Array.from({ length: 40 }, (_, i) => `${i}`.padStart(400, "."));

    const sends = values.map((value) => producer.send(texts, { value }));
    const places = await outcome(time, Promise.all(sends), 5_000);

    expect(stored()).toEqual(values);
    expect(places.map(({ offset }) => offset)).toEqual(values.map((_, index) => index));
    expect(Math.max(...brokers.partition("texts", 0).batchSizes())).toBeLessThanOrEqual(3_000);
    expect(producer.bufferedBytes).toBe(0);
  });

  test("a single record that the broker finds too large fails, its neighbours do not", async () => {
    const { client, stored, time } = setUp({ batchBytesMax: 1_000 });
    const producer = client.producer();
    const sends = ["a", "x".repeat(2_000), "b"].map((value) => producer.send(texts, { value }));

    const results = await outcome(time, Promise.allSettled(sends), 5_000);

    expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(stored()).toEqual(["a", "b"]);
  });
});

describe("memory", () => {
  test("sends wait while memory is full and go on in their order", async () => {
    const { brokers, client, stored, time } = setUp();
    const producer = client.producer({ batchBytes: 1_024, maxInFlightBytes: 2_048 });
    await outcome(time, producer.send(texts, { value: "warm" }));
    const values = Array.from({ length: 100 }, (_, i) => `${i}`.padStart(100, "0"));
    let buffered = 0;
    brokers.fault = () => {
      buffered = Math.max(buffered, producer.bufferedBytes);
      return undefined;
    };

    await outcome(time, Promise.all(values.map((value) => producer.send(texts, { value }))));

    expect(buffered).toBeLessThan(2_048 + 300);
    expect(stored()).toEqual(["warm", ...values]);
  });

  test("too many waiting sends are refused instead of piling up", async () => {
    const { brokers, client, time } = setUp();
    brokers.fault = () => "hang";
    const producer = client.producer();

    const sends = Array.from({ length: 10_001 }, () => producer.send(texts, { value: "a" }));
    const last = sends.pop()!;

    await expect(outcome(time, last)).rejects.toMatchObject({ code: "BUFFER_EXHAUSTED" });
    const aborted = new AbortController();
    aborted.abort();
    const closed = producer.close({ signal: aborted.signal });
    await expect(Promise.allSettled(sends)).resolves.toHaveLength(10_000);
    await closed;
  });

  test("a source of records is not read while memory is full", async () => {
    const { brokers, client, time } = setUp();
    const producer = client.producer({ batchBytes: 1_024, maxInFlightBytes: 4_096 });
    await outcome(time, producer.send(texts, { value: "warm" }));
    brokers.fault = ({ call }) => (call === "produce" ? "hang" : undefined);
    let read = 0;
    function* source() {
      for (; read < 1_000; read++) yield { value: "x".repeat(100) };
    }

    const run = producer.sendMany(texts, source());
    await time.advanceAndSettle(100);
    expect(read).toBeLessThan(60);
    brokers.fault = () => undefined;

    await expect(outcome(time, run, 60_000)).resolves.toMatchObject({ records: 1_000 });
  });
});

describe("sendMany", () => {
  test("sends what any source gives and counts by partition", async () => {
    const { client, stored, time } = setUp({ partitions: 2 });
    async function* source() {
      for (const value of ["a", "b", "c"]) yield { value };
    }

    const result = await outcome(time, client.producer().sendMany(texts, source()));

    expect(result).toEqual({
      records: 3,
      partitions: [
        { partition: 0, records: 2, firstOffset: 0, lastOffset: 1 },
        { partition: 1, records: 1, firstOffset: 0, lastOffset: 0 },
      ],
    });
    expect([stored(0), stored(1)]).toEqual([["a", "c"], ["b"]]);
  });

  test("an empty source is no record", async () => {
    const { client, time } = setUp();

    const result = await outcome(time, client.producer().sendMany(texts, []));

    expect(result).toEqual({ records: 0, partitions: [] });
  });

  test("a failure stops the source and says how many were acknowledged", async () => {
    const { brokers, client, time } = setUp();
    const producer = client.producer({ batchBytes: 1_024, maxInFlightBytes: 2_048 });
    let served = 0;
    brokers.fault = ({ call }) =>
      call === "produce" && ++served > 2 ? { refuseWith: "INVALID_RECORD" } : undefined;
    let left = false;
    function* source() {
      try {
        for (;;) yield { value: "x".repeat(100) };
      } finally {
        left = true;
      }
    }

    const run = producer.sendMany(texts, source());

    await expect(outcome(time, run)).rejects.toMatchObject({
      code: "INVALID_RECORD",
      message: expect.stringMatching(/\([1-9]\d* of \d+ records were acknowledged\)/),
    });
    expect(left).toBe(true);
  });

  test("a source that throws ends the run with its error, after what it gave is settled", async () => {
    const { client, stored, time } = setUp();
    function* source() {
      yield { value: "a" };
      throw new Error("the source broke");
    }

    const run = client.producer().sendMany(texts, source());

    await expect(outcome(time, run)).rejects.toThrow("the source broke");
    expect(stored()).toEqual(["a"]);
  });

  test("an abort ends the run at once, even while the source is silent", async () => {
    const { client, time } = setUp();
    const controller = new AbortController();
    let left = false;
    const source: AsyncIterable<{ value: string }> = {
      [Symbol.asyncIterator]: () => ({
        next: () => new Promise(() => {}),
        return: () => {
          left = true;
          return Promise.resolve({ done: true, value: undefined });
        },
      }),
    };

    const run = client.producer().sendMany(texts, source, { signal: controller.signal });
    await time.advanceAndSettle(10);
    controller.abort(new Error("enough"));

    await expect(outcome(time, run)).rejects.toThrow("enough");
    expect(left).toBe(true);
  });
});

describe("aborting, flushing and closing", () => {
  test("an aborted send that still waits for memory is never sent", async () => {
    const { brokers, client, stored, time } = setUp();
    const producer = client.producer();
    brokers.fault = () => "hang";
    const controller = new AbortController();

    const send = producer.send(texts, { value: "a" }, { signal: controller.signal });
    await time.advanceAndSettle(10);
    controller.abort(new Error("never mind"));
    await expect(send).rejects.toThrow("never mind");
    brokers.fault = () => undefined;
    await outcome(time, producer.send(texts, { value: "b" }), 60_000);

    expect(stored()).toEqual(["b"]);
  });

  test("an aborted send that is in a batch rejects once, the batch is sent all the same", async () => {
    const { client, stored, time } = setUp();
    const producer = client.producer({ lingerMs: 100 });
    await outcome(time, producer.send(texts, { value: "warm" }));
    const controller = new AbortController();

    const send = producer.send(texts, { value: "a" }, { signal: controller.signal });
    controller.abort(new Error("never mind"));

    await expect(send).rejects.toThrow("never mind");
    await time.advanceAndSettle(200);
    expect(stored()).toEqual(["warm", "a"]);
  });

  test("a send's own timeout ends its wait, and leaves the others theirs", async () => {
    const { brokers, client, stored, time } = setUp();
    const producer = client.producer();
    brokers.fault = () => "refuse";

    const hasty = producer.send(texts, { value: "a" }, { timeoutMs: 300 });
    const many = producer.sendMany(texts, [{ value: "b" }], { timeoutMs: 300 });
    const patient = producer.send(texts, { value: "c" });
    hasty.catch(() => {});
    many.catch(() => {});
    await time.advanceAndSettle(290);
    const early = await Promise.race([hasty.catch((error: unknown) => error), "waiting"]);
    await time.advanceAndSettle(10);

    expect(early).toBe("waiting");
    const timedOut = { code: "DELIVERY_TIMED_OUT", message: expect.stringContaining("300 ms") };
    await expect(hasty).rejects.toMatchObject(timedOut);
    await expect(many).rejects.toMatchObject(timedOut);
    brokers.fault = () => undefined;
    await outcome(time, patient, 60_000);
    expect(stored()).toContain("c");
    expect(stored()).not.toContain("a");
  });

  test("flush sends what lingers and waits for what was given before it", async () => {
    const { client, stored, time } = setUp({ partitions: 2 });
    const producer = client.producer({ lingerMs: 60_000 });
    const sends = ["a", "b", "c"].map((value) => producer.send(texts, { value }));

    await outcome(time, producer.flush());

    expect([...stored(0), ...stored(1)].sort()).toEqual(["a", "b", "c"]);
    await Promise.all(sends);
  });

  test("close delivers what is on its way, then refuses more", async () => {
    const { client, stored, time } = setUp();
    const producer = client.producer({ lingerMs: 60_000 });
    const send = producer.send(texts, { value: "a" });

    await outcome(time, producer.close());

    await expect(send).resolves.toMatchObject({ offset: 0 });
    expect(stored()).toEqual(["a"]);
    await expect(producer.send(texts, { value: "b" })).rejects.toMatchObject({ code: "CLOSED" });
    await expect(producer.sendMany(texts, [])).rejects.toMatchObject({ code: "CLOSED" });
    await producer.close();
    expect(time.pendingTimers).toBe(0);
  });

  test("a close that is aborted fails what is left, each promise once", async () => {
    const { brokers, client, time } = setUp();
    const producer = client.producer();
    await outcome(time, producer.send(texts, { value: "warm" }));
    brokers.fault = ({ call }) => (call === "produce" ? "hang" : undefined);
    const sends = Promise.allSettled(["a", "b"].map((value) => producer.send(texts, { value })));
    const controller = new AbortController();

    const closed = producer.close({ signal: controller.signal });
    await time.advanceAndSettle(50);
    controller.abort();
    await outcome(time, closed);

    const results = await sends;
    expect(results.map((r) => r.status === "rejected" && r.reason.code)).toEqual([
      "CLOSED",
      "CLOSED",
    ]);
    expect(time.pendingTimers).toBe(0);
  });

  test("closing the client delivers first", async () => {
    const { client, stored, time } = setUp();
    const send = client.producer({ lingerMs: 60_000 }).send(texts, { value: "a" });

    await outcome(time, client.close());

    await send;
    expect(stored()).toEqual(["a"]);
    expect(() => client.producer()).toThrow(expect.objectContaining({ code: "CLOSED" }));
  });

  test("a stream of records waits for its last acknowledgement when it closes", async () => {
    const { client, stored, time } = setUp();
    const source = new ReadableStream({
      start: (controller) => {
        for (const value of ["a", "b", "c"]) controller.enqueue({ value });
        controller.close();
      },
    });

    await outcome(time, source.pipeTo(client.producer().writable(texts)));

    expect(stored()).toEqual(["a", "b", "c"]);
  });

  test("a stream whose records are refused errors", async () => {
    const { client, time } = setUp();
    const writer = client.producer().writable(texts).getWriter();
    writer.closed.catch(() => {});

    const write = writer.write({ value: 7 as never });

    await expect(outcome(time, write)).rejects.toMatchObject({ code: "SERIALIZATION_FAILED" });
  });
});
