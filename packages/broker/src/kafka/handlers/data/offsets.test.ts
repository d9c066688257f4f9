import { leaderEpoch, offset, timestamp, ZoologError } from "@zoolog/base";
import type { NativeResponse } from "@zoolog/protocol";
import type { BrokerApi } from "../../../broker-api.ts";
import { ask } from "../../kafka-plane.fixture.ts";
import { batchOf, produceOf, withOrders } from "./data-handlers.fixture.ts";

async function withRecords() {
  const started = await withOrders();
  await started.produce(9, produceOf(batchOf("a", "b")));
  const listOffsets = async (version: number, partition: object, more: object = {}) => {
    const topics = [{ name: "orders", partitions: [{ partitionIndex: 0, ...partition }] }];
    const request = { replicaId: -1, isolationLevel: 0, topics, ...more };
    const answer = await ask(started.connection, "ListOffsets", version, request);
    return answer.topics.flatMap(({ partitions }) => partitions);
  };
  const epochEnds = async (version: number, partition: object) => {
    const topics = [{ topic: "orders", partitions: [{ partition: 0, ...partition }] }];
    const answer = await ask(started.connection, "OffsetForLeaderEpoch", version, { topics });
    return answer.topics.flatMap(({ partitions }) => partitions);
  };
  return { ...started, listOffsets, epochEnds };
}

describe("ListOffsets", () => {
  test.each([1, 2, 3, 4, 5, 6, 7, 8, 9])("%p finds the ends and a time", async (version) => {
    const { listOffsets } = await withRecords();

    expect(await listOffsets(version, { timestamp: -1 })).toMatchObject([
      { partitionIndex: 0, errorCode: undefined, offset: 2, timestamp: undefined },
    ]);
    expect(await listOffsets(version, { timestamp: -2 })).toMatchObject([{ offset: 0 }]);
    expect(await listOffsets(version, { timestamp: 1_000 })).toMatchObject([
      { offset: 0, timestamp: 1_000 },
    ]);
  });

  test("gotcha 40: a time after all records is no offset and no error", async () => {
    const { listOffsets } = await withRecords();

    expect(await listOffsets(7, { timestamp: 1_001 })).toMatchObject([
      { errorCode: undefined, offset: undefined, timestamp: undefined },
    ]);
  });

  test.each([
    [-3, 7, { offset: 0, timestamp: 1_000 }],
    [-4, 8, { offset: 0, timestamp: undefined }],
    [-5, 9, { offset: undefined, leaderEpoch: undefined }],
  ])("gotcha 40: %p is known from version %p on", async (time, from, found) => {
    const { listOffsets } = await withRecords();

    expect(await listOffsets(from, { timestamp: time })).toMatchObject([
      { errorCode: undefined, ...found },
    ]);
    expect(await listOffsets(from - 1, { timestamp: time })).toMatchObject([
      { errorCode: "UNSUPPORTED_VERSION", offset: undefined },
    ]);
  });

  test("gotcha 40: other negative times mean nothing", async () => {
    const { listOffsets } = await withRecords();

    for (const time of [-6, -1_000, -(2 ** 60)]) {
      expect(await listOffsets(9, { timestamp: time })).toMatchObject([
        { errorCode: "UNSUPPORTED_VERSION" },
      ]);
    }
  });

  test("gotcha 40: isolation and the epoch that the client knows are passed on", async () => {
    const { api, listOffsets } = await withRecords();
    const asked = jest.spyOn(api, "listOffsets");

    await listOffsets(4, { timestamp: -1, currentLeaderEpoch: 3 }, { isolationLevel: 1 });
    await listOffsets(4, { timestamp: -1 });

    const [first, second] = asked.mock.calls.map(([request]) => request);
    expect(first).toMatchObject({
      isolation: "readCommitted",
      topics: [{ partitions: [{ at: "latest", currentLeaderEpoch: 3 }] }],
    });
    expect(second).toMatchObject({ isolation: "readUncommitted" });
    expect(second?.topics[0]?.partitions[0]).not.toHaveProperty("currentLeaderEpoch");
  });

  test("gotcha 40: an end that a new leader does not know yet has no code before version 5", async () => {
    const { api, listOffsets } = await withRecords();
    const error = { code: "OFFSET_NOT_AVAILABLE", message: "" };
    api.listOffsets = async () => ({
      topics: [{ topic: "orders", partitions: [{ partition: 0, error }] }],
    });

    expect(await listOffsets(4, { timestamp: -1 })).toMatchObject([
      { errorCode: "LEADER_NOT_AVAILABLE" },
    ]);
    expect(await listOffsets(5, { timestamp: -1 })).toMatchObject([
      { errorCode: "OFFSET_NOT_AVAILABLE" },
    ]);
  });

  test("tells the epoch of what it found", async () => {
    const { api, listOffsets } = await withRecords();
    const found = { offset: offset(5), timestamp: timestamp(9), leaderEpoch: leaderEpoch(2) };
    api.listOffsets = async () => ({
      topics: [{ topic: "orders", partitions: [{ partition: 0, ...found }] }],
    });

    expect(await listOffsets(4, { timestamp: 1 })).toMatchObject([found]);
  });
});

describe("OffsetForLeaderEpoch", () => {
  test.each([2, 3, 4])("%p tells where an epoch ends", async (version) => {
    const { epochEnds } = await withRecords();

    expect(await epochEnds(version, { leaderEpoch: 0 })).toMatchObject([
      { errorCode: undefined, partition: 0, leaderEpoch: 0, endOffset: 2 },
    ]);
  });

  test("an epoch that has not begun, and none, end nowhere", async () => {
    const { epochEnds } = await withRecords();

    for (const epoch of [1, -1, -7]) {
      expect(await epochEnds(4, { leaderEpoch: epoch })).toMatchObject([
        { errorCode: undefined, leaderEpoch: undefined, endOffset: undefined },
      ]);
    }
  });

  test("gotcha 37: what the client takes for the current epoch is passed on, a refusal told", async () => {
    const { api, epochEnds } = await withRecords();
    const seen: unknown[] = [];
    const error = { code: "FENCED_LEADER_EPOCH", message: "" };
    const answer: NativeResponse<"offset-for-leader-epoch"> = {
      topics: [{ topic: "orders", partitions: [{ partition: 0, error }] }],
    };
    api.offsetForLeaderEpoch = async ({ topics }) => {
      seen.push(topics[0]?.partitions[0]);
      return answer;
    };

    expect(await epochEnds(4, { currentLeaderEpoch: 1, leaderEpoch: 0 })).toMatchObject([
      { errorCode: "FENCED_LEADER_EPOCH", endOffset: undefined },
    ]);
    expect(seen).toMatchObject([{ currentLeaderEpoch: 1, leaderEpoch: 0 }]);
  });
});

describe("InitProducerId", () => {
  const none = { transactionalId: undefined, transactionTimeoutMs: 1_000 };

  test.each([0, 1, 2, 3, 4])("gotcha 54: %p gives a new id with epoch 0", async (version) => {
    const { connection } = await withOrders();

    const first = await ask(connection, "InitProducerId", version, none);
    const second = await ask(connection, "InitProducerId", version, none);

    expect(first).toMatchObject({ errorCode: undefined, producerId: 0, producerEpoch: 0 });
    expect(second).toMatchObject({ producerId: 1, producerEpoch: 0 });
  });

  test("gotcha 54: an id and epoch that one has are passed on, an empty transactional id refused", async () => {
    const { api, connection } = await withOrders();
    const asked: BrokerApi = api;
    const init = jest.spyOn(asked, "initProducerId");

    await ask(connection, "InitProducerId", 4, { ...none, producerId: 5, producerEpoch: 3 });
    const empty = await ask(connection, "InitProducerId", 4, { ...none, transactionalId: "" });

    expect(init.mock.calls).toHaveLength(1);
    expect(init.mock.calls[0]?.[0]).toEqual({ producerId: 5, producerEpoch: 3 });
    expect(empty).toMatchObject({ errorCode: "INVALID_REQUEST", producerEpoch: -1 });
  });

  test.each([
    ["COORDINATION_UNAVAILABLE", "COORDINATOR_LOAD_IN_PROGRESS"],
    ["UNSUPPORTED_VERSION", "UNSUPPORTED_VERSION"],
  ])("%s is told as %s, which clients take for what it is", async (code, errorCode) => {
    const { api, connection } = await withOrders();
    api.initProducerId = () => Promise.reject(new ZoologError({ code, message: "" }));

    const answer = await ask(connection, "InitProducerId", 4, none);

    expect(answer).toMatchObject({ errorCode, producerId: undefined, producerEpoch: -1 });
  });
});
