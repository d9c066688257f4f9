import type { TopicId } from "@zoolog/base";
import {
  batchOf,
  fetchFrom,
  hosted,
  produceTo,
  setUp,
  TOPIC_ID,
  turn,
  watch,
} from "../replica-manager.fixture.ts";

describe("fetch", () => {
  test("what is there is answered at once, in the order asked for", async () => {
    const { manager } = await setUp({ partitions: 3 });
    await manager.produce(produceTo(0, "zero"));
    await manager.produce(produceTo(2, "two"));

    const answers = await manager.fetch(
      fetchFrom({
        at: [
          [2, 0],
          [1, 0],
          [0, 0],
        ],
      }),
    );

    expect(answers.map(({ partition }) => partition)).toEqual([2, 1, 0]);
    expect(answers).toMatchObject([
      { batches: [expect.any(Buffer)], highWatermark: 1 },
      { batches: [], highWatermark: 0 },
      { batches: [expect.any(Buffer)] },
    ]);
    expect(manager.parked.fetches).toBe(0);
  });

  test("another life of the topic that is meant is no answer", async () => {
    const { manager } = await setUp();
    await manager.produce(produceTo(0, "news"));
    const fetchOf = (topicId: TopicId) => {
      const request = fetchFrom({});
      const partitions = request.partitions.map((asked) => ({ ...asked, topicId }));
      return manager.fetch({ ...request, partitions });
    };

    expect(await fetchOf(TOPIC_ID)).toMatchObject([{ batches: [expect.any(Buffer)] }]);
    const other = await fetchOf("B".repeat(22) as TopicId);
    expect(other).toMatchObject([{ error: "INCONSISTENT_TOPIC_ID", topic: "t", partition: 0 }]);
  });

  test("at the end of the log it waits and is released by the next commit", async () => {
    const { manager } = await setUp();
    const fetch = manager.fetch(fetchFrom({}));
    const watched = watch(fetch);
    await turn();
    expect(watched.settled).toBe(false);
    expect(manager.parked.fetches).toBe(1);

    await manager.produce(produceTo(0, "news"));

    expect(await fetch).toMatchObject([{ batches: [expect.any(Buffer)], highWatermark: 1 }]);
    expect(manager.parked.fetches).toBe(0);
  });

  test("data that is not committed releases nobody", async () => {
    const { manager, time } = await setUp({ replicas: [1, 2] });
    const fetch = manager.fetch(fetchFrom({}));
    const watched = watch(fetch);
    await manager.produce({ ...produceTo(0, "a"), requiredAcks: "leader" });
    await turn();
    expect(watched.settled).toBe(false);

    time.advance(500);

    expect(await fetch).toMatchObject([{ batches: [], highWatermark: 0 }]);
  });

  test("it waits for minBytes over all partitions, then answers them all", async () => {
    const { manager } = await setUp({ partitions: 2 });
    const size = batchOf("x").length;
    const fetch = manager.fetch(
      fetchFrom({
        at: [
          [0, 0],
          [1, 0],
        ],
        minBytes: 2 * size,
      }),
    );
    const watched = watch(fetch);

    await manager.produce(produceTo(0, "x"));
    await turn();
    expect(watched.settled).toBe(false);
    await manager.produce(produceTo(1, "x"));

    expect(await fetch).toMatchObject([{ sizeInBytes: size }, { sizeInBytes: size }]);
  });

  test("bytes that were there before it parked count towards minBytes", async () => {
    const { manager } = await setUp();
    const size = batchOf("x").length;
    await manager.produce(produceTo(0, "x"));
    const fetch = manager.fetch(fetchFrom({ minBytes: 2 * size }));
    await turn();

    await manager.produce(produceTo(0, "x"));

    expect(await fetch).toMatchObject([{ sizeInBytes: 2 * size }]);
  });

  test("data committed while the first read was under way wakes it up", async () => {
    const { manager, logs } = await setUp({ partitions: 2 });
    await manager.produce(produceTo(1, "x"));
    const size = batchOf("x").length;
    const slow = logs.get("t-1")!;
    const read = slow.read.bind(slow);
    slow.read = async (request) => {
      slow.read = read;
      const answer = await read(request);
      await manager.produce(produceTo(0, "y"));
      return answer;
    };

    const fetch = manager.fetch(
      fetchFrom({
        at: [
          [0, 0],
          [1, 0],
        ],
        minBytes: 2 * size,
      }),
    );

    expect(await fetch).toMatchObject([{ sizeInBytes: size }, { sizeInBytes: size }]);
  });

  test("who asks for more than an answer may hold gets a full answer at once", async () => {
    const { manager } = await setUp();
    await manager.produce(produceTo(0, "x".repeat(100)));

    const fetch = manager.fetch(fetchFrom({ minBytes: 5_000, maxBytes: 120 }));

    expect(await fetch).toMatchObject([{ batches: [expect.any(Buffer)] }]);
    expect(manager.counters.parkedFetches).toBe(0);
  });

  test("the deadline answers with what there is", async () => {
    const { manager, time } = await setUp();
    const fetch = manager.fetch(fetchFrom({ minBytes: 10_000 }));
    await turn();
    await manager.produce(produceTo(0, "little"));

    time.advance(500);

    expect(await fetch).toMatchObject([{ batches: [expect.any(Buffer)] }]);
    expect(time.pendingTimers).toBe(0);
  });

  test("no wait is no wait", async () => {
    const { manager } = await setUp();

    expect(await manager.fetch(fetchFrom({ maxWaitMs: 0 }))).toMatchObject([{ batches: [] }]);
    expect(await manager.fetch(fetchFrom({ minBytes: 0 }))).toMatchObject([{ batches: [] }]);
    expect(await manager.fetch(fetchFrom({ at: [] }))).toEqual([]);
    expect(manager.counters.parkedFetches).toBe(0);
  });

  test("the first batch of the answer comes even when it is larger than every limit", async () => {
    const { manager } = await setUp({ partitions: 2 });
    await manager.produce(produceTo(0, "a".repeat(500)));
    await manager.produce(produceTo(1, "b".repeat(500)));

    const answers = await manager.fetch(
      fetchFrom({
        at: [
          [0, 0],
          [1, 0],
        ],
        each: 1,
        maxBytes: 10,
      }),
    );

    expect(answers).toMatchObject([{ batches: [expect.any(Buffer)] }, { batches: [] }]);
  });

  test("maxBytes is shared by the partitions in their order", async () => {
    const { manager } = await setUp({ partitions: 3 });
    const size = batchOf("x").length;
    for (const partition of [0, 1, 2]) await manager.produce(produceTo(partition, "x"));

    const answers = await manager.fetch(
      fetchFrom({
        at: [
          [2, 0],
          [0, 0],
          [1, 0],
        ],
        maxBytes: 2 * size,
      }),
    );

    expect(answers).toMatchObject([
      { partition: 2, sizeInBytes: size },
      { partition: 0, sizeInBytes: size },
      { partition: 1, sizeInBytes: 0 },
    ]);
  });

  test("an error is told at once, beside the partitions that are fine", async () => {
    const { manager } = await setUp();

    const answers = await manager.fetch(
      fetchFrom({
        at: [
          [0, 0],
          [5, 0],
          [0, 9],
        ],
      }),
    );

    expect(answers).toMatchObject([
      { batches: [] },
      { error: "UNKNOWN_TOPIC_OR_PARTITION" },
      { error: "OFFSET_OUT_OF_RANGE" },
    ]);
  });

  test("a leader that leaves sends its waiting readers away", async () => {
    const { manager } = await setUp({ replicas: [1, 2] });
    const fetch = manager.fetch(fetchFrom({}));
    await turn();

    await manager.host(hosted({ epoch: 1, leader: 2, replicas: [1, 2] }));

    expect(await fetch).toMatchObject([{ error: "NOT_LEADER_OR_FOLLOWER" }]);
  });

  test("a deleted partition sends its waiting readers away", async () => {
    const { manager } = await setUp();
    const fetch = manager.fetch(fetchFrom({}));
    await turn();

    manager.release({ topic: "t", partition: 0 });

    expect(await fetch).toMatchObject([{ error: "UNKNOWN_TOPIC_OR_PARTITION" }]);
  });

  test("a caller that hangs up is not waited for, and leaves no listener behind", async () => {
    const { manager, time } = await setUp();
    const hangUp = new AbortController();
    const removed = jest.spyOn(hangUp.signal, "removeEventListener");
    const fetch = manager.fetch(fetchFrom({ signal: hangUp.signal }));
    await turn();

    hangUp.abort();

    expect(await fetch).toMatchObject([{ batches: [] }]);
    expect(manager.parked.fetches).toBe(0);
    expect(removed).toHaveBeenCalledTimes(1);
    time.advance(500);
    expect(time.pendingTimers).toBe(0);
  });

  test("when too many wait already, a fetch is answered with what there is", async () => {
    const { manager } = await setUp({ parkedMax: 1 });
    const parked = manager.fetch(fetchFrom({}));
    await turn();

    expect(await manager.fetch(fetchFrom({}))).toMatchObject([{ batches: [] }]);

    await manager.produce(produceTo(0, "x"));
    await parked;
  });
});
