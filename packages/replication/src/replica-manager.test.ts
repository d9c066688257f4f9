import {
  brokerId,
  leaderEpoch,
  type Offset,
  offset,
  partitionEpoch,
  silentLogger,
  type TopicId,
  topicPartitionKey,
  ZoologError,
} from "@zoolog/base";
import { DEFAULT_LOG_CONFIG } from "@zoolog/log";
import { encodeRecordBatch } from "@zoolog/protocol";
import { ManualTime, MemoryPartitionLog } from "@zoolog/testkit";
import type { IsrChangeRequest } from "./isr-change.ts";
import { replicaError } from "./replica-error.ts";
import { type HostedReplica, ReplicaManager } from "./replica-manager.ts";
import type { FetchRequest } from "./serving/consumer-fetch.ts";
import type { ProduceBatches } from "./serving/produce-calls.ts";

const LAG_MS = 30_000;
const TOPIC_ID = "A".repeat(22) as TopicId;

async function setUp(
  options: {
    partitions?: number;
    parkedMax?: number;
    replicas?: number[];
    /** What each look at the clock finds to have passed since the last one. */
    passingMs?: number;
  } = {},
) {
  const time = new ManualTime();
  const logs = new Map<string, MemoryPartitionLog>();
  const failures: string[] = [];
  const trace: string[] = [];
  const isrChanges: IsrChangeRequest[] = [];
  const full = { isFull: false };
  let passed = 0;
  const monotonic = (): number => {
    passed += options.passingMs ?? 0;
    return time.clock.monotonic() + passed;
  };
  const manager = new ReplicaManager(
    {
      brokerId: brokerId(1),
      parkedMax: options.parkedMax ?? 10,
      fetchBytesMax: 1_000_000,
      selectsByRack: true,
      lagTimeMaxMs: LAG_MS,
      fetcher: { partitionMaxBytes: 1_000, responseMaxBytes: 1_000, maxWaitMs: 500, minBytes: 1 },
    },
    {
      logs: {
        startOver: async () => {
          if (full.isFull)
            throw new ZoologError({ code: "DISK_FULL", message: "no room", retriable: true });
          return new MemoryPartitionLog();
        },
        getOrCreate: async (tp) => {
          if (tp.topic === "damaged")
            throw new ZoologError({
              code: "CORRUPT_MESSAGE",
              message: "damaged",
              retriable: false,
            });
          if (tp.topic === "corrupt") throw new Error("segment 0 is corrupt");
          const log = new MemoryPartitionLog();
          logs.set(topicPartitionKey(tp), log);
          return log;
        },
      },
      ...time,
      clock: { ...time.clock, monotonic },
      scheduler: time.scheduler,
      logger: silentLogger,
      authority: () => "lease",
      isrChanges: { request: (change) => void isrChanges.push(change) },
      peers: { replicate: () => Promise.reject(new Error("there is no other broker")) },
      whereIs: () => replicaError("UNKNOWN_TOPIC_OR_PARTITION", "no such topic"),
      onReplicaFailed: (replica, error) => void failures.push(`${replica.key}: ${error.message}`),
      trace: (hop) => void trace.push(hop),
    },
  );
  for (let partition = 0; partition < (options.partitions ?? 1); partition++) {
    await manager.host(hosted({ partition, replicas: options.replicas ?? [1] }));
  }
  return { time, logs, failures, trace, isrChanges, manager, full };
}

function hosted(given: {
  topic?: string;
  partition?: number;
  epoch?: number;
  leader?: number;
  replicas?: number[];
}): HostedReplica {
  const replicas = (given.replicas ?? [1]).map(brokerId);
  return {
    topic: given.topic ?? "t",
    partition: given.partition ?? 0,
    topicId: TOPIC_ID,
    config: {
      minInsyncReplicas: 1,
      messageBytesMax: 1_000_000,
      stampOnAppend: false,
      log: DEFAULT_LOG_CONFIG,
    },
    assignment: {
      leader: brokerId(given.leader ?? 1),
      leaderEpoch: leaderEpoch(given.epoch ?? 0),
      partitionEpoch: partitionEpoch(given.epoch ?? 0),
      replicas,
      isr: replicas,
    },
  };
}

const batchOf = (value: string): Buffer => encodeRecordBatch([{ timestamp: 1_000, value }]);

const produceTo = (partition: number, value: string, topic = "t"): ProduceBatches => ({
  requiredAcks: "all",
  timeoutMs: 1_000,
  batches: [{ topic, partition, records: batchOf(value) }],
});

function fetchFrom(
  given: Partial<FetchRequest> & { at?: readonly (readonly [number, number])[]; each?: number },
): FetchRequest {
  const { at = [[0, 0]], each = 1_000_000, ...rest } = given;
  return {
    partitions: at.map(([partition, from]) => ({
      topic: "t",
      partition,
      fetchOffset: offset(from) as Offset,
      maxBytes: each,
    })),
    minBytes: 1,
    maxWaitMs: 500,
    maxBytes: 1_000_000,
    ...rest,
  };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Tells whether a promise has settled, without waiting for it. */
function watch<T>(promise: Promise<T>): { settled: boolean } {
  const watched = { settled: false };
  void promise.then(() => {
    watched.settled = true;
  });
  return watched;
}

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

describe("the memory of a fetch", () => {
  /** Grants as told and keeps the books. */
  function memoryOf(granted = Number.POSITIVE_INFINITY) {
    const books = { held: 0, asked: [] as { bytesMin: number; bytesMax: number }[] };
    const memory = {
      reserve: async (asked: { bytesMin: number; bytesMax: number }) => {
        books.asked.push(asked);
        const bytes = Math.min(asked.bytesMax, granted);
        books.held += bytes;
        return bytes;
      },
      release: (bytes: number) => {
        books.held -= bytes;
      },
    };
    return { books, memory };
  }

  test("is reserved before anything is read, and what is not needed goes back", async () => {
    const { manager, logs } = await setUp();
    await manager.produce(produceTo(0, "x"));
    const { books, memory } = memoryOf();
    const heldAtRead: number[] = [];
    const log = logs.get("t-0") as MemoryPartitionLog;
    const read = log.read.bind(log);
    log.read = (request) => {
      heldAtRead.push(books.held);
      return read(request);
    };

    const [answer] = await manager.fetch(fetchFrom({ each: 10, memory }));

    // The first batch comes whatever the limits: its room is the largest that the topic allows.
    expect(books.asked).toEqual([{ bytesMin: 1_000_000, bytesMax: 1_000_000 }]);
    expect(heldAtRead).toEqual([1_000_000]);
    expect(answer).toMatchObject({ sizeInBytes: books.held });
    expect(books.held).toBeGreaterThan(0);
  });

  test("is none where there is nothing to read", async () => {
    const { manager } = await setUp();
    const { books, memory } = memoryOf();

    await manager.fetch(fetchFrom({ maxWaitMs: 0, memory }));

    expect(books.asked).toEqual([]);
  });

  test("is given back while it waits for more, and reserved again for what it reads then", async () => {
    const { manager } = await setUp();
    await manager.produce(produceTo(0, "x".repeat(1_000)));
    const { books, memory } = memoryOf();

    const fetch = manager.fetch(fetchFrom({ minBytes: 1_500, memory }));
    await turn();
    const parked = [manager.parked.fetches, books.held];
    await manager.produce(produceTo(0, "y".repeat(1_000)));
    const [answer] = await fetch;

    expect(parked).toEqual([1, 0]);
    expect(answer).toMatchObject({ batches: [{}, {}], sizeInBytes: books.held });
  });

  test("bounds the answer, which is told at once rather than waiting for what does not fit", async () => {
    const { manager } = await setUp();
    for (const value of ["a", "b", "c"]) await manager.produce(produceTo(0, value.repeat(1_000)));
    const { books, memory } = memoryOf(2_500);

    const [answer] = await manager.fetch(fetchFrom({ minBytes: 3_000, memory }));

    expect(answer).toMatchObject({ batches: [{}, {}], sizeInBytes: books.held });
  });

  test("that is all that was asked for is not short: it waits for minBytes, as ever", async () => {
    const { manager } = await setUp();
    await manager.produce(produceTo(0, "a".repeat(1_000)));
    const { memory } = memoryOf();

    const fetch = manager.fetch(fetchFrom({ minBytes: 5_000, each: 1_200, memory }));
    await turn();

    expect(manager.parked.fetches).toBe(1);
    manager.close();
    await fetch;
  });

  test("refused as nobody wants the answer any more, lets nothing be read", async () => {
    const { manager, logs } = await setUp();
    await manager.produce(produceTo(0, "x"));
    const { memory } = memoryOf(0);

    const answers = await manager.fetch(fetchFrom({ maxWaitMs: 0, memory }));

    expect(answers).toMatchObject([{ batches: [] }]);
    expect(logs.get("t-0")?.calls).not.toContain("read 0");
  });

  test("is no longer filled when the caller has hung up", async () => {
    const { manager } = await setUp({ partitions: 3 });
    for (const partition of [0, 1, 2]) await manager.produce(produceTo(partition, "x"));
    const signal = AbortSignal.abort();
    const at = [0, 1, 2].map((partition) => [partition, 0] as const);

    const answers = await manager.fetch(fetchFrom({ at, signal }));

    expect(answers).toMatchObject([{ batches: [{}] }, { batches: [] }, { batches: [] }]);
  });
});

describe("replicas", () => {
  test("a replica whose log does not open is reported, answers why, and harms no other", async () => {
    const { manager, failures } = await setUp();

    await manager.host(hosted({ topic: "corrupt" }));

    expect(failures).toEqual(["corrupt-0: segment 0 is corrupt"]);
    expect(await manager.produce(produceTo(0, "x", "corrupt"))).toMatchObject([
      { error: "KAFKA_STORAGE_ERROR", message: "segment 0 is corrupt" },
    ]);
    expect(await manager.produce(produceTo(0, "x"))).toMatchObject([{ baseOffset: 0 }]);
  });

  test("closing answers everything that waits", async () => {
    const { manager, time } = await setUp({ replicas: [1, 2] });
    const produce = manager.produce(produceTo(0, "a"));
    const fetch = manager.fetch(fetchFrom({}));
    await turn();

    manager.close();

    expect(await produce).toMatchObject([{ error: "REQUEST_TIMED_OUT" }]);
    expect(await fetch).toMatchObject([{ error: "UNKNOWN_TOPIC_OR_PARTITION" }]);
    expect(time.pendingTimers).toBe(0);
  });
});

test("a damaged replica that has no room to begin anew is offered again, and takes its role later", async () => {
  const { manager, full } = await setUp();
  const damaged = hosted({ topic: "damaged", leader: 2, replicas: [2, 1] });
  const elsewhere = { ...damaged, assignment: { ...damaged.assignment, isr: [brokerId(2)] } };
  full.isFull = true;

  await expect(manager.host(elsewhere)).rejects.toMatchObject({ code: "DISK_FULL" });
  expect(manager.partitions.get("damaged-0")?.state.role).toBe("offline");
  full.isFull = false;
  await manager.host(elsewhere);

  expect(manager.partitions.get("damaged-0")?.state.role).toBe("follower");
  manager.close();
});
