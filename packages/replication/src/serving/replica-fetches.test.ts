import {
  assert,
  brokerEpoch,
  brokerId,
  leaderEpoch,
  offset,
  partitionEpoch,
  silentLogger,
  type TopicId,
} from "@zoolog/base";
import { DEFAULT_LOG_CONFIG } from "@zoolog/log";
import { encodeRecordBatch, type ReplicateRequest } from "@zoolog/protocol";
import { ManualTime, MemoryPartitionLog } from "@zoolog/testkit";
import type { IsrChangeRequest } from "../isr-change.ts";
import { ReplicaManager } from "../replica-manager.ts";
import type { ReplicaCaller } from "./replica-fetches.ts";

const TOPIC_ID = "A".repeat(22) as TopicId;
const EPOCH = 5;

type Asked = { partition?: number; from?: number; epoch?: number; last?: number };

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function lead(
  given: { partitions?: number; replicas?: number[]; isr?: number[]; rack?: string } = {},
) {
  const { replicas = [1, 2] } = given;
  const isrChanges: IsrChangeRequest[] = [];
  const time = new ManualTime();
  const logs = new Map<number, MemoryPartitionLog>();
  const manager = new ReplicaManager(
    {
      brokerId: brokerId(1),
      parkedMax: 10,
      fetchBytesMax: 1_000_000,
      selectsByRack: true,
      lagTimeMaxMs: 30_000,
      fetcher: { partitionMaxBytes: 1_000, responseMaxBytes: 1_000, maxWaitMs: 500, minBytes: 1 },
    },
    {
      logs: {
        startOver: () => Promise.reject(new Error("no log starts over here")),
        getOrCreate: async ({ partition }) => {
          const log = new MemoryPartitionLog();
          logs.set(partition, log);
          return log;
        },
      },
      clock: time.clock,
      scheduler: time.scheduler,
      logger: silentLogger,
      authority: () => "lease",
      isrChanges: { request: (change) => void isrChanges.push(change) },
      peers: { replicate: () => Promise.reject(new Error("nobody is followed here")) },
      whereIs: () => ({ error: "UNKNOWN_TOPIC_OR_PARTITION", message: "" }),
      onReplicaFailed: () => {},
    },
  );
  const follower = { brokerEpoch: brokerEpoch(20), shuttingDown: false, rack: given.rack };
  manager.brokers(new Map([[brokerId(2), follower]]));
  const host = (partition: number, leader = 1, epoch = EPOCH) =>
    manager.host({
      topic: "t",
      partition,
      topicId: TOPIC_ID,
      config: {
        minInsyncReplicas: 1,
        messageBytesMax: 200,
        stampOnAppend: false,
        log: DEFAULT_LOG_CONFIG,
      },
      assignment: {
        leader: brokerId(leader),
        leaderEpoch: leaderEpoch(epoch),
        partitionEpoch: partitionEpoch(epoch),
        replicas: replicas.map(brokerId),
        isr: (given.isr ?? replicas).map(brokerId),
      },
    });
  for (let i = 0; i < (given.partitions ?? 1); i++) await host(i);
  const produce = async (partition = 0, value = "v"): Promise<void> => {
    const records = encodeRecordBatch([{ timestamp: 0, value }]);
    const batches = [{ topic: "t", partition, records }];
    await manager.produce({ requiredAcks: "leader", timeoutMs: 100, batches });
  };
  const request = (asked: Asked[], more: Partial<ReplicateRequest> = {}): ReplicateRequest => ({
    maxWaitMs: 500,
    minBytes: 1,
    maxBytes: 1_000,
    session: { id: 0, epoch: 0 },
    topics: [
      {
        topicId: TOPIC_ID,
        partitions: asked.map(({ partition = 0, from = 0, epoch = EPOCH, last }) => ({
          partition,
          currentLeaderEpoch: leaderEpoch(epoch),
          fetchOffset: offset(from),
          ...(last === undefined ? {} : { lastFetchedEpoch: leaderEpoch(last) }),
          logStartOffset: offset(0),
          partitionMaxBytes: 1_000,
        })),
      },
    ],
    forgotten: [],
    ...more,
  });
  /** Asks as broker 2; the answers by partition. */
  const ask = async (
    asked: Asked[],
    more: Partial<ReplicateRequest> = {},
    caller: Partial<ReplicaCaller> = {},
  ) => {
    const answer = await manager.replicate(request(asked, more), {
      brokerId: brokerId(2),
      brokerEpoch: brokerEpoch(20),
      ...caller,
    });
    return { ...answer, partitions: answer.topics.flatMap(({ partitions }) => partitions) };
  };
  const progress = (partition = 0) => {
    const state = manager.partitions.get(`t-${partition}`)?.state;
    return state?.role === "leader" ? state.followers.get(brokerId(2))?.endOffset : undefined;
  };
  return { time, logs, manager, isrChanges, host, produce, ask, progress };
}

const now = { maxWaitMs: 0 };

test("the high watermark waits for who is about to join, and no longer once that one leaves", async () => {
  const { manager, isrChanges, produce, ask, logs } = await lead({ isr: [1] });
  await ask([{ from: 0 }], now);
  const [wanted] = isrChanges;
  assert(wanted !== undefined, "the follower may join");
  manager.isrChangeAnswered(wanted, { error: "INELIGIBLE_REPLICA" });
  await produce();
  expect(logs.get(0)?.highWatermark).toBe(0);

  manager.brokers(new Map([[brokerId(2), { brokerEpoch: brokerEpoch(20), shuttingDown: true }]]));

  expect(logs.get(0)?.highWatermark).toBe(1);
});

describe("who asks, and in which epoch", () => {
  test.each([
    [EPOCH - 1, "FENCED_LEADER_EPOCH"],
    [EPOCH + 1, "UNKNOWN_LEADER_EPOCH"],
  ])("a follower of epoch %i is refused, and has acknowledged nothing", async (epoch, code) => {
    const { produce, ask, progress, logs } = await lead();
    await produce();

    const { partitions } = await ask([{ from: 1, epoch }], now);

    expect(partitions).toMatchObject([{ error: { code } }]);
    expect(progress()).toBeUndefined();
    expect(logs.get(0)?.highWatermark).toBe(0);
  });

  test("a broker that has no replica of it is refused", async () => {
    const { ask } = await lead();

    const { partitions } = await ask([{}], now, { brokerId: brokerId(3) });

    expect(partitions).toMatchObject([{ error: { code: "NOT_LEADER_OR_FOLLOWER" } }]);
  });

  test("an earlier life of a broker acknowledges nothing: its log may be another one now", async () => {
    const { produce, ask, progress } = await lead();
    await produce();

    await expect(ask([{ from: 1 }], now, { brokerEpoch: brokerEpoch(19) })).rejects.toMatchObject({
      code: "STALE_BROKER_EPOCH",
    });
    expect(progress()).toBeUndefined();
  });

  test("nor after a later life has fetched, which the image does not know yet", async () => {
    const { produce, ask, progress } = await lead();
    await produce();
    await ask([{ from: 0 }], now, { brokerEpoch: brokerEpoch(21) });

    const { partitions } = await ask([{ from: 1 }], now);

    expect(partitions).toMatchObject([{ error: { code: "STALE_BROKER_EPOCH" } }]);
    expect(progress()).toBe(0);
  });

  test("a fetch that diverges is told where, and is no progress", async () => {
    const { produce, ask, progress, logs } = await lead();
    await produce();

    const { partitions } = await ask([{ from: 7, last: EPOCH }], now);

    expect(partitions).toMatchObject([
      { divergingEpoch: { leaderEpoch: EPOCH, endOffset: 1 }, records: [] },
    ]);
    expect(progress()).toBeUndefined();
    expect(logs.get(0)?.highWatermark).toBe(0);
  });

  test("a log that is out of range is told the range", async () => {
    const { produce, ask, logs } = await lead();
    await produce();
    await produce();
    await logs.get(0)?.deleteBefore(offset(1));

    const { partitions } = await ask([{ from: 0 }], now);

    expect(partitions).toMatchObject([
      { error: { code: "OFFSET_OUT_OF_RANGE" }, logStartOffset: 1, logEndOffset: 2 },
    ]);
  });
});

describe("a partition that is not named in a session", () => {
  test("is told its records, whether they come while a call waits or between two", async () => {
    const { produce, ask } = await lead({ partitions: 2 });
    const { session } = await ask([{ partition: 0 }, { partition: 1 }], now);
    const next = (epoch: number, asked: Asked[] = []) =>
      ask(asked, { session: { ...session, epoch } });
    await ask([], { ...now, session: { ...session, epoch: 1 } });

    await produce(1);
    const between = await next(2);
    expect(between.partitions).toMatchObject([{ partition: 1, records: [expect.any(Buffer)] }]);

    const waiting = next(3, [{ partition: 1, from: 1 }]);
    await turn();
    await produce(0);
    expect((await waiting).partitions).toMatchObject([
      { partition: 1, records: [] },
      { partition: 0, records: [expect.any(Buffer)] },
    ]);
  });

  test("that the answer had no room for comes first in the next one", async () => {
    const { produce, ask } = await lead({ partitions: 2 });
    await produce(0);
    await produce(1);
    const small = { ...now, maxBytes: 1 };
    const first = await ask([{ partition: 0 }, { partition: 1 }], small);
    expect(first.partitions).toMatchObject([
      { partition: 0, records: [expect.any(Buffer)] },
      { partition: 1, records: [] },
    ]);

    const session = { ...first.session, epoch: 1 };
    const { partitions } = await ask([{ partition: 0, from: 1 }], { ...small, session });

    expect(partitions).toMatchObject([
      { partition: 1, records: [expect.any(Buffer)] },
      { partition: 0, records: [] },
    ]);
  });
});

describe("the answer", () => {
  test("has what is not committed, and the offset asked for commits what is before it", async () => {
    const { produce, ask, logs } = await lead();
    await produce();

    const first = await ask([{ from: 0 }], now);
    expect(first.partitions).toMatchObject([{ highWatermark: 0, records: [expect.any(Buffer)] }]);

    await ask([{ from: 1, last: EPOCH }], now);
    expect(logs.get(0)?.highWatermark).toBe(1);
  });

  test("in a session only partitions with news are named", async () => {
    const { produce, ask } = await lead({ partitions: 3 });
    const { session, partitions } = await ask(
      [0, 1, 2].map((partition) => ({ partition })),
      now,
    );
    expect(partitions).toHaveLength(3);

    await produce(1);
    const next = await ask([], { ...now, session: { id: session.id, epoch: 1 } });

    expect(next.partitions).toMatchObject([{ partition: 1 }]);
    expect(next.session).toEqual({ id: session.id, epoch: 1 });
  });

  test("partitions take turns when an answer cannot hold all", async () => {
    const { produce, ask } = await lead({ partitions: 3 });
    for (const partition of [0, 1, 2]) await produce(partition);
    const small = { ...now, maxBytes: 80 };

    const { session, ...first } = await ask(
      [0, 1, 2].map((partition) => ({ partition })),
      small,
    );
    const next = (epoch: number) => ask([], { ...small, session: { id: session.id, epoch } });
    const answers = [first, await next(1), await next(2)];

    const served = answers.map(({ partitions }) =>
      partitions.flatMap((told) =>
        "error" in told || told.records.length === 0 ? [] : told.partition,
      ),
    );
    expect(served).toEqual([[0], [1], [2]]);
  });

  test("its memory is reserved before anything is read, and what is not used goes back", async () => {
    const { produce, ask } = await lead();
    await produce();
    let reserved = 0;
    const memory = {
      reserve: async ({ bytesMax }: { bytesMax: number }) => {
        reserved += bytesMax;
        return bytesMax;
      },
      release: (bytes: number) => {
        reserved -= bytes;
      },
    };

    const { partitions } = await ask([{ from: 0 }], now, { memory });

    const [told] = partitions;
    const size = told !== undefined && "records" in told ? told.records[0]?.length : undefined;
    expect(reserved).toBe(size);
    await ask([{ from: 1, last: EPOCH }], now, { memory });
    expect(reserved).toBe(size);
  });
});

describe("waiting", () => {
  /** A call of a session that knows everything, so that only what comes is news. */
  async function waiting(caller: Partial<ReplicaCaller> = {}, rack?: string) {
    const led = await lead(rack === undefined ? {} : { rack });
    const { session } = await led.ask([{}], now);
    const call = led.ask([], { session: { id: session.id, epoch: 1 } }, caller);
    const answered = { yet: false };
    void call.then(() => {
      answered.yet = true;
    });
    await turn();
    expect(answered.yet).toBe(false);
    return { ...led, call, answered };
  }

  test("ends with the next record", async () => {
    const { produce, call } = await waiting();

    await produce();

    expect((await call).partitions).toMatchObject([{ records: [expect.any(Buffer)] }]);
  });

  test.each([
    ["at once where consumers may read", "a", 10],
    ["soon where nobody does", undefined, 200],
  ])("ends after the high watermark has moved: %s", async (_, rack, afterMs) => {
    const { produce, ask, time, call } = await waiting({}, rack);
    await produce();
    await call;
    const { session } = await ask([{ from: 0 }], { ...now, session: { id: 0, epoch: 0 } });
    // This one's own acknowledgement commits the record: news for it, but no reason to hurry.
    const next = ask([{ from: 1, last: EPOCH }], { session: { id: session.id, epoch: 1 } });
    let isAnswered = false;
    void next.then(() => {
      isAnswered = true;
    });

    await time.advanceAndSettle(afterMs - 1);
    expect(isAnswered).toBe(false);
    await time.advanceAndSettle(1);

    expect((await next).partitions).toMatchObject([{ highWatermark: 1, records: [] }]);
  });

  test("hears of a high watermark that moves at any moment of its own look", async () => {
    for (let moment = 0; moment < 30; moment++) {
      const { ask, produce, time } = await lead({ replicas: [1, 2, 3] });
      await produce();
      const { session } = await ask([{ from: 1 }], now);

      let answered: Awaited<ReturnType<typeof ask>> | undefined;
      const next = { session: { id: session.id, epoch: 1 }, topics: [] };
      const waiting = ask([], next).then((answer) => {
        answered = answer;
      });
      for (let i = 0; i < moment; i++) await Promise.resolve();
      await ask([{ from: 1 }], now, { brokerId: brokerId(3) });
      await turn();
      time.advance(200);
      await turn();

      expect([moment, answered?.partitions]).toMatchObject([moment, [{ highWatermark: 1 }]]);
      await waiting;
    }
  });

  test("ends when the leadership does, with the reason", async () => {
    const { host, call } = await waiting();

    await host(0, 2, EPOCH + 1);

    expect((await call).partitions).toMatchObject([{ error: { code: "NOT_LEADER_OR_FOLLOWER" } }]);
  });

  test("ends at its deadline, and leaves nothing behind", async () => {
    const { time, manager, call } = await waiting();
    expect(manager.parked.replicaFetches).toBe(1);

    await time.advanceAndSettle(500);

    expect((await call).partitions).toEqual([]);
    expect(manager.parked.replicaFetches).toBe(0);
  });

  test("ends when the caller has gone", async () => {
    const gone = new AbortController();
    const { call } = await waiting({ signal: gone.signal });

    gone.abort();

    expect((await call).partitions).toEqual([]);
  });

  test("ends when the broker closes", async () => {
    const { manager, call } = await waiting();

    manager.close();

    expect((await call).topics.length).toBeLessThanOrEqual(1);
  });

  test("of one broker is bounded: the oldest call is answered", async () => {
    const { ask, call } = await waiting();
    for (let i = 0; i < 4; i++) void ask([{}], { session: { id: 0, epoch: 0 } });

    expect((await call).partitions).toEqual([]);
  });
});
