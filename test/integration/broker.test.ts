import { readdir } from "node:fs/promises";
import { silentLogger } from "@zoolog/base";
import {
  Broker,
  type DevCluster,
  type DevClusterOptions,
  hostDependencies,
  parseBrokerConfig,
  startDevCluster,
} from "@zoolog/broker";
import { callBroker, type TemporaryFolder, temporaryFolder } from "@zoolog/testkit";

let folder: TemporaryFolder;
const opened: DevCluster[] = [];

beforeEach(async () => {
  folder = await temporaryFolder();
});
afterEach(async () => {
  for (const cluster of opened.splice(0)) await cluster.close();
  await folder.remove();
});

async function start(options: Partial<DevClusterOptions> = {}): Promise<DevCluster> {
  const dataFolder = `${folder.path}/data`;
  const cluster = await startDevCluster(
    { httpPort: 0, kafkaPort: 0, zookeeperPort: 0, dataFolder, ...options },
    hostDependencies({ logger: silentLogger }),
  );
  opened.push(cluster);
  return cluster;
}

const urlOf = (cluster: DevCluster): string => cluster.urls[0]!;

async function post(cluster: DevCluster, topic: string, values: string[]): Promise<unknown> {
  const response = await fetch(`${urlOf(cluster)}/v1/topics/${topic}/records`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ records: values.map((value) => ({ value })) }),
  });
  return response.json();
}

async function read(cluster: DevCluster, topic: string, offset = 0): Promise<string[]> {
  const path = `/v1/topics/${topic}/partitions/0/records?offset=${offset}`;
  const response = await fetch(`${urlOf(cluster)}${path}`);
  const { records } = (await response.json()) as { records: { value: string }[] };
  return records.map(({ value }) => value);
}

const createTopic = (cluster: DevCluster, topic: string, more: object = {}) =>
  callBroker(urlOf(cluster), "create-topics", { topics: [{ topic, ...more }] });

test("records go in by HTTP and come out at the offsets that were answered", async () => {
  const cluster = await start();
  await createTopic(cluster, "greetings");

  const answer = await post(cluster, "greetings", ["hello", "world"]);

  expect(answer).toMatchObject({ records: [{ offset: 0 }, { offset: 1 }] });
  expect(await read(cluster, "greetings")).toEqual(["hello", "world"]);
  expect(await read(cluster, "greetings", 1)).toEqual(["world"]);
});

test("a topic is described, with what its settings come from, and deleted with its data", async () => {
  const cluster = await start();
  await createTopic(cluster, "t", { numPartitions: 3, configs: { "retention.ms": "1000" } });
  await post(cluster, "t", ["x"]);

  const described = await callBroker(urlOf(cluster), "describe-topics", { topics: ["t"] });
  expect(described.body).toMatchObject({
    topics: [
      {
        topic: "t",
        partitions: [
          { partition: 0, leader: 1, isr: [1], logStartOffset: 0 },
          { partition: 1 },
          { partition: 2 },
        ],
        configs: { "retention.ms": { value: "1000", source: "topic" } },
      },
    ],
  });

  await callBroker(urlOf(cluster), "delete-topics", { topics: [{ topic: "t" }] });
  const { body } = await callBroker(urlOf(cluster), "metadata");
  expect(body).toMatchObject({ topics: [] });
  expect(await post(cluster, "t", ["y"])).toMatchObject({
    error: { code: "UNKNOWN_TOPIC_OR_PARTITION" },
  });
  const names = await readdir(`${cluster.dataFolder}/broker-1`);
  expect(names.filter((name) => /^t-\d+$/.test(name))).toEqual([]);
});

test("a topic of the same name made after a deletion begins at offset 0", async () => {
  const cluster = await start();
  await createTopic(cluster, "t");
  await post(cluster, "t", ["old"]);
  await callBroker(urlOf(cluster), "delete-topics", { topics: [{ topic: "t" }] });

  await createTopic(cluster, "t");

  expect(await post(cluster, "t", ["new"])).toMatchObject({ records: [{ offset: 0 }] });
  expect(await read(cluster, "t")).toEqual(["new"]);
});

test("a dry run makes nothing, and a deletion by id spares a topic made anew", async () => {
  const cluster = await start();
  const dry = { validateOnly: true, topics: [{ topic: "t", numPartitions: 2 }] };
  expect((await callBroker(urlOf(cluster), "create-topics", dry)).body).toEqual({
    topics: [{ topic: "t", numPartitions: 2, replicationFactor: 1 }],
  });
  const made = await createTopic(cluster, "t");
  const { topicId } = (made.body as { topics: [{ topicId: string }] }).topics[0];
  await callBroker(urlOf(cluster), "delete-topics", { topics: [{ topic: "t", topicId }] });
  await createTopic(cluster, "t");

  const again = await callBroker(urlOf(cluster), "delete-topics", {
    topics: [{ topic: "t", topicId }, { topic: "none" }],
  });

  expect(again.body).toMatchObject({
    topics: [
      { topic: "t", error: { code: "UNKNOWN_TOPIC_ID" } },
      { topic: "none", error: { code: "UNKNOWN_TOPIC_OR_PARTITION" } },
    ],
  });
  const { body } = await callBroker(urlOf(cluster), "metadata");
  expect(body).toMatchObject({ topics: [{ topic: "t" }] });
});

test("a topic needs the replicas, the name and the settings that the cluster can give", async () => {
  const cluster = await start();

  const { body } = await callBroker(urlOf(cluster), "create-topics", {
    topics: [
      { topic: "three", replicationFactor: 3 },
      { topic: "misspelt", configs: { "retention.m": "1" } },
      { topic: "fine.name" },
      { topic: "fine_name" },
    ],
  });

  expect(body).toMatchObject({
    topics: [
      { error: { code: "INVALID_REPLICATION_FACTOR" } },
      { error: { code: "INVALID_CONFIG", message: expect.stringContaining("retention.ms") } },
      { topic: "fine.name", numPartitions: 1 },
      { error: { code: "INVALID_TOPIC_EXCEPTION" } },
    ],
  });
});

test("after a restart everything is there, and the leader epoch has risen", async () => {
  const before = await start();
  await createTopic(before, "kept");
  await post(before, "kept", ["one", "two"]);
  const { clusterId } = before.brokers[0]!;
  await before.close();

  const after = await start();

  expect(after.brokers[0]!.clusterId).toBe(clusterId);
  expect(await read(after, "kept")).toEqual(["one", "two"]);
  expect(await post(after, "kept", ["three"])).toMatchObject({ records: [{ offset: 2 }] });
  const { body } = await callBroker(urlOf(after), "metadata");
  expect(body).toMatchObject({ topics: [{ partitions: [{ leader: 1, leaderEpoch: 1 }] }] });
});

test("a temporary cluster leaves nothing behind", async () => {
  const cluster = await startDevCluster(
    { httpPort: 0, kafkaPort: 0, zookeeperPort: 0 },
    hostDependencies({ logger: silentLogger }),
  );
  await createTopic(cluster, "t");
  expect(await readdir(cluster.dataFolder)).toEqual(["broker-1"]);

  await cluster.close();

  await expect(readdir(cluster.dataFolder)).rejects.toMatchObject({ code: "ENOENT" });
});

test("unknown topics are made where a client asks for it and the brokers let it be", async () => {
  const off = [{ from: "test", settings: { "auto.create.topics.enable": false } }];
  for (const [settings, allowAutoTopicCreation, made] of [
    [off, true, false],
    [[], false, false],
    [[], true, true],
  ] as const) {
    const cluster = await start({ settings });
    expect(await post(cluster, "new", ["x"])).toMatchObject({
      error: { code: "UNKNOWN_TOPIC_OR_PARTITION" },
    });

    const asked = { topics: ["new"], allowAutoTopicCreation };
    const { body } = await callBroker(urlOf(cluster), "metadata", asked);

    const code = "UNKNOWN_TOPIC_OR_PARTITION";
    const [topic] = (body as { topics: object[] }).topics;
    expect(topic).toMatchObject(made ? { topicId: expect.any(String) } : { error: { code } });
    await cluster.close();
  }
});

test("a port that is taken is named, and nothing stays open", async () => {
  const first = await start();
  const { port } = first.brokers[0]!.address;

  await expect(
    start({ httpPort: port, kafkaPort: 0, dataFolder: `${folder.path}/other` }),
  ).rejects.toMatchObject({
    code: "ADDRESS_IN_USE",
    message: expect.stringContaining(String(port)),
  });
});

test("a ZooKeeper that does not answer is named with its address, and nothing stays open", async () => {
  const settings = {
    "broker.id": 1,
    "data.dir": `${folder.path}/data`,
    "zookeeper.connect": "127.0.0.1:1",
    "zookeeper.connection.timeout.ms": 300,
    "http.port": 0,
    "kafka.port": 0,
  };
  const config = parseBrokerConfig([{ from: "test", settings }]);

  const started = Broker.start(config, hostDependencies({ logger: silentLogger }));

  await expect(started).rejects.toMatchObject({
    code: "CONNECT_TIMEOUT",
    message: expect.stringContaining("127.0.0.1:1"),
    hint: expect.any(String),
  });
});

test("a data folder that is in use is refused by name", async () => {
  const first = await start();
  const settings = [{ from: "test", settings: { "data.dir": `${first.dataFolder}/broker-1` } }];

  await expect(start({ dataFolder: `${folder.path}/fresh`, settings })).rejects.toMatchObject({
    code: "DATA_FOLDER_LOCKED",
  });
});

test("with a data folder of another cluster no broker begins a cluster, or joins one", async () => {
  const first = await start();
  await first.close();
  const settings = [{ from: "test", settings: { "data.dir": `${first.dataFolder}/broker-1` } }];
  const fresh = { dataFolder: `${folder.path}/fresh` };

  await expect(start({ ...fresh, settings })).rejects.toMatchObject({
    code: "INCONSISTENT_CLUSTER_ID",
    message: expect.stringContaining("/cluster/id is gone"),
  });

  const other = await start(fresh);
  expect(other.brokers[0]?.clusterId).not.toBe(first.brokers[0]?.clusterId);
  await other.close();
  await expect(start({ ...fresh, settings })).rejects.toMatchObject({
    code: "INCONSISTENT_CLUSTER_ID",
    message: expect.stringContaining("not to"),
  });
});

test("health tells when the broker serves, and metrics count what went through", async () => {
  const cluster = await start();
  await createTopic(cluster, "t");
  await post(cluster, "t", ["a", "b"]);

  const ready = await fetch(`${urlOf(cluster)}/health/ready`);
  const metrics = await (await fetch(`${urlOf(cluster)}/metrics`)).text();

  expect(await ready.json()).toEqual({ ready: true, reasons: [] });
  expect(metrics).toContain("zoolog_appended_records_total 2");
  expect(metrics).toContain("zoolog_led_partitions 1");
  expect(metrics).toContain("zoolog_is_controller 1");
  expect(metrics).toContain('zoolog_zookeeper_session_state{state="connected"} 1');
  expect(metrics).toMatch(/^zoolog_image_version [1-9]/m);
});
