import { brokerId, leaderEpoch, type TopicId, ZoologError } from "@zoolog/base";
import { ask, framed, startedPlane, turn } from "../../kafka-plane.fixture.ts";

async function withTopics(...names: readonly string[]) {
  const started = await startedPlane();
  const topics = names.map((topic) => ({ topic, numPartitions: 2 }));
  await started.api.createTopics({ timeoutMs: 0, validateOnly: false, topics });
  const connection = started.network.dial();
  const metadata = (version: number, request: object = {}) =>
    ask(connection, "Metadata", version, request);
  return { ...started, connection, metadata };
}

const byName = (...names: readonly string[]) => ({ topics: names.map((name) => ({ name })) });

test.each(Array.from({ length: 13 }, (_, version) => [version]))(
  "Metadata %p tells brokers and topics",
  async (version) => {
    const { metadata } = await withTopics("orders");

    const answer = await metadata(version, byName("orders"));

    expect(answer).toMatchObject({
      brokers: [{ nodeId: 0, host: "b1.example", port: 9092 }],
      topics: [
        {
          errorCode: undefined,
          name: "orders",
          partitions: [
            { partitionIndex: 0, leaderId: 0, replicaNodes: [0], isrNodes: [0] },
            { partitionIndex: 1, leaderId: 0 },
          ],
        },
      ],
    });
  },
);

test("gotcha 12: no topics named are all of them in version 0; later null is, and none is none", async () => {
  const { metadata } = await withTopics("a", "b");
  const namesOf = async (version: number, request: object) =>
    (await metadata(version, request)).topics.map(({ name }) => name);

  expect(await namesOf(0, { topics: [] })).toEqual(["a", "b"]);
  expect(await namesOf(1, { topics: [] })).toEqual([]);
  expect(await namesOf(1, { topics: undefined })).toEqual(["a", "b"]);
  expect(await namesOf(12, { topics: undefined })).toEqual(["a", "b"]);
});

test("gotcha 13: brokers are named by the listener that the client came in by, others not at all", async () => {
  const { api, metadata } = await withTopics();
  api.listeners.set("KAFKA", { host: "inside.example", port: 1 });
  api.listeners.set("KAFKA_EXTERNAL", { host: "outside.example", port: 2 });

  const { brokers } = await metadata(1);

  expect(brokers).toMatchObject([{ nodeId: 0, host: "inside.example", port: 1 }]);
});

test("gotcha 13: who administers is a broker that can be reached, also while there is no controller", async () => {
  const { api, metadata } = await withTopics();
  const real = await metadata(1);
  const answer = await api.metadata({ allowAutoTopicCreation: false });

  const { controllerId: _, ...without } = answer;
  api.metadata = async () => without;
  const none = await metadata(1);
  api.metadata = async () => ({ ...answer, controllerId: brokerId(7) });
  const gone = await metadata(1);

  expect([real, none, gone].map(({ controllerId }) => controllerId)).toEqual([0, 0, 0]);
});

test("gotcha 14: ids are told, and asked by; one that is gone is unknown", async () => {
  const { metadata } = await withTopics("orders");
  const named = await metadata(10, byName("orders"));
  const topicId = named.topics[0]?.topicId as TopicId;

  const known = await metadata(12, { topics: [{ topicId, name: undefined }] });
  const asJava = await metadata(12, { topics: [{ topicId, name: "" }] });
  const gone = "AAAAAAAAQACAAAAAAAAACQ" as TopicId;
  const unknown = await metadata(12, { topics: [{ topicId: gone, name: undefined }] });

  expect(topicId).toHaveLength(22);
  expect(known.topics).toMatchObject([{ errorCode: undefined, name: "orders", topicId }]);
  expect(asJava).toEqual(known);
  expect(unknown.topics).toEqual([
    expect.objectContaining({ errorCode: "UNKNOWN_TOPIC_ID", name: undefined, topicId: gone }),
  ]);
});

test.each([
  [0, undefined, true],
  [3, undefined, true],
  [4, true, true],
  [4, false, false],
  [12, false, false],
])("gotcha 15: Metadata %p with the flag at %p asks for missing topics: %p", async (...asked) => {
  const [version, allowAutoTopicCreation, mayCreate] = asked;
  const { api, metadata } = await withTopics();
  const requests: unknown[] = [];
  const real = api.metadata.bind(api);
  api.metadata = async (request) => {
    requests.push(request);
    return real(request);
  };

  const answer = await metadata(version, { ...byName("new"), allowAutoTopicCreation });

  expect(requests).toEqual([{ allowAutoTopicCreation: mayCreate, topics: ["new"] }]);
  expect(answer.topics).toMatchObject([{ errorCode: "UNKNOWN_TOPIC_OR_PARTITION", name: "new" }]);
});

test.each([[""], ["."], [".."], ["a/b"], ["x".repeat(250)]])(
  "gotcha 15: %p is no name of a topic, and those beside it are answered",
  async (name) => {
    const { metadata } = await withTopics("orders");

    const answer = await metadata(1, byName(name, "orders", "orders"));

    const errors = answer.topics.map((topic) => [topic.name, topic.errorCode]);
    expect(Object.fromEntries(errors)).toEqual({
      orders: undefined,
      [name]: "INVALID_TOPIC_EXCEPTION",
    });
    expect(errors).toHaveLength(2);
  },
);

test("gotcha 16: leader epochs are told, and who has no leader has none", async () => {
  const { api, metadata } = await withTopics("orders");
  const answer = await api.metadata({ allowAutoTopicCreation: false });
  const partition = { partition: 0, leaderEpoch: leaderEpoch(5), replicas: [], isr: [] };
  const [led, orphan] = [
    { ...partition, leader: brokerId(0) },
    { ...partition, partition: 1 },
  ];
  const partitions = [led, orphan].map((each) => ({ ...each, offlineReplicas: [brokerId(1)] }));
  const topics = [{ ...answer.topics[0]!, partitions }] as typeof answer.topics;
  api.metadata = async () => ({ ...answer, topics });

  const { topics: told } = await metadata(7, byName("orders"));

  expect(told[0]?.partitions).toMatchObject([
    { errorCode: undefined, leaderId: 0, leaderEpoch: 5, offlineReplicas: [1] },
    { errorCode: "LEADER_NOT_AVAILABLE", leaderId: undefined, leaderEpoch: 5 },
  ]);
});

test("a leader without the client's listener is no leader for that client", async () => {
  const { api, metadata } = await withTopics("orders");
  api.listeners.clear();

  const [older, newer] = [await metadata(5), await metadata(6)];

  const of = ({ topics }: typeof older) => topics[0]?.partitions[0];
  expect(of(older)).toMatchObject({ errorCode: "LEADER_NOT_AVAILABLE", leaderId: undefined });
  expect(of(newer)).toMatchObject({ errorCode: "LISTENER_NOT_FOUND", leaderId: undefined });
});

test("gotcha 17: what is allowed is told to who asks, and only to them", async () => {
  const { metadata } = await withTopics("orders");

  const silent = await metadata(8, byName("orders"));
  const told = await metadata(8, {
    ...byName("orders"),
    includeClusterAuthorizedOperations: true,
    includeTopicAuthorizedOperations: true,
  });

  const of = ({ clusterAuthorizedOperations, topics }: typeof silent) => [
    clusterAuthorizedOperations,
    topics[0]?.topicAuthorizedOperations,
  ];
  expect(of(silent)).toEqual([undefined, undefined]);
  expect(of(told)).toEqual([8_096, 3_576]);
});

/** A broker without a picture of the cluster, until `arrives` or `staysAway`. */
async function withoutPicture(...names: readonly string[]) {
  const started = await withTopics(...names);
  const { api } = started;
  const [realMetadata, realBrokersAt] = [api.metadata, api.brokersAt];
  const error = { code: "LEADER_NOT_AVAILABLE", message: "no picture yet", hint: "Wait." };
  api.metadata = () => Promise.reject(new ZoologError(error));
  api.brokersAt = () => [];
  const waiting: ((isKnown: boolean) => void)[] = [];
  const waits: number[] = [];
  api.clusterKnown = (timeoutMs) => {
    waits.push(timeoutMs);
    return new Promise((resolve) => waiting.push(resolve));
  };
  return {
    ...started,
    waits,
    arrives: () => {
      [api.metadata, api.brokersAt] = [realMetadata, realBrokersAt];
      for (const tell of waiting) tell(true);
    },
    staysAway: () => waiting.forEach((tell) => void tell(false)),
  };
}

test("a broker without a picture of the cluster answers so, and its client stays connected", async () => {
  const { metadata, arrives, waits } = await withoutPicture("orders");

  const early = [
    await metadata(0, byName("orders")),
    await metadata(12, byName("orders")),
    await metadata(12, { topics: [] }),
  ];
  arrives();
  const later = await metadata(12, byName("orders"));

  const topics = [{ errorCode: "LEADER_NOT_AVAILABLE", name: "orders", partitions: [] }];
  expect(early).toMatchObject([
    { brokers: [], topics },
    { brokers: [], controllerId: undefined, topics },
    { brokers: [], topics: [] },
  ]);
  expect(later.topics).toMatchObject([{ errorCode: undefined, name: "orders" }]);
  expect(waits).toEqual([]);
});

test.each([
  [0, { topics: [] }],
  [12, { topics: undefined }],
])("version %p that asks for all topics is answered once they are known", async (version, all) => {
  const { connection, metadata, arrives, waits } = await withoutPicture("orders");

  const asked = metadata(version, all);
  await turn();
  const early = [connection.received.length, connection.isClosed];
  arrives();

  expect((await asked).topics).toMatchObject([{ errorCode: undefined, name: "orders" }]);
  expect([early, waits]).toEqual([[0, false], [5_000]]);
});

test("who asks for all topics and they stay unknown is not told that there are none", async () => {
  const { connection, staysAway } = await withoutPicture("orders");

  connection.send(framed("Metadata", { version: 12 }, { topics: undefined }));
  await turn();
  staysAway();
  await turn();

  expect([connection.received, connection.isClosed]).toEqual([[], true]);
});

test("a plane that closes does not wait for the first picture of the cluster", async () => {
  const { connection, plane } = await withoutPicture("orders");
  connection.send(framed("Metadata", { version: 12 }, { topics: undefined }));
  await turn();

  await plane.close();

  expect(connection.isClosed).toBe(true);
});
