import { brokerId, leaderEpoch, offset, type TopicId, ZoologError } from "@zoolog/base";
import { encodeRecordBatch, loadCompression } from "@zoolog/protocol";
import type { FetchResultPartition } from "../../../broker-api.ts";
import { framed, receivedBy, turn } from "../../kafka-plane.fixture.ts";
import { batchOf, fetched, fetchOf, produceOf, withOrders } from "./data-handlers.fixture.ts";

beforeAll(() => loadCompression("zstd"));

async function withRecords(...values: readonly string[]) {
  const started = await withOrders();
  for (const value of values) await started.produce(9, produceOf(batchOf(value)));
  return started;
}

test.each([4, 5, 6, 7, 8, 9, 10, 11, 12, 13])(
  "Fetch %p brings whole batches and the ends of the log",
  async (version) => {
    const { fetch, topicId } = await withRecords("a", "b");
    const request = fetchOf() as { topics: object[] };
    const topics = request.topics.map((topic) => ({ ...topic, topicId }));

    const answer = await fetch(version, { ...request, topics });

    const [topic] = answer.responses;
    expect(topic).toMatchObject(version < 13 ? { topic: "orders" } : { topicId });
    expect(fetched(answer)).toMatchObject([
      { errorCode: undefined, highWatermark: 2, lastStableOffset: 2 },
    ]);
    expect(fetched(answer)[0]?.records?.length).toBe(2 * batchOf("a").length);
  },
);

test("the bytes of the log reach the connection as they were read, without a copy", async () => {
  const { api, connection } = await withOrders();
  const records = [batchOf("a"), batchOf("b")];
  answers(api, { ...ENDS, records });

  connection.send(framed("Fetch", { version: 11 }, fetchOf()));
  for (let turns = 0; connection.received.length === 0 && turns < 100; turns++) await turn();

  for (const piece of records) expect(connection.received.includes(piece)).toBe(true);
});

test("gotcha 14: a topic of version 13 is found by its id, an unknown id is told at its partitions", async () => {
  const { api, fetch, topicId } = await withRecords("a");
  const asked = jest.spyOn(api, "fetch");
  const wanted = { partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1_000 }] };
  const other = "B".repeat(21).concat("A") as TopicId;
  const topics = [
    { topicId: other, ...wanted },
    { topicId, ...wanted },
  ];

  const answer = await fetch(13, fetchOf({}, { topics, maxWaitMs: 500, minBytes: 1_000_000 }));

  expect(answer.responses.map((topic) => topic.topicId)).toEqual([other, topicId]);
  expect(fetched(answer)).toMatchObject([{ errorCode: "UNKNOWN_TOPIC_ID" }, { highWatermark: 1 }]);
  // What is refused is told at once.
  expect(asked.mock.calls[0]?.[0]).toMatchObject({ maxWaitMs: 0 });
  expect(asked.mock.calls[0]?.[0].topics).toMatchObject([{}, { topic: "orders", topicId }]);
});

test.each([
  ["none asked for", { sessionId: 0, sessionEpoch: -1 }],
  ["a new one", { sessionId: 0, sessionEpoch: 0 }],
  ["one that is given up for a new one", { sessionId: 77, sessionEpoch: 0 }],
])("gotcha 28: with %s every partition is answered, under session 0", async (_what, session) => {
  const { fetch } = await withRecords();
  const partitions = [0, 1].map((partition) => ({
    partition,
    fetchOffset: 0,
    partitionMaxBytes: 9,
  }));
  const topics = [{ topic: "orders", partitions }];

  const answer = await fetch(11, fetchOf({}, { ...session, topics }));

  expect(answer).toMatchObject({ errorCode: undefined, sessionId: 0 });
  expect(fetched(answer).map(({ partitionIndex }) => partitionIndex)).toEqual([0, 1]);
});

test("gotcha 28: a session that one would go on with is not known", async () => {
  const { fetch } = await withRecords("a");

  const answer = await fetch(11, fetchOf({}, { sessionId: 77, sessionEpoch: 3 }));

  const errorCode = "FETCH_SESSION_ID_NOT_FOUND";
  expect(answer).toMatchObject({ errorCode, sessionId: 0, responses: [] });
});

test.each([
  ["in time to wait", { maxWaitMs: -5 }, { maxWaitMs: 0 }],
  ["in bytes to wait for", { minBytes: -5 }, { minBytes: 0 }],
  ["in bytes at most", { maxBytes: -5 }, { maxBytes: 1 }],
])(
  "gotcha 29: a request that is negative %s asks for as little as there is",
  async (_w, given, got) => {
    const { api, fetch } = await withRecords("a");
    const asked = jest.spyOn(api, "fetch");

    await fetch(11, fetchOf({}, given));

    expect(asked.mock.calls[0]?.[0]).toMatchObject(got);
  },
);

test("gotcha 29: a fetch that waits is cut short by a broker that shuts down", async () => {
  const { plane, connection } = await withRecords();
  connection.send(framed("Fetch", { version: 11 }, fetchOf({}, { maxWaitMs: 2 ** 31 - 1 })));
  await turn();

  await plane.close();

  expect(receivedBy(connection)).toHaveLength(1);
});

test("gotcha 30: order and limits of partitions are those of the request", async () => {
  const { api, fetch } = await withRecords("a");
  const asked = jest.spyOn(api, "fetch");
  const partitions = [
    { partition: 1, fetchOffset: 0, partitionMaxBytes: 7 },
    { partition: 0, fetchOffset: 0, partitionMaxBytes: 2 ** 31 - 1 },
  ];

  const answer = await fetch(11, fetchOf({}, { topics: [{ topic: "orders", partitions }] }));

  expect(asked.mock.calls[0]?.[0].topics[0]?.partitions).toMatchObject([
    { partition: 1, partitionMaxBytes: 7 },
    { partition: 0, partitionMaxBytes: 50 * 1024 * 1024 },
  ]);
  expect(fetched(answer).map(({ partitionIndex }) => partitionIndex)).toEqual([1, 0]);
});

test("gotcha 32: an offset that is not there is told without ends", async () => {
  const { fetch } = await withRecords("a");

  for (const fetchOffset of [5, 2 ** 60]) {
    expect(fetched(await fetch(11, fetchOf({ fetchOffset })))).toMatchObject([
      { errorCode: "OFFSET_OUT_OF_RANGE", highWatermark: undefined, lastStableOffset: undefined },
    ]);
  }
});

test("gotcha 33: no records are none of length zero, with an error, too", async () => {
  const { fetch } = await withRecords();

  const [empty] = fetched(await fetch(11, fetchOf()));
  const [refused] = fetched(await fetch(11, fetchOf({ partition: 7 })));

  expect(empty?.errorCode).toBeUndefined();
  expect(empty?.records).toHaveLength(0);
  expect(refused?.errorCode).toBe("UNKNOWN_TOPIC_OR_PARTITION");
  expect(refused?.records).toHaveLength(0);
});

test("gotcha 34: aborted transactions are a list for who reads committed records, else null", async () => {
  const { fetch } = await withRecords("a");

  const [committed] = fetched(await fetch(11, fetchOf({}, { isolationLevel: 1 })));
  const [uncommitted] = fetched(await fetch(11, fetchOf({}, { isolationLevel: 0 })));

  expect(committed?.abortedTransactions).toEqual([]);
  expect(uncommitted?.abortedTransactions).toBeUndefined();
});

test("gotcha 35: the last stable offset is the component's", async () => {
  const { api, fetch } = await withOrders();
  answers(api, { ...ENDS, lastStableOffset: offset(4) });

  const [partition] = fetched(await fetch(11, fetchOf()));

  expect(partition).toMatchObject({ highWatermark: 9, lastStableOffset: 4, logStartOffset: 2 });
});

test("gotcha 37: epochs that the reader knows are passed on, −1 is none", async () => {
  const { api, fetch } = await withRecords("a");
  const asked = jest.spyOn(api, "fetch");

  await fetch(12, fetchOf({ currentLeaderEpoch: 4, lastFetchedEpoch: 3 }));
  await fetch(12, fetchOf({}));

  const [first, second] = asked.mock.calls.map(([request]) => request.topics[0]?.partitions[0]);
  expect(first).toMatchObject({ currentLeaderEpoch: 4, lastFetchedEpoch: 3 });
  expect(second).not.toHaveProperty("currentLeaderEpoch");
  expect(second).not.toHaveProperty("lastFetchedEpoch");
});

test("gotcha 37: where histories part, and who leads, is told in version 12", async () => {
  const { api, fetch } = await withOrders();
  const divergingEpoch = { leaderEpoch: leaderEpoch(3), endOffset: offset(7) };
  answers(api, { ...ENDS, divergingEpoch });
  const [parted] = fetched(await fetch(12, fetchOf()));
  const currentLeader = { brokerId: brokerId(2), leaderEpoch: leaderEpoch(5) };
  const error = { code: "FENCED_LEADER_EPOCH", message: "" };
  answers(api, { partition: 0, error, currentLeader });
  const [fenced] = fetched(await fetch(12, fetchOf()));
  const [older] = fetched(await fetch(11, fetchOf()));

  expect(parted).toMatchObject({ divergingEpoch: { epoch: 3, endOffset: 7 } });
  expect(fenced).toMatchObject({
    errorCode: "FENCED_LEADER_EPOCH",
    currentLeader: { leaderId: 2, leaderEpoch: 5 },
  });
  expect(older).toMatchObject({ errorCode: "FENCED_LEADER_EPOCH", currentLeader: undefined });
});

test("gotcha 38: zstd is not for consumers before version 10", async () => {
  const { fetch, produce } = await withRecords("plain");
  const records = encodeRecordBatch([{ timestamp: 1, value: "a" }], { compression: "zstd" });
  await produce(9, produceOf(records));

  const [old] = fetched(await fetch(9, fetchOf()));
  const [young] = fetched(await fetch(10, fetchOf()));

  expect(old?.errorCode).toBe("UNSUPPORTED_COMPRESSION_TYPE");
  expect(old?.records).toHaveLength(0);
  expect(young).toMatchObject({ errorCode: undefined, highWatermark: 2 });
});

test("gotcha 39: a rack is passed on, and a closer replica told; there is none without", async () => {
  const { api, fetch } = await withOrders();
  const asked = jest.spyOn(api, "fetch");
  await fetch(11, fetchOf({}, { rackId: "r1" }));
  const [none] = fetched(await fetch(11, fetchOf({}, { rackId: "" })));
  expect(asked.mock.calls[0]?.[0]).toMatchObject({ rack: "r1" });
  expect(asked.mock.calls[1]?.[0]).not.toHaveProperty("rack");
  expect(none).toMatchObject({ preferredReadReplica: undefined });

  answers(api, { ...ENDS, preferredReadReplica: brokerId(3) });
  const [closer] = fetched(await fetch(11, fetchOf({}, { rackId: "r1" })));

  expect(closer).toMatchObject({ preferredReadReplica: 3 });
});

test("a failed disk is another leader's for consumers that do not know of it", async () => {
  const { api, fetch } = await withOrders();
  answers(api, { partition: 0, error: { code: "KAFKA_STORAGE_ERROR", message: "" } });

  const [old] = fetched(await fetch(5, fetchOf()));
  const [young] = fetched(await fetch(6, fetchOf()));

  expect(old).toMatchObject({ errorCode: "NOT_LEADER_OR_FOLLOWER" });
  expect(young).toMatchObject({ errorCode: "KAFKA_STORAGE_ERROR" });
});

test("a broker without room tells the partitions so that consumers try again", async () => {
  const { api, fetch } = await withOrders();
  const code = "THROTTLING_QUOTA_EXCEEDED";
  api.fetch = () => Promise.reject(new ZoologError({ code, message: "full" }));

  expect(fetched(await fetch(11, fetchOf()))).toMatchObject([
    { errorCode: "REPLICA_NOT_AVAILABLE" },
  ]);
});

const ENDS = {
  partition: 0,
  highWatermark: offset(9),
  lastStableOffset: offset(9),
  logStartOffset: offset(2),
  records: [],
};

function answers(api: { fetch: unknown }, partition: FetchResultPartition): void {
  api.fetch = async () => ({ topics: [{ topic: "orders", partitions: [partition] }] });
}
