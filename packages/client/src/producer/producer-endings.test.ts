import { outcome, setUp, texts } from "./producer.fixture.ts";

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
