/** Settings of topics and brokers that are changed while three brokers run. */
import { silentLogger } from "@zoolog/base";
import { type DevCluster, hostDependencies, startDevCluster } from "@zoolog/broker";
import { Client, serde, topic } from "@zoolog/client";
import { callBroker } from "@zoolog/testkit";
import { connectZooKeeper, type ZooKeeperClient } from "@zoolog/zookeeper";

const dependencies = hostDependencies({ logger: silentLogger });
const WAIT_MS = 20_000;
const orders = topic("orders", { value: serde.string() });

let cluster: DevCluster;
let client: Client;
let hand: ZooKeeperClient;

beforeEach(async () => {
  cluster = await startDevCluster(
    { brokers: 3, httpPort: 0, kafkaPort: 0, zookeeperPort: 0 },
    dependencies,
  );
  client = new Client({ brokers: cluster.urls });
  hand = await connectZooKeeper(
    { connectString: cluster.zookeeper, sessionTimeoutMs: 10_000, connectTimeoutMs: 20_000 },
    dependencies,
  );
});
afterEach(async () => {
  await hand.close();
  await client.close();
  await cluster.close();
});

type Change = { name: string; operation?: string; value?: string };
type Entry = { name: string; value?: string; source: string; synonyms: { source: string }[] };

const url = (broker: number): string => cluster.urls[broker - 1] ?? "";

async function alter(type: string, name: string, changes: readonly Change[], via = 1) {
  const resources = [{ type, name, changes }];
  const { status, body } = await callBroker(url(via), "alter-configs", { resources });
  expect(status).toBe(200);
  return (body as { resources: { error?: { code: string; message: string } }[] }).resources[0]
    ?.error;
}

async function describe_(type: string, name: string, key: string, via = 1): Promise<Entry> {
  const resources = [{ type, name, keys: [key] }];
  const { body } = await callBroker(url(via), "describe-configs", { resources });
  const [entry] = (body as { resources: { configs: Entry[] }[] }).resources[0]?.configs ?? [];
  if (entry === undefined) throw new Error(JSON.stringify(body));
  return entry;
}

async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + WAIT_MS;
  while (!(await isSo())) {
    if (Date.now() > deadline) throw new Error(`still not so: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function produce(count: number): Promise<void> {
  const producer = client.producer({ acks: "all", lingerMs: 0 });
  for (let i = 0; i < count; i++) await producer.send(orders, { value: "x".repeat(400) });
}

async function startOffsets(): Promise<(number | undefined)[]> {
  const answers = await Promise.all(
    cluster.urls.map((each) => callBroker(each, "describe-topics", { topics: ["orders"] })),
  );
  return answers.map(
    ({ body }) =>
      (body as { topics: { partitions: { logStartOffset?: number }[] }[] }).topics[0]?.partitions[0]
        ?.logStartOffset,
  );
}

test("retention that keeps less is applied at once, on every replica", async () => {
  await client.admin.createTopic({ topic: "orders", partitions: 1, replicationFactor: 3 });
  await alter("topic", "orders", [{ name: "segment.bytes", value: "1024" }], 2);
  await produce(20);
  expect(await startOffsets()).toEqual([0, 0, 0]);

  await alter("topic", "orders", [{ name: "retention.bytes", value: "2048" }], 3);

  await until("old segments are gone everywhere", async () =>
    (await startOffsets()).every((start) => (start ?? 0) > 10),
  );
});

test("a setting of all brokers reaches the topics that say nothing else", async () => {
  await client.admin.createTopic({
    topic: "orders",
    partitions: 1,
    replicationFactor: 3,
    configs: { "segment.bytes": "1024" },
  });
  await produce(20);

  await alter("broker", "default", [{ name: "log.retention.bytes", value: "2048" }], 2);

  await until("old segments are gone everywhere", async () =>
    (await startOffsets()).every((start) => (start ?? 0) > 10),
  );
});

test("each value says where it was set, the winner first, whichever broker is asked", async () => {
  await client.admin.createTopic({ topic: "orders", partitions: 1, replicationFactor: 3 });
  await alter("broker", "default", [{ name: "log.retention.ms", value: "70000" }]);
  await alter("broker", "2", [{ name: "log.retention.ms", value: "80000" }], 3);
  const inherited = await describe_("topic", "orders", "retention.ms", 2);
  await alter("topic", "orders", [{ name: "retention.ms", value: "90000" }]);

  expect(inherited).toMatchObject({ value: "80000", source: "broker" });
  const own = await describe_("topic", "orders", "retention.ms", 2);
  expect(own).toMatchObject({
    value: "90000",
    source: "topic",
    dynamic: true,
    sensitive: false,
    synonyms: [
      { name: "retention.ms", value: "90000", source: "topic" },
      { name: "log.retention.ms", value: "80000", source: "broker" },
      { name: "log.retention.ms", value: "70000", source: "cluster" },
      { name: "log.retention.ms", value: "604800000", source: "default" },
    ],
  });
  expect(await describe_("broker", "2", "log.retention.ms", 1)).toMatchObject({ value: "80000" });
  expect(await describe_("broker", "3", "log.retention.ms", 1)).toMatchObject({
    value: "70000",
    source: "cluster",
  });
  expect(await describe_("broker", "1", "min.insync.replicas", 2)).toMatchObject({
    value: "2",
    source: "static",
    default: "1",
  });
  expect(await describe_("broker", "default", "log.retention.ms")).toMatchObject({
    value: "70000",
    source: "cluster",
  });

  await alter("broker", "2", [{ name: "log.retention.ms", operation: "delete" }]);
  await alter("topic", "orders", [{ name: "retention.ms", operation: "delete" }], 2);
  expect(await describe_("topic", "orders", "retention.ms", 2)).toMatchObject({ value: "70000" });
});

test("what makes no sense is refused, and says what was meant", async () => {
  await client.admin.createTopic({ topic: "orders", partitions: 1, replicationFactor: 3 });
  const change = (type: string, name: string, setting: string, value: string) =>
    alter(type, name, [{ name: setting, value }], 2);

  expect(await change("topic", "orders", "retention.m", "1")).toMatchObject({
    code: "INVALID_CONFIG",
    message: expect.stringContaining('did you mean "retention.ms"?'),
  });
  expect(await change("topic", "orders", "compression.type", "lz4")).toMatchObject({
    code: "INVALID_CONFIG",
    message: expect.stringContaining("set it at the producers"),
  });
  expect(await change("topic", "orders", "retention.ms", "soon")).toMatchObject({
    code: "INVALID_CONFIG",
  });
  expect(await change("topic", "nowhere", "retention.ms", "1")).toMatchObject({
    code: "UNKNOWN_TOPIC_OR_PARTITION",
  });
  expect(await change("broker", "1", "http.port", "1")).toMatchObject({
    message: expect.stringContaining("is read when a broker starts"),
  });
  expect(await change("broker", "1", "num.partitions", "3")).toMatchObject({
    message: expect.stringContaining("is the same on all brokers"),
  });
  expect(await alter("topic", "orders", [{ name: "flush" }])).toMatchObject({
    code: "INVALID_REQUEST",
  });
});

test("what holds for all brokers holds for new topics, a limit of a topic from the next produce on", async () => {
  await client.admin.createTopic({ topic: "orders", partitions: 1, replicationFactor: 2 });
  await produce(1);

  await alter("broker", "default", [{ name: "num.partitions", value: "4" }]);
  const created = await callBroker(url(2), "create-topics", { topics: [{ topic: "many" }] });
  expect(created.body).toMatchObject({ topics: [{ numPartitions: 4 }] });
  await alter("topic", "orders", [{ name: "max.message.bytes", value: "1024" }]);

  const producer = client.producer({ acks: "all" });
  await expect(producer.send(orders, { value: "x".repeat(4_000) })).rejects.toMatchObject({
    code: expect.stringMatching(/TOO_LARGE/),
  });
});

test("a znode edited by hand takes effect; a value that makes no sense is named and changes nothing", async () => {
  await client.admin.createTopic({ topic: "orders", partitions: 1, replicationFactor: 3 });
  const write = async (config: object): Promise<void> => {
    const data = Buffer.from(JSON.stringify({ version: 1, config }));
    await hand.setData("/config/topics/orders", data);
    await hand.create("/config/changes/config_change_", Buffer.from("{}"), {
      mode: "persistentSequential",
    });
  };
  const retention = async () => (await describe_("topic", "orders", "retention.ms", 3)).value;
  const reasons = async () => {
    const answers = await Promise.all(cluster.urls.map((each) => fetch(`${each}/health/ready`)));
    return (await Promise.all(answers.map((answer) => answer.text()))).join();
  };

  await write({ "retention.ms": "123456" });
  await until("the new value holds", async () => (await retention()) === "123456");
  await write({ "retention.ms": "forever", "segment.byte": "7", flush: "fsync" });
  await until("the others hold", async () => {
    return (await describe_("topic", "orders", "flush", 2)).value === "fsync";
  });

  expect(await retention()).toBe("123456");
  await until("the fault is named", async () => (await reasons()).includes("forever"));
  expect(await reasons()).toContain("segment.byte");

  await alter("topic", "orders", [
    { name: "retention.ms", value: "5000" },
    { name: "segment.byte", operation: "delete" },
  ]);
  expect(await retention()).toBe("5000");
  await until("the fault is over", async () => !(await reasons()).includes("orders"));
});
