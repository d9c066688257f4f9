import { leaderEpoch, offset, timestamp } from "@zoolog/base";
import { assignment, batchOf, leader, setUp } from "./partition.fixture.ts";

describe("reading", () => {
  test("consumers see nothing at or above the high watermark", async () => {
    const { partition } = await setUp();
    await partition.assign(assignment({ replicas: [1, 2] }));
    await partition.appendAsLeader(batchOf("a"), leader).appended;

    const read = (at: number) =>
      partition.readForConsumer({ fetchOffset: offset(at), maxBytes: 1_000, minOneBatch: true });

    expect(await read(0)).toMatchObject({ batches: [], highWatermark: 0 });
    expect(await read(1)).toMatchObject({ batches: [] });
    expect(await read(2)).toMatchObject({ error: "OFFSET_OUT_OF_RANGE", logStartOffset: 0 });
  });

  test("of a log with a tail that is not committed, consumers get what is before it", async () => {
    const { partition } = await setUp();
    await partition.assign(assignment({ replicas: [1, 2], isr: [1] }));
    await partition.appendAsLeader(batchOf("committed"), leader).appended;
    await partition.assign(assignment({ replicas: [1, 2], isr: [1, 2], partitionEpoch: 1 }));
    await partition.appendAsLeader(batchOf("not yet"), leader).appended;

    const read = await partition.readForConsumer({
      fetchOffset: offset(0),
      maxBytes: 1_000,
      minOneBatch: true,
    });

    expect(read).toMatchObject({ batches: [expect.any(Buffer)], highWatermark: 1 });
  });

  test("at the tail and without room nothing is read from the log", async () => {
    const { partition, log } = await setUp();
    await partition.assign(assignment());
    await partition.appendAsLeader(batchOf("a"), leader).appended;
    log.calls.length = 0;

    await partition.readForConsumer({ fetchOffset: offset(1), maxBytes: 9, minOneBatch: true });
    await partition.readForConsumer({ fetchOffset: offset(0), maxBytes: 0, minOneBatch: false });

    expect(log.calls).toEqual([]);
  });

  test("who has read what is not in the log is told where its history ends, and gets nothing", async () => {
    const { partition } = await setUp();
    await partition.assign(assignment({ epoch: 2 }));
    await partition.appendAsLeader(batchOf("a", "b"), leader).appended;
    await partition.assign(assignment({ epoch: 5 }));
    await partition.appendAsLeader(batchOf("c", "d"), leader).appended;
    const read = (at: number, lastFetchedEpoch: number) =>
      partition.readForConsumer({
        fetchOffset: offset(at),
        lastFetchedEpoch: leaderEpoch(lastFetchedEpoch),
        maxBytes: 1_000,
        minOneBatch: true,
      });

    expect(await read(2, 2)).toMatchObject({ batches: [expect.any(Buffer)] });
    expect(await read(4, 5)).toMatchObject({ batches: [] });
    for (const [at, epoch] of [
      [3, 2],
      [9, 2],
      [2, 4],
    ] as const) {
      const divergingEpoch = { leaderEpoch: 2, endOffset: 2 };
      expect(await read(at, epoch)).toMatchObject({ divergingEpoch, batches: [] });
    }
    expect(await read(2, 6)).toMatchObject({ error: "UNKNOWN_LEADER_EPOCH" });
  });

  test("offsets are found by place and by time, never above the high watermark", async () => {
    const { partition } = await setUp();
    await partition.assign(assignment({ epoch: 4 }));
    await partition.appendAsLeader(batchOf("a", "b"), leader).appended;

    expect(await partition.findOffset({ at: "earliest" })).toMatchObject({ offset: 0 });
    expect(await partition.findOffset({ at: "latest" })).toMatchObject({
      offset: 2,
      leaderEpoch: 4,
    });
    expect(await partition.findOffset({ at: "maxTimestamp" })).toMatchObject({ timestamp: 1_000 });
    expect(await partition.findOffset({ at: { timestamp: timestamp(1_000) } })).toMatchObject({
      offset: 0,
    });
    const none = await partition.findOffset({ at: { timestamp: timestamp(1_001) } });
    expect(none).toEqual({ offset: undefined, timestamp: undefined, leaderEpoch: undefined });
  });

  test("a new leader whose high watermark lags does not say where the end is", async () => {
    const { partition } = await setUp();
    await partition.assign(assignment({ replicas: [1, 2] }));
    await partition.appendAsLeader(batchOf("a"), leader).appended;
    await partition.assign(assignment({ epoch: 1, replicas: [1, 2] }));

    expect(await partition.findOffset({ at: "latest" })).toMatchObject({
      error: "OFFSET_NOT_AVAILABLE",
    });
    expect(await partition.findOffset({ at: "earliest" })).toMatchObject({ offset: 0 });
    const seen = await partition.findOffset({ at: { timestamp: timestamp(0) } });
    expect(seen).toMatchObject({ error: "OFFSET_NOT_AVAILABLE" });
  });
});

describe("where epochs end", () => {
  test("is told of those that are over and of the one that goes on, up to the end of the log", async () => {
    const { partition } = await setUp();
    await partition.assign(assignment({ epoch: 2 }));
    await partition.appendAsLeader(batchOf("a", "b"), leader).appended;
    await partition.assign(assignment({ epoch: 5, replicas: [1, 2] }));
    await partition.appendAsLeader(batchOf("c"), leader).appended;
    const end = (epoch: number) => partition.endOfEpoch({ epoch: leaderEpoch(epoch) });

    expect(end(2)).toEqual({ leaderEpoch: 2, endOffset: 2 });
    expect(end(4)).toEqual({ leaderEpoch: 2, endOffset: 2 });
    expect(end(5)).toEqual({ leaderEpoch: 5, endOffset: 3 });
    expect(end(6)).toEqual({ leaderEpoch: undefined, endOffset: undefined });
  });

  test("is told by the leader alone, to who believes in its epoch", async () => {
    const { partition } = await setUp();
    await partition.assign(assignment({ epoch: 2, replicas: [1, 2] }));
    const end = (current: number) =>
      partition.endOfEpoch({ epoch: leaderEpoch(2), leaderEpoch: leaderEpoch(current) });

    expect(end(2)).toMatchObject({ endOffset: 0 });
    expect(end(1)).toMatchObject({ error: "FENCED_LEADER_EPOCH" });
    expect(end(3)).toMatchObject({ error: "UNKNOWN_LEADER_EPOCH" });
    await partition.assign(assignment({ leader: 2, epoch: 3, replicas: [1, 2] }));
    expect(end(3)).toMatchObject({ error: "NOT_LEADER_OR_FOLLOWER" });
  });
});
