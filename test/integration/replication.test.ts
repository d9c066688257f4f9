/** Records on three brokers of one process, over real sockets and files. */
import { cpSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { silentLogger } from "@zoolog/base";
import { type DevCluster, hostDependencies, startDevCluster } from "@zoolog/broker";
import { Client, serde, topic } from "@zoolog/client";
import { callBroker, type TemporaryFolder, temporaryFolder } from "@zoolog/testkit";

type Partition = { readonly leader?: number; readonly isr: readonly number[] };

type Described = {
  /** Without partitions when the broker does not know the topic. */
  readonly topics: readonly { readonly partitions?: readonly Partition[] }[];
};

let folder: TemporaryFolder;
let cluster: DevCluster;
let client: Client;

beforeEach(async () => {
  folder = await temporaryFolder();
  await start();
});

async function start(): Promise<void> {
  cluster = await startDevCluster(
    { brokers: 3, httpPort: 0, kafkaPort: 0, zookeeperPort: 0, dataFolder: folder.path },
    hostDependencies({ logger: silentLogger }),
  );
  client = new Client({ brokers: cluster.urls });
}

afterEach(async () => {
  await client.close();
  await cluster.close();
  await folder.remove();
});

/** All segments of a partition's replica on one broker. */
function bytesOf(broker: number, partition: string): Buffer {
  const path = `${folder.path}/broker-${broker}/${partition}`;
  const segments = readdirSync(path).filter((name) => name.endsWith(".log"));
  return Buffer.concat(segments.sort().map((name) => readFileSync(`${path}/${name}`)));
}

test("what acks=all acknowledged stands in all three logs, byte for byte", async () => {
  await client.admin.createTopic({
    topic: "orders",
    partitions: 6,
    replicationFactor: 3,
    configs: { "min.insync.replicas": "2" },
  });
  const orders = topic("orders", { key: serde.string(), value: serde.string() });
  const producer = client.producer({ acks: "all" });

  const sent = Array.from({ length: 600 }, (_, index) => `order ${index}`);
  await Promise.all(sent.map((value) => producer.send(orders, { key: value, value })));
  const read: (string | undefined)[] = [];
  for await (const { value } of client.read(orders)) read.push(value);

  expect(read.toSorted()).toEqual(sent.toSorted());
  await client.close();
  await cluster.close();
  for (const partition of [0, 1, 2, 3, 4, 5].map((index) => `orders-${index}`)) {
    expect(bytesOf(1, partition).length).toBeGreaterThan(0);
    expect(bytesOf(2, partition)).toEqual(bytesOf(1, partition));
    expect(bytesOf(3, partition)).toEqual(bytesOf(1, partition));
  }
});

test("a replica whose records are gone is made anew from the others, without a restart", async () => {
  await client.admin.createTopic({ topic: "orders", partitions: 1, replicationFactor: 3 });
  const orders = topic("orders", { value: serde.string() });
  const producer = client.producer({ acks: "all" });
  for (let i = 0; i < 20; i++) await producer.send(orders, { value: `order ${i}` });
  await client.close();
  // It leaves first: the last one in the ISR would be needed as it is.
  await cluster.brokers[1]!.close();
  await cluster.close();
  rmSync(`${folder.path}/broker-2/orders-0`, { recursive: true });

  await start();
  // Only a hang keeps it from coming back.
  for (let isr = 0; isr < 3; ) {
    const { body } = await callBroker(cluster.urls[0]!, "describe-topics", { topics: ["orders"] });
    isr = (body as Described).topics[0]!.partitions?.[0]?.isr.length ?? 0;
  }

  await client.close();
  await cluster.close();
  expect(bytesOf(2, "orders-0").length).toBeGreaterThan(0);
  expect(bytesOf(2, "orders-0")).toEqual(bytesOf(1, "orders-0"));
});

test("an older folder of a broker does not lead what it has not seen; the right one does again", async () => {
  // One partition on each broker, so broker 2 is the last one in the ISR of its own.
  await client.admin.createTopic({ topic: "orders", partitions: 3, replicationFactor: 1 });
  const orders = topic("orders", { value: serde.string() });
  const described = async (): Promise<readonly Partition[]> => {
    const { body } = await callBroker(cluster.urls[0]!, "describe-topics", { topics: ["orders"] });
    const { partitions } = (body as Described).topics[0]!;
    // The broker asked may hear of the topic later than the controller created it.
    return partitions ?? described();
  };
  const partition = (await described()).findIndex(({ leader }) => leader === 2);
  const produce = (value: string) =>
    client.producer({ acks: "all" }).send(orders, { value, partition });
  const restartOn = async (swap: () => void) => {
    await client.close();
    await cluster.close();
    swap();
    await start();
  };
  const path = `${folder.path}/broker-2`;
  await produce("first");
  await restartOn(() => cpSync(path, `${path}-older`, { recursive: true }));
  await produce("second");

  await restartOn(() => {
    renameSync(path, `${path}-newer`);
    renameSync(`${path}-older`, path);
  });
  expect((await described())[partition]!.leader).toBeUndefined();

  await restartOn(() => {
    rmSync(path, { recursive: true });
    renameSync(`${path}-newer`, path);
  });
  const read: (string | undefined)[] = [];
  for await (const { value } of client.read(orders)) read.push(value);
  expect(read).toEqual(["first", "second"]);
});
