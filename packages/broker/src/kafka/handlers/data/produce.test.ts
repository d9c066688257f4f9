import { offset, timestamp, ZoologError } from "@zoolog/base";
import { encodeRecordBatch, loadCompression, type ProduceResponse } from "@zoolog/protocol";
import { framed, turn } from "../../kafka-plane.fixture.ts";
import { batchOf, produced, produceOf, withOrders } from "./data-handlers.fixture.ts";

beforeAll(() => loadCompression("zstd"));

test.each([3, 4, 5, 6, 7, 8, 9])("Produce %p appends and tells the offset", async (version) => {
  const { produce } = await withOrders();
  await produce(version, produceOf(batchOf("a", "b")));

  const answer = await produce(version, produceOf(batchOf("c")));

  expect(answer).toMatchObject({
    responses: [{ name: "orders", partitionResponses: [{ index: 0, baseOffset: 2 }] }],
  });
  const [partition] = produced(answer);
  expect(partition).toMatchObject({ errorCode: undefined, logAppendTimeMs: undefined });
});

test("the records that the broker gets are those of the frame, not a copy", async () => {
  const { api, produce } = await withOrders();
  const seen: Buffer[] = [];
  const append = api.produce.bind(api);
  api.produce = (request) => {
    for (const { partitions } of request.topics) seen.push(...partitions.map((p) => p.records));
    return append(request);
  };
  const records = encodeRecordBatch([{ timestamp: 1, value: Buffer.alloc(10_000, 1) }]);

  await produce(9, produceOf(records));

  expect(seen[0]?.buffer.byteLength).toBeGreaterThan(records.length);
});

test("gotcha 7: acks 0 is never answered, and the next request is", async () => {
  const { api, connection } = await withOrders();

  connection.send(framed("Produce", { version: 9 }, produceOf(batchOf("a"), { acks: 0 })));
  connection.send(framed("ApiVersions", { version: 0, correlationId: 5 }));
  for (let turns = 0; connection.received.length === 0 && turns < 100; turns++) await turn();

  expect(Buffer.concat(connection.received).readInt32BE(4)).toBe(5);
  const topics = [{ topic: "orders", partitions: [{ partition: 0, at: "latest" as const }] }];
  const end = await api.listOffsets({ isolation: "readUncommitted", topics });
  expect(end.topics[0]?.partitions[0]).toMatchObject({ offset: 1 });
});

test.each([
  ["an unknown partition", { topicData: [{ name: "orders", partitionData: [{ index: 7 }] }] }],
  ["a batch that is not one", { topicData: [{ name: "orders", partitionData: [{ index: 0 }] }] }],
])("gotcha 7: with acks 0 %s ends the connection, and the log says why", async (_what, request) => {
  const { connection, lines } = await withOrders();

  connection.send(framed("Produce", { version: 9 }, produceOf(undefined, { acks: 0, ...request })));
  for (let turns = 0; lines.length === 0 && turns < 100; turns++) await turn();

  expect(connection.isClosed).toBe(true);
  expect(connection.received).toEqual([]);
  expect(JSON.stringify(lines)).toContain("nobody waits for");
});

test.each([2, -2, 100])("gotcha 7: acks %p are no acks, and nothing is appended", async (acks) => {
  const { api, produce } = await withOrders();
  const append = jest.spyOn(api, "produce");

  const answer = await produce(9, produceOf(batchOf("a"), { acks }));

  expect(produced(answer)).toMatchObject([{ errorCode: "INVALID_REQUIRED_ACKS" }]);
  expect(append).not.toHaveBeenCalled();
});

test.each([
  [-1, "all"],
  [0, "leader"],
  [1, "leader"],
])("acks %p wait for %s", async (acks, requiredAcks) => {
  const { api, connection } = await withOrders();
  const append = jest.spyOn(api, "produce");

  connection.send(framed("Produce", { version: 9 }, produceOf(batchOf("a"), { acks })));
  await turn();

  expect(append.mock.calls[0]?.[0]).toMatchObject({ requiredAcks });
});

test.each([
  ["none", undefined, "INVALID_RECORD"],
  ["an empty one", Buffer.alloc(0), "INVALID_RECORD"],
  ["two", Buffer.concat([batchOf("a"), batchOf("b")]), "INVALID_RECORD"],
  ["one of an old format", oldFormat(), "INVALID_RECORD"],
])("gotcha 19: one batch of format 2 is taken, %s is not", async (_what, records, errorCode) => {
  const { produce } = await withOrders();

  const answer = await produce(9, produceOf(records));

  expect(produced(answer)).toMatchObject([{ errorCode, baseOffset: undefined }]);
});

test("gotcha 19: zstd needs version 7", async () => {
  const { produce } = await withOrders();
  const zstd = () => encodeRecordBatch([{ timestamp: 1, value: "a" }], { compression: "zstd" });

  const old = await produce(6, produceOf(zstd()));
  const young = await produce(7, produceOf(zstd()));

  expect(produced(old)).toMatchObject([{ errorCode: "UNSUPPORTED_COMPRESSION_TYPE" }]);
  expect(produced(young)).toMatchObject([{ errorCode: undefined, baseOffset: 0 }]);
});

test("gotcha 21: a time of the broker's is told, none is −1", async () => {
  const { api, produce } = await withOrders();
  const place = { partition: 0, baseOffset: offset(3), logStartOffset: offset(1) };
  answers(api, { ...place, logAppendTime: timestamp(77) });
  const stamped = await produce(9, produceOf(batchOf("a")));
  answers(api, place);
  const plain = await produce(9, produceOf(batchOf("a")));

  expect(produced(stamped)).toMatchObject([
    { baseOffset: 3, logAppendTimeMs: 77, logStartOffset: 1 },
  ]);
  expect(produced(plain)).toMatchObject([{ logAppendTimeMs: undefined }]);
});

test("gotcha 26: what belongs to a transaction without an id is not authorised", async () => {
  const { api, produce } = await withOrders();
  const append = jest.spyOn(api, "produce");
  const producer = { producerId: 7, producerEpoch: 0, baseSequence: 0 };
  const records = encodeRecordBatch([{ timestamp: 1, value: "a" }], {
    producer,
    isTransactional: true,
  });

  const answer = await produce(9, produceOf(records));

  expect(produced(answer)).toMatchObject([{ errorCode: "TRANSACTIONAL_ID_AUTHORIZATION_FAILED" }]);
  expect(append).not.toHaveBeenCalled();
});

test.each([
  ["NOT_ENOUGH_REPLICAS", 9],
  ["NOT_ENOUGH_REPLICAS_AFTER_APPEND", 9],
  ["REQUEST_TIMED_OUT", 9],
  ["NOT_LEADER_OR_FOLLOWER", 9],
  ["KAFKA_STORAGE_ERROR", 4],
])("gotcha 27: %s is told by Kafka's number, with a sentence", async (code, version) => {
  const { api, produce } = await withOrders();
  answers(api, { partition: 0, error: { code, message: "it is so" } });

  const answer = await produce(version, produceOf(batchOf("a")));

  const errorMessage = version >= 8 ? "it is so" : undefined;
  expect(produced(answer)).toMatchObject([{ errorCode: code, errorMessage }]);
});

test.each([
  [7, []],
  [8, [{ batchIndex: 3, batchIndexErrorMessage: "too old" }]],
  [9, [{ batchIndex: 3, batchIndexErrorMessage: "too old" }]],
])("version %p is told the records at fault: %p", async (version, recordErrors) => {
  const { api, produce } = await withOrders();
  const error = { code: "INVALID_TIMESTAMP", message: "record 3: too old" };
  const place = { batchIndex: 3, message: "too old" };
  answers(api, { partition: 0, error, recordErrors: [place] });

  const answer = await produce(version, produceOf(batchOf("a")));

  expect(produced(answer)).toMatchObject([{ errorCode: "INVALID_TIMESTAMP", recordErrors }]);
});

test("a failed disk is another leader's for clients that do not know of it", async () => {
  const { api, produce } = await withOrders();
  const error = { code: "KAFKA_STORAGE_ERROR", message: "" };
  answers(api, { partition: 0, error });

  const answer = await produce(3, produceOf(batchOf("a")));

  expect(produced(answer)).toMatchObject([{ errorCode: "NOT_LEADER_OR_FOLLOWER" }]);
});

test("names and numbers that nothing can have are answered in their places, not asked for", async () => {
  const { api, produce } = await withOrders();
  const append = jest.spyOn(api, "produce");
  const records = batchOf("a");
  const topicData = [
    { name: "no/topic", partitionData: [{ index: 0, records }] },
    {
      name: "orders",
      partitionData: [
        { index: -1, records },
        { index: 1, records: batchOf("b") },
      ],
    },
  ];

  const answer = await produce(9, produceOf(undefined, { topicData }));

  expect(produced(answer)).toMatchObject([
    { index: 0, errorCode: "UNKNOWN_TOPIC_OR_PARTITION" },
    { index: -1, errorCode: "UNKNOWN_TOPIC_OR_PARTITION" },
    { index: 1, errorCode: undefined, baseOffset: 0 },
  ]);
  expect(answer.responses.map(({ name }) => name)).toEqual(["no/topic", "orders"]);
  const asked = append.mock.calls[0]?.[0].topics.flatMap(({ partitions }) => partitions);
  expect(asked).toMatchObject([{ partition: 1 }]);
});

test.each([
  ["INVALID_REQUEST", "INVALID_REQUEST"],
  ["THROTTLING_QUOTA_EXCEEDED", "REPLICA_NOT_AVAILABLE"],
])("a call that fails with %s is answered at every partition", async (code, errorCode) => {
  const { api, produce } = await withOrders();
  api.produce = () => Promise.reject(new ZoologError({ code, message: "no" }));

  const answer = await produce(9, produceOf(batchOf("a")));

  expect(produced(answer)).toMatchObject([{ index: 0, errorCode }]);
});

test("a failure that Kafka has no name for ends the connection, and the log says which", async () => {
  const { api, connection, lines } = await withOrders();
  api.produce = () => Promise.reject(new ZoologError({ code: "ODD", message: "odd thing" }));

  connection.send(framed("Produce", { version: 9 }, produceOf(batchOf("a"))));
  for (let turns = 0; lines.length === 0 && turns < 100; turns++) await turn();

  expect(connection.isClosed).toBe(true);
  expect(JSON.stringify(lines)).toContain("odd thing");
});

type Answered = ProduceResponse["topics"][number]["partitions"][number];

function answers(api: { produce: unknown }, partition: Answered): void {
  api.produce = async () => ({ topics: [{ topic: "orders", partitions: [partition] }] });
}

/** Of magic 1, as long as a batch of format 2. */
function oldFormat(): Buffer {
  const bytes = batchOf("a");
  bytes[16] = 1;
  return bytes;
}
