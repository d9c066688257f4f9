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
