import { silentLogger } from "@zoolog/base";
import { type DevCluster, hostDependencies, startDevCluster } from "@zoolog/broker";
import { crc32c, encodeRecordBatch, RecordBatch, splitBatches } from "@zoolog/protocol";
import { KAFKA_MESSAGES, readResponse } from "@zoolog/protocol/kafka";
import { callBroker } from "@zoolog/testkit";
import { KafkaWire, kafkaRequest } from "./kafka-wire.ts";

/** What Kafka's producers and consumers rely on, from the socket to the log and back. */

let cluster: DevCluster;
let topicsMade = 0;
const wires: KafkaWire[] = [];

beforeAll(async () => {
  cluster = await startDevCluster(
    { httpPort: 0, kafkaPort: 0, zookeeperPort: 0 },
    hostDependencies({ logger: silentLogger }),
  );
});

afterEach(() => {
  for (const wire of wires.splice(0)) wire.destroy();
});

afterAll(() => cluster.close());

async function topicOf(configs: Record<string, string> = {}, numPartitions = 1): Promise<Topic> {
  topicsMade += 1;
  const topic = `topic-${topicsMade}`;
  const { body } = await callBroker(cluster.urls[0]!, "create-topics", {
    topics: [{ topic, numPartitions, configs }],
  });
  expect(body).toMatchObject({ topics: [{ topicId: expect.any(String) }] });
  return new Topic(topic);
}

/** A topic as one client sees it. */
class Topic {
  readonly name: string;
  readonly wire: KafkaWire;

  constructor(name: string) {
    this.name = name;
    this.wire = new KafkaWire(cluster.brokers[0]!.kafkaAddress!.port);
    wires.push(this.wire);
  }

  produceOf(records: Uint8Array, given: { acks?: number; partition?: number; id?: string } = {}) {
    const { acks = -1, partition: index = 0, id: transactionalId } = given;
    const topicData = [{ name: this.name, partitionData: [{ index, records }] }];
    return { acks, transactionalId, timeoutMs: 5_000, topicData };
  }

  async produce(records: Uint8Array, given: Parameters<Topic["produceOf"]>[1] = {}) {
    const answer = await this.wire.ask("Produce", 9, this.produceOf(records, given));
    return answer.responses[0]!.partitionResponses[0]!;
  }

  async fetch(partitions: readonly object[], more: object = {}) {
    const given = partitions.map((asked) => ({
      partition: 0,
      fetchOffset: 0,
      partitionMaxBytes: 1_000_000,
      ...asked,
    }));
    const answer = await this.wire.ask("Fetch", 12, {
      maxWaitMs: 10_000,
      minBytes: 1,
      isolationLevel: 0,
      topics: [{ topic: this.name, partitions: given }],
      ...more,
    });
    return answer.responses.flatMap(({ partitions: answered }) => answered);
  }

  async listOffset(time: number, more: object = {}) {
    const topics = [
      { name: this.name, partitions: [{ partitionIndex: 0, timestamp: time, ...more }] },
    ];
    const answer = await this.wire.ask("ListOffsets", 9, { isolationLevel: 0, topics });
    return answer.topics[0]!.partitions[0]!;
  }
}

const batchOf = (...values: string[]): Buffer =>
  encodeRecordBatch(values.map((value, i) => ({ timestamp: 1_000 + i, value })));

const idempotent = (producerId: number, producerEpoch: number, baseSequence: number, count = 1) =>
  encodeRecordBatch(
    Array.from({ length: count }, () => ({ timestamp: 1, value: "v" })),
    { producer: { producerId, producerEpoch, baseSequence } },
  );

/** A batch of two with something written over, under a checksum that agrees. */
function spoiled(spoil: (bytes: Buffer) => void): Buffer {
  const bytes = batchOf("a", "b");
  spoil(bytes);
  bytes.writeUInt32BE(crc32c(bytes.subarray(21)), 17);
  return bytes;
}

const valuesOf = (records: Buffer | undefined): string[] =>
  [...splitBatches(records ?? Buffer.alloc(0))].flatMap((batch) =>
    [...batch.records()].map(({ value }) => String(value)),
  );

test.each([
  ["another checksum", () => Buffer.from(batchOf("a")).fill(1, 17, 21), "CORRUPT_MESSAGE"],
  ["one record too many", () => spoiled((b) => b.writeInt32BE(3, 57)), "INVALID_RECORD"],
  ["offsets with a gap", () => spoiled((b) => b.writeInt32BE(5, 23)), "INVALID_RECORD"],
  ["a control bit", () => spoiled((b) => b.writeInt16BE(1 << 5, 21)), "INVALID_RECORD"],
  ["an id and no sequence", () => spoiled((b) => b.writeBigInt64BE(5n, 43)), "INVALID_RECORD"],
])("gotcha 20: a batch with %s is refused", async (_what, records, errorCode) => {
  const topic = await topicOf();

  expect(await topic.produce(records())).toMatchObject({ errorCode, baseOffset: undefined });
  expect(await topic.listOffset(-1)).toMatchObject({ offset: 0 });
});

test("gotcha 21: the broker sets base offset and epoch, outside of the checksum", async () => {
  const topic = await topicOf();
  await topic.produce(batchOf("a"));
  const answer = await topic.produce(batchOf("b", "c"));

  const [fetched] = await topic.fetch([{ fetchOffset: 1 }]);

  expect(answer).toMatchObject({ baseOffset: 1, logAppendTimeMs: undefined, logStartOffset: 0 });
  const batch = RecordBatch.parse(fetched!.records!);
  expect(batch).toMatchObject({ baseOffset: 1, lastOffset: 2, partitionLeaderEpoch: 0 });
  expect(batch.hasValidChecksum()).toBe(true);
});

test("gotcha 21: a topic that stamps has one time for all records, in the answer, too", async () => {
  const topic = await topicOf({ "message.timestamp.type": "LogAppendTime" });
  const { logAppendTimeMs } = await topic.produce(batchOf("a", "b"));

  const [fetched] = await topic.fetch([{}]);

  const batch = RecordBatch.parse(fetched!.records!);
  expect(logAppendTimeMs).toBeGreaterThan(1_700_000_000_000);
  expect(batch).toMatchObject({ maxTimestamp: logAppendTimeMs, timestampType: "logAppendTime" });
  expect([...batch.records()].map(({ timestamp }) => timestamp)).toEqual([
    logAppendTimeMs,
    logAppendTimeMs,
  ]);
  expect(batch.hasValidChecksum()).toBe(true);
});

test("a topic that bounds its times refuses a batch for one record, and names it", async () => {
  const topic = await topicOf({
    "message.timestamp.after.max.ms": "3600000",
    "message.timestamp.before.max.ms": "9223372036854775807",
  });
  const batch = (...times: number[]) =>
    encodeRecordBatch(times.map((timestamp) => ({ timestamp, value: "a" })));

  const refused = await topic.produce(batch(1, Date.now() + 7_200_000, Date.now()));

  expect(refused).toMatchObject({
    errorCode: "INVALID_TIMESTAMP",
    recordErrors: [{ batchIndex: 1, batchIndexErrorMessage: expect.stringContaining("outside") }],
  });
  expect(await topic.produce(batch(1, Date.now()))).toMatchObject({ baseOffset: 0 });
});

test("gotcha 22: a batch is as large as the topic takes, by its size as sent", async () => {
  const topic = await topicOf({ "max.message.bytes": "1024" });
  const value = "x".repeat(20_000);

  const plain = await topic.produce(encodeRecordBatch([{ timestamp: 1, value }]));
  const compressed = encodeRecordBatch([{ timestamp: 1, value }], { compression: "gzip" });

  expect(plain).toMatchObject({ errorCode: "MESSAGE_TOO_LARGE" });
  expect(await topic.produce(compressed)).toMatchObject({ errorCode: undefined, baseOffset: 0 });
});

test("gotcha 23: a batch that comes again is told its first place", async () => {
  const topic = await topicOf();
  await topic.produce(batchOf("before"));

  const first = await topic.produce(idempotent(1, 0, 0, 2));
  await topic.produce(idempotent(1, 0, 2));
  const again = await topic.produce(idempotent(1, 0, 0, 2));

  expect(first).toMatchObject({ errorCode: undefined, baseOffset: 1 });
  expect(again).toMatchObject({ errorCode: undefined, baseOffset: 1 });
  expect(await topic.listOffset(-1)).toMatchObject({ offset: 4 });
});

test("gotcha 24: sequences follow each other, epochs begin at 0 and do not go back", async () => {
  const topic = await topicOf();
  const outcome = async (...batch: Parameters<typeof idempotent>) =>
    (await topic.produce(idempotent(...batch))).errorCode;

  expect(await outcome(9, 3, 500)).toBeUndefined();
  expect(await outcome(9, 3, 502)).toBe("OUT_OF_ORDER_SEQUENCE_NUMBER");
  expect(await outcome(9, 4, 501)).toBe("OUT_OF_ORDER_SEQUENCE_NUMBER");
  expect(await outcome(9, 4, 0)).toBeUndefined();
  expect(await outcome(9, 3, 501)).toBe("INVALID_PRODUCER_EPOCH");
  expect(await outcome(10, 0, 2 ** 31 - 1)).toBeUndefined();
  expect(await outcome(10, 0, 0)).toBeUndefined();
});

test("gotcha 25: five requests in flight are appended and answered in their order", async () => {
  const topic = await topicOf();
  const frames = [0, 1, 2, 3, 4].map((sequence) =>
    kafkaRequest(
      "Produce",
      { version: 9, correlationId: 100 + sequence },
      topic.produceOf(idempotent(3, 0, sequence)),
    ),
  );

  topic.wire.send(Buffer.concat(frames));
  const answers: unknown[] = [];
  for (const _ of frames) {
    const frame = await topic.wire.frame();
    const { correlationId, response } = readResponse(KAFKA_MESSAGES.Produce, 9, frame!);
    answers.push([correlationId, response.responses[0]!.partitionResponses[0]!.baseOffset]);
  }

  expect(answers).toEqual([0, 1, 2, 3, 4].map((n) => [100 + n, n]));
});

test("gotcha 26: nothing is appended for a transaction, which nobody could end", async () => {
  const topic = await topicOf();
  const records = encodeRecordBatch([{ timestamp: 1, value: "a" }], {
    producer: { producerId: 4, producerEpoch: 0, baseSequence: 0 },
    isTransactional: true,
  });

  const outcome = await topic.produce(records, { id: "payments" });

  expect(outcome).toMatchObject({ errorCode: "INVALID_TXN_STATE" });
  expect(await topic.listOffset(-1)).toMatchObject({ offset: 0 });
});

test("gotcha 29: a fetch waits for bytes, not for more than it asks for", async () => {
  const topic = await topicOf();
  const reader = new Topic(topic.name);
  const nothing = await reader.fetch([{}], { minBytes: 0 });
  const waiting = reader.fetch([{}]);

  await topic.produce(batchOf("news"));

  expect(nothing[0]?.errorCode).toBeUndefined();
  expect(nothing[0]?.records).toHaveLength(0);
  expect(valuesOf((await waiting)[0]?.records)).toEqual(["news"]);
});

test("gotcha 29: an error is told at once, whatever the other partitions wait for", async () => {
  const topic = await topicOf();

  const answers = await topic.fetch([{}, { partition: 5 }], { maxWaitMs: 30_000 });

  expect(answers).toMatchObject([
    { errorCode: undefined },
    { errorCode: "UNKNOWN_TOPIC_OR_PARTITION", highWatermark: undefined },
  ]);
});

test("gotcha 30: the first batch comes whatever its size, others within the limits", async () => {
  const topic = await topicOf({}, 2);
  for (const partition of [0, 1]) {
    await topic.produce(batchOf("first"), { partition });
    await topic.produce(batchOf("second"), { partition });
  }
  const partitions = [1, 0].map((partition) => ({ partition, partitionMaxBytes: 1 }));

  const [one, other] = await topic.fetch(partitions, { maxBytes: 1 });

  expect(valuesOf(one?.records)).toEqual(["first"]);
  expect(other).toMatchObject({ partitionIndex: 0, highWatermark: 2 });
  expect(other?.records).toHaveLength(0);
});

test("gotcha 31: whole batches come, from the one that holds the offset", async () => {
  const topic = await topicOf();
  await topic.produce(batchOf("a", "b", "c"));
  await topic.produce(batchOf("d"));
  const size = batchOf("a", "b", "c").length;

  const [whole] = await topic.fetch([{ fetchOffset: 1 }]);
  const [cut] = await topic.fetch([{ fetchOffset: 1, partitionMaxBytes: size + 20 }]);

  expect(valuesOf(whole?.records)).toEqual(["a", "b", "c", "d"]);
  expect(cut?.records).toHaveLength(size);
});

test("gotcha 32: an offset beyond the end is out of range, the end itself is waited at", async () => {
  const topic = await topicOf();
  await topic.produce(batchOf("a"));

  expect(await topic.fetch([{ fetchOffset: 1 }], { maxWaitMs: 0 })).toMatchObject([
    { errorCode: undefined, highWatermark: 1, lastStableOffset: 1, logStartOffset: 0 },
  ]);
  for (const fetchOffset of [2, -1, 2 ** 60]) {
    expect(await topic.fetch([{ fetchOffset }])).toMatchObject([
      { errorCode: "OFFSET_OUT_OF_RANGE", highWatermark: undefined },
    ]);
  }
});

test("gotcha 37: an epoch that has not begun is not known, one that was is where it ends", async () => {
  const topic = await topicOf();
  await topic.produce(batchOf("a"));
  const epochEnd = async (leaderEpoch: number, currentLeaderEpoch: number) => {
    const partitions = [{ partition: 0, leaderEpoch, currentLeaderEpoch }];
    const request = { topics: [{ topic: topic.name, partitions }] };
    const answer = await topic.wire.ask("OffsetForLeaderEpoch", 4, request);
    return answer.topics[0]!.partitions[0]!;
  };

  const errorCode = "UNKNOWN_LEADER_EPOCH";
  expect(await topic.fetch([{ currentLeaderEpoch: 1 }])).toMatchObject([{ errorCode }]);
  expect(await topic.listOffset(-1, { currentLeaderEpoch: 1 })).toMatchObject({ errorCode });
  expect(await epochEnd(0, 1)).toMatchObject({ errorCode });
  expect(await topic.fetch([{ currentLeaderEpoch: 0, lastFetchedEpoch: 0 }])).toMatchObject([
    { errorCode: undefined, divergingEpoch: undefined, highWatermark: 1 },
  ]);
  expect(await epochEnd(0, 0)).toMatchObject({ leaderEpoch: 0, endOffset: 1 });
  expect(await epochEnd(7, 0)).toMatchObject({ leaderEpoch: undefined, endOffset: undefined });
});

test("gotcha 14: the id of a topic is that of one life of it", async () => {
  const topic = await topicOf();
  const idOf = async () => {
    const { topics } = await topic.wire.ask("Metadata", 12, { topics: [{ name: topic.name }] });
    return topics[0]!.topicId;
  };
  const fetchBy = async (topicId: unknown) => {
    const partitions = [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1_000 }];
    const request = { maxWaitMs: 0, minBytes: 0, isolationLevel: 0 };
    const topics = [{ topicId, partitions }];
    const answer = await topic.wire.ask("Fetch", 13, { ...request, topics });
    return answer.responses[0]!;
  };
  const first = await idOf();
  await callBroker(cluster.urls[0]!, "delete-topics", { topics: [{ topic: topic.name }] });
  await callBroker(cluster.urls[0]!, "create-topics", { topics: [{ topic: topic.name }] });
  const second = await idOf();

  expect(await fetchBy(first)).toMatchObject({
    topicId: first,
    partitions: [{ errorCode: "UNKNOWN_TOPIC_ID" }],
  });
  expect(await fetchBy(second)).toMatchObject({
    topicId: second,
    partitions: [{ errorCode: undefined, highWatermark: 0 }],
  });
});

test("gotcha 40: places and times are those of records, not of batches", async () => {
  const topic = await topicOf();
  await topic.produce(batchOf("a", "b", "c"));
  await topic.produce(batchOf("d"));

  expect(await topic.listOffset(-1)).toMatchObject({ offset: 4, timestamp: undefined });
  expect(await topic.listOffset(-2)).toMatchObject({ offset: 0, timestamp: undefined });
  expect(await topic.listOffset(-3)).toMatchObject({ offset: 2, timestamp: 1_002 });
  expect(await topic.listOffset(-4)).toMatchObject({ offset: 0 });
  expect(await topic.listOffset(-5)).toMatchObject({ errorCode: undefined, offset: undefined });
  expect(await topic.listOffset(1_001)).toMatchObject({ offset: 1, timestamp: 1_001 });
  expect(await topic.listOffset(1_003)).toMatchObject({ errorCode: undefined, offset: undefined });
});

test("gotcha 54: ids of producers differ, and what they write is told apart", async () => {
  const topic = await topicOf();
  const init = async () => {
    const none = { transactionalId: undefined, transactionTimeoutMs: 1 };
    return await topic.wire.ask("InitProducerId", 4, none);
  };

  const [one, other] = [await init(), await init()];

  expect(one).toMatchObject({ errorCode: undefined, producerEpoch: 0 });
  expect(other.producerId).not.toBe(one.producerId);
  await topic.produce(idempotent(one.producerId!, 0, 0));
  expect(await topic.produce(idempotent(other.producerId!, 0, 0))).toMatchObject({ baseOffset: 1 });
});
