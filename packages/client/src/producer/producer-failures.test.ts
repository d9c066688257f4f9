import { outcome, produces, setUp, texts } from "./producer.fixture.ts";

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
