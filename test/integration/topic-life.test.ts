/** Topics that grow and partitions whose leaders and records are steered, on three brokers. */
import { silentLogger } from "@zoolog/base";
import { type DevCluster, hostDependencies, startDevCluster } from "@zoolog/broker";
import { Client, serde, topic } from "@zoolog/client";
import { callBroker } from "@zoolog/testkit";

const dependencies = hostDependencies({ logger: silentLogger });
const WAIT_MS = 20_000;
const orders = topic("orders", { key: serde.string(), value: serde.string() });

let cluster: DevCluster;
let client: Client;

beforeEach(async () => {
  cluster = await startDevCluster({ brokers: 3, httpPort: 0, zookeeperPort: 0 }, dependencies);
  client = new Client({ brokers: cluster.urls, metadataMaxAgeMs: 500 });
});
afterEach(async () => {
  await client.close();
  await cluster.close();
});

const url = (broker: number): string => cluster.urls[broker - 1] ?? "";

async function call(name: string, request: object, via = 1): Promise<never> {
  const { status, body } = await callBroker(url(via), name, request);
  if (status !== 200) throw new Error(`${name}: ${JSON.stringify(body)}`);
  return body as never;
}

async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + WAIT_MS;
  while (!(await isSo())) {
    if (Date.now() > deadline) throw new Error(`still not so: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

type Partition = { partition: number; leader: number; replicas: number[]; isr: number[] };

async function partitions(via = 1): Promise<Partition[]> {
  const answer = await call("describe-topics", { topics: ["orders"] }, via);
  return (answer as { topics: { partitions: Partition[] }[] }).topics[0]?.partitions ?? [];
}

test("partitions are added by any broker, spread over all, and filled by a producer that runs", async () => {
  await client.admin.createTopic({ topic: "orders", partitions: 2, replicationFactor: 2 });
  const producer = client.producer({ acks: "all" });
  await producer.send(orders, { key: "a", value: "1" });
  const more = { topics: [{ topic: "orders", count: 6 }] };

  const planned = await call("create-partitions", { ...more, validateOnly: true }, 2);
  const before = await partitions();
  const added = await call("create-partitions", more, 3);

  expect(planned).toEqual({ topics: [{ topic: "orders", numPartitions: 6 }] });
  expect(before).toHaveLength(2);
  expect(added).toEqual({ topics: [{ topic: "orders", numPartitions: 6 }] });
  const after = await partitions(3);
  expect(new Set(after.map(({ leader }) => leader))).toEqual(new Set([1, 2, 3]));
  for (const { replicas, isr } of after) expect(isr.toSorted()).toEqual(replicas.toSorted());
  const reached = new Set<number>();
  await until("the producer fills the new partitions", async () => {
    const key = `key ${Math.random()}`;
    reached.add((await producer.send(orders, { key, value: "2" })).partition);
    return reached.size === 6;
  });
});

test("fewer partitions, as many, too many and those of nobody are refused", async () => {
  await client.admin.createTopic({ topic: "orders", partitions: 3, replicationFactor: 1 });
  const refusal = async (name: string, count: number, assignments?: number[][]) => {
    const asked = { topic: name, count, ...(assignments === undefined ? {} : { assignments }) };
    const { topics } = await call("create-partitions", { topics: [asked] }, 2);
    return (topics as { error?: { code: string; message: string } }[])[0]?.error;
  };

  expect(await refusal("orders", 2)).toMatchObject({
    code: "INVALID_PARTITIONS",
    message: expect.stringContaining("has 3 partitions"),
  });
  expect(await refusal("orders", 3)).toMatchObject({ code: "INVALID_PARTITIONS" });
  expect(await refusal("orders", 10_001)).toMatchObject({ code: "INVALID_PARTITIONS" });
  expect(await refusal("nowhere", 2)).toMatchObject({ code: "UNKNOWN_TOPIC_OR_PARTITION" });
  expect(await refusal("orders", 4, [[1, 2]])).toMatchObject({
    code: "INVALID_REPLICA_ASSIGNMENT",
  });
  expect(await refusal("orders", 4, [[3]])).toBeUndefined();
  expect((await partitions())[3]).toMatchObject({ leader: 3, replicas: [3] });
});
