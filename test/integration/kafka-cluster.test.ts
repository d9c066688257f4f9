import { type LogFields, type Logger, silentLogger } from "@zoolog/base";
import { type DevCluster, hostDependencies, startDevCluster } from "@zoolog/broker";
import { callBroker } from "@zoolog/testkit";
import { Kafka, logLevel } from "kafkajs";
import { KafkaWire } from "./kafka-wire.ts";

/** What Kafka clients are told by a cluster of three. */

let cluster: DevCluster;
const started: LogFields[] = [];

function noteStarts(): Logger {
  const info = (event: string, fields: LogFields = {}): void => {
    if (event === "broker started") started.push(fields);
  };
  const logger: Logger = { ...silentLogger, info, child: () => logger };
  return logger;
}

beforeAll(async () => {
  const settings = {
    "num.partitions": 2,
    "kafka.listeners": "EXTERNAL://127.0.0.1:0",
  };
  cluster = await startDevCluster(
    {
      brokers: 3,
      httpPort: 0,
      kafkaPort: 0,
      zookeeperPort: 0,
      settings: [{ from: "test", settings }],
    },
    hostDependencies({ logger: noteStarts() }),
  );
});

afterAll(() => cluster.close());

async function withWire<T>(port: number, task: (wire: KafkaWire) => Promise<T>): Promise<T> {
  const wire = new KafkaWire(port);
  try {
    return await task(wire);
  } finally {
    wire.destroy();
  }
}

/** The addresses in the registrations of all brokers, by listener. */
async function registeredPorts(listener: string): Promise<number[]> {
  const described = await Promise.all(
    cluster.urls.map((url) => callBroker(url, "describe-broker")),
  );
  return described.flatMap(({ body }) =>
    (body as { endpoints: { listener: string; port: number }[] }).endpoints
      .filter((endpoint) => endpoint.listener === listener)
      .map(({ port }) => port),
  );
}

test("operators are told where Kafka clients can connect: by the cluster, and by each broker's log", async () => {
  const ports = {
    KAFKA: await registeredPorts("KAFKA"),
    EXTERNAL: await registeredPorts("EXTERNAL"),
  };

  const { body } = await callBroker(cluster.urls[0]!, "describe-cluster");

  const { brokers } = body as {
    brokers: { endpoints: { listener: string; port: number }[] }[];
  };
  const told = (name: string) =>
    brokers.flatMap(({ endpoints }) =>
      endpoints.filter(({ listener }) => listener === name).map(({ port }) => port),
    );
  expect(new Set(told("KAFKA"))).toEqual(new Set(ports.KAFKA));
  expect(new Set(told("EXTERNAL"))).toEqual(new Set(ports.EXTERNAL));
  expect(new Set(started.map(({ kafka }) => kafka))).toEqual(
    new Set(
      ports.KAFKA.map(
        (port, at) => `KAFKA://127.0.0.1:${port},EXTERNAL://127.0.0.1:${ports.EXTERNAL[at]}`,
      ),
    ),
  );
});

test.each([["KAFKA"], ["EXTERNAL"]])(
  "gotcha 13: who comes in by %s is told the addresses of that listener, of every broker",
  async (listener) => {
    const ports = await registeredPorts(listener);

    const answers = await Promise.all(
      ports.map((port) => withWire(port, (wire) => wire.ask("Metadata", 12, { topics: [] }))),
    );

    expect(new Set(ports).size).toBe(3);
    for (const { brokers, controllerId } of answers) {
      expect(brokers.map(({ port }) => port).sort()).toEqual([...ports].sort());
      expect(brokers.map(({ nodeId }) => nodeId)).toContain(controllerId);
    }
  },
);

test("gotcha 15: a missing topic is created by who asks for it, as large as topics are by default", async () => {
  const [port] = await registeredPorts("KAFKA");
  const ask = (allowAutoTopicCreation: boolean) =>
    withWire(port!, (wire) =>
      wire.ask("Metadata", 12, {
        topics: [{ name: "made-by-asking" }, { name: "no/name" }],
        allowAutoTopicCreation,
      }),
    );

  const before = await ask(false);
  const asked = await ask(true);

  const errorsOf = ({ topics }: typeof before) => topics.map(({ errorCode }) => errorCode);
  expect(errorsOf(before)).toEqual(["UNKNOWN_TOPIC_OR_PARTITION", "INVALID_TOPIC_EXCEPTION"]);
  expect(errorsOf(asked)).toEqual([undefined, "INVALID_TOPIC_EXCEPTION"]);
  expect(asked.topics[0]).toMatchObject({
    name: "made-by-asking",
    partitions: [{ errorCode: undefined }, { errorCode: undefined }],
  });
  expect(asked.topics[0]!.partitions[0]!.replicaNodes).toHaveLength(3);
});

test("kafkajs knows the cluster and its topics", async () => {
  const lines: LogFields[] = [];
  const kafka = new Kafka({
    brokers: [...cluster.kafka],
    logLevel: logLevel.ERROR,
    logCreator:
      () =>
      ({ log }) =>
        void lines.push(log),
  });
  const topics = [{ topic: "orders", numPartitions: 3 }];
  await callBroker(cluster.urls[0]!, "create-topics", { topics });
  const admin = kafka.admin();
  await admin.connect();
  try {
    const { brokers, clusterId } = await admin.describeCluster();
    const metadata = await admin.fetchTopicMetadata({ topics: ["orders"] });

    expect(brokers).toHaveLength(3);
    expect(clusterId).toBe(cluster.brokers[0]!.clusterId);
    expect(metadata.topics[0]?.partitions).toHaveLength(3);
    expect(lines).toEqual([]);
  } finally {
    await admin.disconnect();
  }
});

/** What the broker tells of each item, by its name. */
type Told = readonly (readonly [name: string | undefined, code: string | undefined])[];

/** What every broker of the cluster tells: one of them is the controller, the others pass calls on. */
async function toldByEach(ask: (wire: KafkaWire, nth: number) => Promise<Told>): Promise<Told[]> {
  return Promise.all(
    cluster.brokers.map((broker, nth) =>
      withWire(broker.kafkaAddress!.port, (wire) => ask(wire, nth)),
    ),
  );
}

test("an item that cannot be is refused alone, also by a broker that passes calls on", async () => {
  const existing = ["wide", "narrow"].map((topic) => ({ topic, numPartitions: 1 }));
  await callBroker(cluster.urls[0]!, "create-topics", { topics: existing });
  const limits = { timeoutMs: 5_000, validateOnly: true };
  const topic = (name: string, more: object = {}) => ({
    ...{ name, numPartitions: 1, replicationFactor: 1, assignments: [], configs: [], ...more },
  });
  const assigned = (brokerId: number) => ({
    ...{ numPartitions: undefined, replicationFactor: undefined },
    assignments: [{ partitionIndex: 0, brokerIds: [brokerId] }],
  });
  const setting = (name: string, value = "1") => ({ configs: [{ name, value }] });

  const created = await toldByEach(async (wire) => {
    const topics = [
      topic("fine"),
      topic("negative-broker", assigned(-1)),
      topic("unknown-broker", assigned(99)),
      topic("negative-count", { numPartitions: -5 }),
      topic("negative-factor", { replicationFactor: -7 }),
      topic("long-setting", setting("retention.ms", "1".repeat(20_000))),
      topic("no-setting", setting("__proto__")),
    ];
    const answer = await wire.ask("CreateTopics", 5, { ...limits, topics });
    return answer.topics.map(({ name, errorCode }) => [name, errorCode]);
  });
  const extended = await toldByEach(async (wire) => {
    const topics = [
      { name: "wide", count: 2, assignments: undefined },
      { name: "narrow", count: 2, assignments: [{ brokerIds: [-1] }] },
      { name: "a/b", count: 2, assignments: undefined },
      { name: "c", count: -2, assignments: undefined },
    ];
    const answer = await wire.ask("CreatePartitions", 1, { ...limits, topics });
    return answer.results.map(({ name, errorCode }) => [name, errorCode]);
  });
  const deleted = await toldByEach(async (wire, nth) => {
    const topicNames = [`gone-${nth}`, "a/b"];
    const answer = await wire.ask("DeleteTopics", 5, { timeoutMs: 5_000, topicNames });
    return answer.responses.map(({ errorCode }) => ["", errorCode]);
  });
  const elected = await toldByEach(async (wire) => {
    const topicPartitions = [
      { topic: "wide", partitions: [0, -1] },
      { topic: "a/b", partitions: [0] },
    ];
    const request = { electionType: 0, timeoutMs: 5_000, topicPartitions };
    const answer = await wire.ask("ElectLeaders", 2, request);
    return answer.replicaElectionResults.flatMap(({ topic, partitionResult }) =>
      partitionResult.map(({ errorCode }) => [topic, errorCode] as const),
    );
  });
  const altered = await toldByEach(async (wire) => {
    const change = (value: string) => [{ name: "retention.ms", configOperation: 0, value }];
    const resources = [
      { resourceType: 2, resourceName: "wide", configs: change("1000") },
      { resourceType: 2, resourceName: "narrow", configs: change("1".repeat(20_000)) },
    ];
    const answer = await wire.ask("IncrementalAlterConfigs", 1, { validateOnly: true, resources });
    return answer.responses.map(({ resourceName, errorCode }) => [resourceName, errorCode]);
  });

  const everywhere = (told: Told) => cluster.brokers.map(() => told);
  expect(created).toEqual(
    everywhere([
      ["fine", undefined],
      ["negative-broker", "INVALID_REPLICA_ASSIGNMENT"],
      ["unknown-broker", "INVALID_REPLICA_ASSIGNMENT"],
      ["negative-count", "INVALID_PARTITIONS"],
      ["negative-factor", "INVALID_REPLICATION_FACTOR"],
      ["long-setting", "INVALID_CONFIG"],
      ["no-setting", "INVALID_CONFIG"],
    ]),
  );
  expect(extended).toEqual(
    everywhere([
      ["wide", undefined],
      ["narrow", "INVALID_REPLICA_ASSIGNMENT"],
      ["a/b", "UNKNOWN_TOPIC_OR_PARTITION"],
      ["c", "INVALID_PARTITIONS"],
    ]),
  );
  const unknown = ["", "UNKNOWN_TOPIC_OR_PARTITION"] as const;
  expect(deleted).toEqual(everywhere([unknown, unknown]));
  expect(elected).toEqual(
    everywhere([
      ["wide", "ELECTION_NOT_NEEDED"],
      ["wide", "UNKNOWN_TOPIC_OR_PARTITION"],
      ["a/b", "UNKNOWN_TOPIC_OR_PARTITION"],
    ]),
  );
  expect(altered).toEqual(
    everywhere([
      ["wide", undefined],
      ["narrow", "INVALID_CONFIG"],
    ]),
  );
});

test("topics that are only checked are checked as those that are made, and nothing is made", async () => {
  const existing = { topics: [{ topic: "taken", numPartitions: 1 }] };
  await callBroker(cluster.urls[0]!, "create-topics", existing);
  const topic = (name: string, more: object = {}) => ({
    ...{ name, numPartitions: 3, replicationFactor: 2, assignments: [], configs: [], ...more },
  });
  const setting = (name: string, value: string) => ({ configs: [{ name, value }] });
  const topics = [
    topic("planned"),
    topic("taken"),
    topic("plan/ned"),
    topic("no-partitions", { numPartitions: 0 }),
    topic("too-many-partitions", { numPartitions: 2_000_000_000 }),
    topic("too-many-replicas", { replicationFactor: 4 }),
    topic("bad-value", setting("retention.ms", "soon")),
    topic("bad-name", setting("retention.m", "1")),
    topic("foreign", setting("compression.type", "lz4")),
  ];
  const create = (validateOnly: boolean) => async (wire: KafkaWire) =>
    (await wire.ask("CreateTopics", 7, { timeoutMs: 5_000, validateOnly, topics })).topics.map(
      ({ topicId: _, configs: __, ...told }) => told,
    );

  const checked = await Promise.all(
    cluster.brokers.map((broker) => withWire(broker.kafkaAddress!.port, create(true))),
  );
  const there = await callBroker(cluster.urls[0]!, "metadata", { allowAutoTopicCreation: false });
  const made = await withWire(cluster.brokers[0]!.kafkaAddress!.port, create(false));

  const codes = made.map(({ name, errorCode }) => [name, errorCode]);
  expect(codes).toEqual([
    ["planned", undefined],
    ["taken", "TOPIC_ALREADY_EXISTS"],
    ["plan/ned", "INVALID_TOPIC_EXCEPTION"],
    ["no-partitions", "INVALID_PARTITIONS"],
    ["too-many-partitions", "INVALID_PARTITIONS"],
    ["too-many-replicas", "INVALID_REPLICATION_FACTOR"],
    ["bad-value", "INVALID_CONFIG"],
    ["bad-name", "INVALID_CONFIG"],
    ["foreign", "INVALID_CONFIG"],
  ]);
  expect(made[0]).toMatchObject({ numPartitions: 3, replicationFactor: 2 });
  expect(made.at(-1)?.errorMessage).toContain("set it at the producers");
  expect(checked).toEqual(cluster.brokers.map(() => made));
  const names = (there.body as { topics: { topic: string }[] }).topics.map((it) => it.topic);
  expect(names).toContain("taken");
  expect(names).not.toContain("planned");
});

test("a check by kafkajs makes no topic", async () => {
  const brokers = cluster.brokers.map((broker) => `127.0.0.1:${broker.kafkaAddress!.port}`);
  const admin = new Kafka({ brokers, logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  const check = { validateOnly: true, waitForLeaders: false };

  const fine = await admin.createTopics({ ...check, topics: [{ topic: "dry" }] });
  const bad = admin.createTopics({
    ...check,
    topics: [{ topic: "dry", replicationFactor: 9 }],
  });

  await expect(bad).rejects.toThrow();
  expect(fine).toBe(true);
  expect(await admin.listTopics()).not.toContain("dry");
  await admin.disconnect();
});
