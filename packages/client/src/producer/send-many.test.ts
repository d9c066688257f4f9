import { outcome, setUp, texts } from "./producer.fixture.ts";

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
