import { type TopicId, ZoologError } from "@zoolog/base";
import { ask, scriptedAdmin, startedPlane } from "../../kafka-plane.fixture.ts";

async function started() {
  const { api, network } = await startedPlane();
  const asked: unknown[] = [];
  const admin = scriptedAdmin(api);
  admin["describe-configs"] = async ({ resources }: { resources: { name: string }[] }) => ({
    resources: resources.map(({ name }) => ({
      ...{ type: "topic", name },
      configs: [
        {
          ...{ name: "retention.ms", value: "7", source: "topic", type: "long", dynamic: true },
          ...{ sensitive: false, synonyms: [], about: "" },
        },
      ],
    })),
  });
  const connection = network.dial();
  const create = (version: number, topics: object[], more: object = {}) =>
    ask(connection, "CreateTopics", version, {
      ...{ timeoutMs: 1_000, validateOnly: false, ...more },
      topics: topics.map((topic) => ({
        ...{ numPartitions: undefined, replicationFactor: undefined, assignments: [], configs: [] },
        ...topic,
      })),
    });
  return { api, admin, asked, connection, create };
}

describe("gotcha 59: CreateTopics", () => {
  test.each([2, 3, 4, 5, 6, 7])("version %p creates, and tells what it may", async (version) => {
    const { create } = await started();

    const { topics } = await create(version, [{ name: "a", numPartitions: 3 }]);

    expect(topics).toMatchObject([{ name: "a", errorCode: undefined }]);
    const [created] = topics;
    if (version >= 5) {
      expect(created).toMatchObject({ numPartitions: 3, replicationFactor: 1 });
      expect(created?.configs).toEqual([
        expect.objectContaining({ name: "retention.ms", value: "7", configSource: 1 }),
      ]);
    }
    if (version >= 7) expect(created?.topicId).toHaveLength(22);
  });

  test("each topic has its own fault; the others are created", async () => {
    const { create } = await started();
    await create(7, [{ name: "there" }]);
    const assigned = [
      { partitionIndex: 0, brokerIds: [0] },
      { partitionIndex: 2, brokerIds: [0] },
    ];

    const { topics } = await create(7, [
      { name: "there" },
      { name: "bad/name" },
      { name: "twice" },
      { name: "twice" },
      { name: "none", numPartitions: 0 },
      { name: "both", numPartitions: 1, assignments: assigned },
      { name: "gap", assignments: assigned },
      { name: "bare", configs: [{ name: "retention.ms", value: undefined }] },
      { name: "fine" },
    ]);

    expect(topics.map(({ name, errorCode }) => [name, errorCode])).toEqual([
      ["there", "TOPIC_ALREADY_EXISTS"],
      ["bad/name", "INVALID_TOPIC_EXCEPTION"],
      ["twice", "INVALID_REQUEST"],
      ["twice", "INVALID_REQUEST"],
      ["none", "INVALID_PARTITIONS"],
      ["both", "INVALID_REQUEST"],
      ["gap", "INVALID_REPLICA_ASSIGNMENT"],
      ["bare", "INVALID_CONFIG"],
      ["fine", undefined],
    ]);
  });

  test("replicas are assigned by the number of their partition, whatever their order", async () => {
    const { api, create } = await started();
    const requests: unknown[] = [];
    api.createTopics = async (request) => {
      requests.push(request.topics);
      return { topics: [] };
    };

    await create(7, [
      {
        name: "a",
        assignments: [
          { partitionIndex: 1, brokerIds: [2, 3] },
          { partitionIndex: 0, brokerIds: [1, 2] },
        ],
      },
    ]);

    const assignments = [
      [1, 2],
      [2, 3],
    ];
    expect(requests).toEqual([[{ topic: "a", configs: {}, assignments }]]);
  });

  test("what is only checked is not there afterwards", async () => {
    const { api, create } = await started();

    const { topics } = await create(7, [{ name: "a" }], { validateOnly: true });

    expect(topics).toMatchObject([{ name: "a", errorCode: undefined, numPartitions: 1 }]);
    expect((await api.metadata({ allowAutoTopicCreation: false })).topics).toEqual([]);
  });

  test("a call that fails as a whole is told for each topic", async () => {
    const { api, create } = await started();
    const failures = [
      ["REQUEST_TIMED_OUT", "REQUEST_TIMED_OUT"],
      ["COORDINATION_UNAVAILABLE", "REQUEST_TIMED_OUT"],
    ] as const;
    for (const [code, told] of failures) {
      api.createTopics = async () => {
        throw new ZoologError({ code, message: "no" });
      };
      const { topics } = await create(7, [{ name: "a" }, { name: "b" }]);
      expect(topics).toMatchObject([
        { name: "a", errorCode: told, errorMessage: "no" },
        { name: "b", errorCode: told },
      ]);
    }
  });

  test.each([
    [-1, 0],
    [0, 0],
    [30_000, 30_000],
    [2 ** 31 - 1, 120_000],
  ])("a client that would wait for %p ms waits for %p", async (timeoutMs, waited) => {
    const { api, create } = await started();
    let asked: number | undefined;
    api.createTopics = async (request) => {
      asked = request.timeoutMs;
      return { topics: [] };
    };

    await create(7, [{ name: "a" }], { timeoutMs });

    expect(asked).toBe(waited);
  });
});

describe("gotcha 62: DeleteTopics", () => {
  test.each([1, 3, 4, 5])("version %p names them", async (version) => {
    const { connection, create } = await started();
    await create(7, [{ name: "a" }]);

    const request = { topicNames: ["a", "b"], timeoutMs: 1_000 };
    const { responses } = await ask(connection, "DeleteTopics", version, request);

    expect(responses.map(({ name, errorCode }) => [name, errorCode])).toEqual([
      ["a", undefined],
      ["b", "UNKNOWN_TOPIC_OR_PARTITION"],
    ]);
  });

  test("version 6 deletes by name or by id, and that life of the topic only", async () => {
    const { api, connection, create } = await started();
    const { topics } = await create(7, [{ name: "a" }, { name: "b" }]);
    const [a, b] = topics;
    const gone = "AAAAAAAAQACAAAAAAAAACQ" as TopicId;
    const asked: unknown[] = [];
    const real = api.deleteTopics.bind(api);
    api.deleteTopics = async (request) => {
      asked.push(...request.topics);
      return real(request);
    };

    const { responses } = await ask(connection, "DeleteTopics", 6, {
      timeoutMs: 1_000,
      topics: [
        { name: undefined, topicId: a?.topicId },
        { name: "b", topicId: undefined },
        { name: undefined, topicId: gone },
        { name: "b", topicId: b?.topicId },
      ],
    });

    expect(asked).toEqual([{ topic: "a", topicId: a?.topicId }, { topic: "b" }]);
    expect(responses.map(({ name, topicId, errorCode }) => [name, topicId, errorCode])).toEqual([
      ["a", a?.topicId, undefined],
      ["b", b?.topicId, undefined],
      [undefined, gone, "UNKNOWN_TOPIC_ID"],
      ["b", b?.topicId, "INVALID_REQUEST"],
    ]);
  });
});

test.each([
  ["twice by its name", (name: string) => [{ name }, { name }]],
  ["by its name and by its id", (name: string, topicId: TopicId) => [{ name }, { topicId }]],
])("a topic that DeleteTopics names %s stays, and others go", async (_, twice) => {
  const { api, connection, create } = await started();
  const { topics } = await create(7, [{ name: "a" }, { name: "b" }]);
  const named = [...twice("a", topics[0]!.topicId!), { name: "b" }];

  const { responses } = await ask(connection, "DeleteTopics", 6, {
    timeoutMs: 1_000,
    topics: named.map((topic) => ({ name: undefined, topicId: undefined, ...topic })),
  });

  expect(responses.map(({ name, errorCode }) => [name, errorCode])).toEqual([
    ["a", "INVALID_REQUEST"],
    ["a", "INVALID_REQUEST"],
    ["b", undefined],
  ]);
  const left = await api.metadata({ allowAutoTopicCreation: false });
  expect(left.topics).toMatchObject([{ topic: "a" }]);
});

test("gotcha 62: DeleteRecords up to the high watermark or an offset, and tells what is left", async () => {
  const { admin, connection } = await started();
  const asked: unknown[] = [];
  admin["delete-records"] = async ({ topics }: { topics: unknown[] }) => {
    asked.push(...topics);
    const error = { code: "NOT_LEADER_OR_FOLLOWER", message: "" };
    const partitions = [
      { partition: 0, lowWatermark: 9 },
      { partition: 1, error },
    ];
    return { topics: [{ topic: "a", partitions }] };
  };

  const { topics } = await ask(connection, "DeleteRecords", 2, {
    timeoutMs: 1_000,
    topics: [
      {
        name: "a",
        partitions: [
          { partitionIndex: 0, offset: undefined },
          { partitionIndex: 1, offset: 5 },
          { partitionIndex: 2, offset: -2 },
          { partitionIndex: -1, offset: 5 },
        ],
      },
    ],
  });

  expect(asked).toEqual([
    {
      topic: "a",
      partitions: [
        { partition: 0, offset: "highWatermark" },
        { partition: 1, offset: 5 },
      ],
    },
  ]);
  expect(topics[0]?.partitions).toMatchObject([
    { partitionIndex: 0, lowWatermark: 9, errorCode: undefined },
    { partitionIndex: 1, errorCode: "NOT_LEADER_OR_FOLLOWER" },
    { partitionIndex: 2, errorCode: "OFFSET_OUT_OF_RANGE" },
    { partitionIndex: -1, errorCode: "UNKNOWN_TOPIC_OR_PARTITION" },
  ]);
});

test("CreatePartitions tells each topic's outcome", async () => {
  const { admin, connection } = await started();
  const asked: unknown[] = [];
  admin["create-partitions"] = async ({ topics }: { topics: unknown[] }) => {
    asked.push(...topics);
    const error = { code: "INVALID_PARTITIONS", message: "fewer" };
    return {
      topics: [
        { topic: "a", numPartitions: 4 },
        { topic: "b", error },
      ],
    };
  };

  const { results } = await ask(connection, "CreatePartitions", 3, {
    ...{ timeoutMs: 1_000, validateOnly: false },
    topics: [
      { name: "a", count: 4, assignments: undefined },
      { name: "b", count: 1, assignments: [{ brokerIds: [1] }] },
    ],
  });

  expect(asked).toEqual([
    { topic: "a", count: 4 },
    { topic: "b", count: 1, assignments: [[1]] },
  ]);
  expect(results).toMatchObject([
    { name: "a", errorCode: undefined },
    { name: "b", errorCode: "INVALID_PARTITIONS", errorMessage: "fewer" },
  ]);
});

test.each([
  ["CreateTopics", { assignments: [{ partitionIndex: 0, brokerIds: [-1] }], configs: [] }],
  ["CreatePartitions", { count: 4, assignments: [{ brokerIds: [-1] }] }],
] as const)("%s passes a broker that cannot be on to whom it may refuse", async (api, topic) => {
  const { api: broker, admin, connection } = await started();
  const refused = jest.fn(async () => {
    const error = { code: "INVALID_REPLICA_ASSIGNMENT", message: "there is no broker -1" };
    return { topics: [{ topic: "new", error }] };
  });
  broker.createTopics = refused as never;
  admin["create-partitions"] = refused;

  const answer = await ask(connection, api, 3, {
    ...{ timeoutMs: 1_000, validateOnly: false, topics: [{ name: "new", ...topic }] },
  });

  const [result] = "topics" in answer ? answer.topics : answer.results;
  expect(result?.errorCode).toBe("INVALID_REPLICA_ASSIGNMENT");
});

test("DescribeProducers tells who writes, and where nobody can say", async () => {
  const { admin, connection } = await started();
  const producer = { producerId: 7, producerEpoch: 1, lastTimestamp: 5 };
  admin["describe-producers"] = async () => ({
    topics: [
      {
        topic: "a",
        partitions: [
          { partition: 0, producers: [{ ...producer, lastSequence: 3 }, producer] },
          { partition: 1, error: { code: "NOT_LEADER_OR_FOLLOWER", message: "" } },
        ],
      },
    ],
  });

  const request = { topics: [{ name: "a", partitionIndexes: [0, 1] }] };
  const { topics } = await ask(connection, "DescribeProducers", 0, request);

  const told = { producerId: 7, producerEpoch: 1, lastTimestamp: 5, coordinatorEpoch: -1 };
  expect(topics[0]?.partitions).toMatchObject([
    {
      errorCode: undefined,
      activeProducers: [
        { ...told, lastSequence: 3 },
        { ...told, lastSequence: undefined, currentTxnStartOffset: undefined },
      ],
    },
    { errorCode: "NOT_LEADER_OR_FOLLOWER", activeProducers: [] },
  ]);
});
