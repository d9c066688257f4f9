import { serde } from "../serde.ts";
import { topic } from "../topic.ts";
import { outcome, produces, setUp, texts } from "./producer.fixture.ts";

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
