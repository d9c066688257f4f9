import { encodeRecordBatch } from "@zoolog/protocol";
import { batchOf, produceTo, setUp, turn, watch } from "../replica-manager.fixture.ts";

describe("produce", () => {
  test("outcomes stand in the order of the batches, each partition on its own", async () => {
    const { manager } = await setUp({ partitions: 2 });

    const outcomes = await manager.produce({
      requiredAcks: "all",
      timeoutMs: 1_000,
      batches: [1, 9, 0, 1].map((partition) => ({
        topic: "t",
        partition,
        records: batchOf("x"),
      })),
    });

    expect(outcomes).toMatchObject([
      { baseOffset: 0 },
      { error: "UNKNOWN_TOPIC_OR_PARTITION" },
      { baseOffset: 0 },
      { baseOffset: 1 },
    ]);
    expect(manager.counters).toMatchObject({
      appendedBatches: 3,
      appendedRecords: 3,
      refusedBatches: 1,
    });
  });

  test("batches that take long to look at leave the event loop to others in between", async () => {
    const { manager, logs, time } = await setUp({ partitions: 2, passingMs: 20 });
    const batches = [0, 1].map((partition) => ({ topic: "t", partition, records: batchOf("x") }));

    const outcomes = manager.produce({ requiredAcks: "leader", timeoutMs: 1_000, batches });
    await turn();
    const atFirst = ["t-0", "t-1"].map((key) => logs.get(key)?.logEndOffset);
    for (let i = 0; i < 100; i++) await time.advanceAndSettle(0);

    expect(atFirst).toEqual([0, 0]);
    expect(await outcomes).toMatchObject([{ baseOffset: 0 }, { baseOffset: 0 }]);
  });

  test("acks=leader does not wait for other replicas, acks=all does", async () => {
    const { manager, time } = await setUp({ replicas: [1, 2] });

    const quick = await manager.produce({ ...produceTo(0, "a"), requiredAcks: "leader" });
    const slow = manager.produce(produceTo(0, "b"));
    await turn();
    expect(manager.parked.produces).toBe(1);
    time.advance(1_000);

    expect(quick).toMatchObject([{ baseOffset: 0 }]);
    expect(await slow).toMatchObject([{ error: "REQUEST_TIMED_OUT" }]);
  });

  test("without acknowledgement the answer is empty and refusals are counted", async () => {
    const { manager, logs } = await setUp();

    const answer = await manager.produce({ ...produceTo(0, "a"), requiredAcks: "none" });
    await manager.produce({ ...produceTo(7, "a"), requiredAcks: "none" });
    await turn();

    expect(answer).toEqual([]);
    expect(logs.get("t-0")?.logEndOffset).toBe(1);
    expect(manager.counters.refusedBatches).toBe(1);
  });

  test("without acknowledgement the memory is in use until the log has the batches", async () => {
    const { manager, logs } = await setUp();
    const release = logs.get("t-0")?.holdBack();
    const held: { settled: boolean }[] = [];
    const caller = {
      signal: new AbortController().signal,
      holdWhile: (task: Promise<unknown>) => {
        held.push(watch(task));
        return task;
      },
    };

    await manager.produce({ ...produceTo(0, "x"), requiredAcks: "none", caller });
    await turn();
    const atAnswer = held.map(({ settled }) => settled);
    release?.();
    await turn();

    expect(atAnswer).toEqual([false]);
    expect(held).toEqual([{ settled: true }]);
  });

  test("what the batches of one call inflate to is bounded together", async () => {
    const { manager } = await setUp({ partitions: 6 });
    const value = Buffer.alloc(60 * 1024 * 1024);
    const bomb = encodeRecordBatch([{ timestamp: 0, value }], { compression: "gzip" });
    const batchTo = (partition: number, records: Buffer) => ({ topic: "t", partition, records });
    const batches = [0, 1, 2, 3, 4].map((partition) => batchTo(partition, Buffer.from(bomb)));
    const plain = batchTo(5, batchOf("not compressed"));
    const produce = (all: typeof batches) =>
      manager.produce({ requiredAcks: "leader", timeoutMs: 1_000, batches: all });

    const outcomes = await produce([...batches, plain]);
    const [again] = await produce([batchTo(4, Buffer.from(bomb))]);

    expect(outcomes.map(({ error }) => error)).toEqual([
      ...Array(4).fill(undefined),
      "MESSAGE_TOO_LARGE",
      undefined,
    ]);
    expect(again).toMatchObject({ baseOffset: 0 });
  });

  test("the hops of a produce come in the order of the walk", async () => {
    const { manager, trace } = await setUp();
    trace.length = 0;

    await manager.produce(produceTo(0, "a"));

    expect(trace).toEqual([
      "partition found",
      "append accepted",
      "batch appended",
      "high watermark advanced",
    ]);
  });
});
